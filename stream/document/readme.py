"""The README's table of metrics."""

from collections.abc import Iterator

from metrics.catalog import METRICS
from metrics.metric import Metric
from stream.document.query import default

BEGIN, END = "<!-- catalog -->", "<!-- /catalog -->"


def metrics_table() -> str:
    """Write the catalog as a Markdown table."""
    return "\n".join(_rows()) + "\n"


def _rows() -> Iterator[str]:
    yield "| metric | what | unit | variants besides `default` | source |"
    yield "|---|---|---|---|---|"
    for metric in METRICS.values():
        cells = (
            f"`{metric.name}`",
            metric.title,
            default(metric).unit,
            _variants(metric),
            metric.source,
        )
        yield f"| {' | '.join(cells)} |"


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
