"""The configuration reference: as it is in the repository, and true."""

import tomllib
from pathlib import Path

from stream.settings.load import resolve
from stream.settings.reference import EXAMPLE, render
from stream.settings.root import Settings
from stream.settings.section import keys

FILE = Path(__file__).parents[4] / "docs" / "configuration.md"


def test_the_reference_is_up_to_date() -> None:
    """If this fails: python -m stream.document."""
    assert FILE.read_text() == render()


def test_every_key_is_in_the_reference() -> None:
    """The tables leave nothing out."""
    for name, _ in keys(Settings):
        assert f"| `{name}` |" in render() or name == "metrics"


def test_the_example_is_right() -> None:
    """What users copy has no fault, and says what it seems to."""
    settings = resolve(tomllib.loads(EXAMPLE), {})
    assert settings.topics.inputs().keys() == {"survey_answers", "ticket_closures"}
    assert settings.targets == {"nps": 40}


def test_defaults_are_written_so_that_they_can_be_read() -> None:
    """Each default of the tables, put into a file, gives the settings without a file."""
    tables: dict[str, dict[str, object]] = {"": {}}
    for line in render().splitlines():
        cells = line.split(" | ")
        if not line.startswith("| `") or len(cells) != 4 or "<metric>" in line or "redis" in line:
            continue
        section, _, name = cells[0].strip("|` ").rpartition(".")
        if cells[2] != "none":
            tables.setdefault(section, {})[name] = tomllib.loads(f"x = {cells[2].strip('`')}")["x"]
    assert len(tables) > 7
    assert resolve({**tables.pop(""), **tables}, {}) == Settings()
