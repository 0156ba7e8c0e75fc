"""The README shows the catalog as it is."""

from pathlib import Path

import pytest

from stream.document.readme import renewed

README = Path(__file__).parents[4] / "README.md"


def test_the_table_of_metrics_is_that_of_the_catalog() -> None:
    """Renewing the table changes nothing: `python -m stream.document` was run."""
    text = README.read_text()
    assert renewed(text) == text


def test_a_readme_without_marks_is_refused() -> None:
    """A table that has lost its place is not dropped in silence."""
    with pytest.raises(ValueError, match="catalog"):
        renewed("# ressenti\n")
