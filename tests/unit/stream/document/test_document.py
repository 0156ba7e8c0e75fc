"""Generated text is in the repository as it is generated now."""

from pathlib import Path

import pytest

from stream.document import ROOT, documents


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_nothing_has_drifted(path: Path) -> None:
    """If this fails: python -m stream.document."""
    assert path.read_text() == documents()[path]


def test_every_file_is_the_projects_own() -> None:
    """Renewing writes only into this repository."""
    assert all(path.is_relative_to(ROOT) for path in documents())
