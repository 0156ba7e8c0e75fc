"""Text made from the catalog and the settings; `python -m stream.document` renews all of it."""

from pathlib import Path

from stream.document import board, readme, rule
from stream.settings import reference

ROOT = Path(__file__).parents[2]


def documents() -> dict[Path, str]:
    """Make every generated text, by the file that it is in."""
    page = ROOT / "README.md"
    return {
        page: readme.renewed(page.read_text()),
        ROOT / "docs/configuration.md": reference.render(),
        ROOT / "deploy/grafana/overview.json": board.render(),
        ROOT / "deploy/prometheus/rules.yaml": rule.render(),
    }
