"""Prometheus: the values of this worker's shards as text, evaluated at the scrape.

Rendering gives way to the fold: it works segment by segment and pauses between them. Series names
and labels are those of the contract; a value without data has no series.
"""

import asyncio
import heapq
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence

import msgspec

from metrics.plan import Plan
from metrics.update import Update
from stream.agent.merge import MergeShard

PAUSE_S = 0.005  # work no longer at a stretch
HELP = {
    "margin": "Half width of the 95 % interval, in the unit of the value.",
    "samples": "Sample size of the value.",
    "target": "Configured target.",
    "benchmark": "Configured benchmark.",
}


class Selection(msgspec.Struct, frozen=True):
    """What `[prometheus]` chooses: None is all. `max_series` bounds the values exported."""

    metrics: frozenset[str] | None = None
    windows: frozenset[str] | None = None
    groupings: frozenset[str] | None = None
    max_series: int = 50_000
    min_n: int = 0

    def of(self, plan: Plan) -> Plan:
        """Leave of a plan what is chosen; groupings are named as labels name them."""
        names = self.groupings
        groupings = {one for one in plan.groupings if names is None or _label(one) in names}
        return plan.only(self.metrics, self.windows, groupings)

    def takes(self, update: Update) -> bool:
        """Say whether a value is exported: with data, not suppressed."""
        return update.value is not None and update.n >= self.min_n


class Exposition(msgspec.Struct, frozen=True):
    """The text of a scrape, and how many series `max_series` left out."""

    text: str
    hidden: int


async def render(shards: Iterable[MergeShard], selection: Selection) -> Exposition:
    """Render the values of shards as of now, in Prometheus's text format."""
    chosen: list[Update] = []
    async for updates in _evaluated(shards, selection):
        chosen += filter(selection.takes, updates)
    series = [(update, list(_series(update))) for update in chosen]
    total = sum(len(lines) for _, lines in series)
    if total > selection.max_series:
        series = heapq.nlargest(len(series), series, key=lambda pair: pair[0].n)
    families: dict[str, list[str]] = {}
    shown = 0
    for _, lines in series:
        if shown + len(lines) > selection.max_series:
            break
        shown += len(lines)
        for name, line in lines:
            families.setdefault(name, []).append(line)
    return Exposition(_text(families), total - shown)


async def _evaluated(
    shards: Iterable[MergeShard], selection: Selection
) -> AsyncIterator[list[Update]]:
    now = time.time_ns() // 1_000_000
    started = time.monotonic()
    for shard in shards:
        for updates in shard.updates(now, selection.of(shard.plan)):
            yield updates
            if time.monotonic() - started > PAUSE_S:
                await asyncio.sleep(0)
                started = time.monotonic()


def _series(update: Update) -> Iterator[tuple[str, str]]:
    """Yield each series of a value: its name, and its line."""
    labels = _labels(update)
    name = value_name(update.metric, update.unit)
    yield name, f"{name}{labels} {_number(update.value)}"
    for suffix, value in (
        ("margin", update.margin),
        ("samples", update.n),
        ("target", update.target),
        ("benchmark", update.benchmark),
    ):
        if value is not None:
            yield f"cx_{update.metric}_{suffix}", f"cx_{update.metric}_{suffix}{labels} {value}"


def value_name(metric: str, unit: str) -> str:
    """Name a metric's series: `cx_<metric>_<unit>`, the unit once."""
    return f"cx_{metric}" if metric.endswith(f"_{unit}") else f"cx_{metric}_{unit}"


def _number(value: float | int | None) -> str:
    return repr(value)


def _label(grouping: Sequence[str]) -> str:
    return ",".join(grouping) or "all"


def _labels(update: Update) -> str:
    labels = {
        "window": update.window,
        "variant": update.variant,
        "grouping": _label(update.grouping),
        **update.segment,
        **update.by,
    }
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _text(families: dict[str, list[str]]) -> str:
    parts: list[str] = []
    for name in sorted(families):
        meaning = HELP.get(name.rpartition("_")[2], "Value of a customer-experience metric.")
        parts += [f"# HELP {name} {meaning}", f"# TYPE {name} gauge", *families[name]]
    return "\n".join(parts) + "\n" if parts else ""
