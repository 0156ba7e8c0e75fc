"""`ressenti catalog`: what can be computed."""

import click

from metrics.catalog import METRICS
from metrics.metric import Metric


@click.command(epilog="Example: ressenti catalog", short_help="List what can be computed.")
def catalog() -> None:
    """List the metrics, their variants, units and sources."""
    for metric in METRICS.values():
        click.echo(_described(metric))


def _described(metric: Metric) -> str:
    variants = ", ".join(f"{variant.name} ({variant.unit})" for variant in metric.variants)
    return (
        f"{metric.name}: {metric.title}\n"
        f"  variants  {variants}\n"
        f"  inputs    {', '.join(metric.inputs)}\n"
        f"  source    {metric.source}"
    )
