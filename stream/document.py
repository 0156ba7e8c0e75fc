"""The text made from the catalog: the README's table of metrics.

`python -m stream.document` renews it.
"""

from collections.abc import Iterator
from pathlib import Path

from metrics.catalog import METRICS
from metrics.metric import Metric

BEGIN, END = "<!-- catalog -->", "<!-- /catalog -->"


def metrics_table() -> str:
    """Write the catalog as a Markdown table."""
    return "\n".join(_rows()) + "\n"


def _rows() -> Iterator[str]:
    yield "| metric | what | unit | variants besides `default` | source |"
    yield "|---|---|---|---|---|"
    for metric in METRICS.values():
        cells = (f"`{metric.name}`", metric.title, _unit(metric), _variants(metric), metric.source)
        yield f"| {' | '.join(cells)} |"


def _unit(metric: Metric) -> str:
    return next(variant.unit for variant in metric.variants if variant.name == "default")


def _variants(metric: Metric) -> str:
    others = [variant.name for variant in metric.variants if variant.name != "default"]
    return ", ".join(f"`{name}`" for name in others) or "none"


def renewed(readme: str) -> str:
    """Put the present table between the marks of a README; raises `ValueError` without them."""
    before, _, rest = readme.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise ValueError(f"the README has no {BEGIN} ... {END}")
    return f"{before}{BEGIN}\n{metrics_table()}{END}{after}"


if __name__ == "__main__":
    path = Path(__file__).parent.parent / "README.md"
    path.write_text(renewed(path.read_text()))
