"""What a user reads when the command line or the configuration is wrong: as docs/errors.md says."""

from pathlib import Path

import pytest

from tests.golden.case import Case, run
from tests.golden.configuration import COMMAND_LINE, CONFIGURATION
from tests.golden.page import section, sections
from tests.golden.surroundings import CHAPTERS


@pytest.mark.parametrize("case", [*COMMAND_LINE, *CONFIGURATION], ids=lambda case: case.title)
def test_it_says_what_the_page_says(case: Case, tmp_path: Path) -> None:
    """If the new words are better: python -m tests.golden.renew."""
    assert section(case, run(case, tmp_path, {})) == sections()[case.title]


def test_the_page_has_every_case_once_and_nothing_else() -> None:
    """No message of the page is left over from a case that is gone."""
    titles = [case.title for _, cases in CHAPTERS for case in cases]
    assert len(set(titles)) == len(titles) >= 20
    assert list(sections()) == titles
