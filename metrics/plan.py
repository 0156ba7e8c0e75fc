"""The plan: which metrics, variants, groupings and windows are computed, and how events count.

It is all that the core needs to know of the configuration, already checked; times are whole
milliseconds. The same plan drives live workers and replays.
"""

from collections.abc import Container, Iterable

import msgspec
from msgspec import structs

from metrics import duration
from metrics.admission import Bounds
from metrics.calendar import Calendar, Open, Unit
from metrics.cap import Cap, share
from metrics.metric import Metric, Variant
from metrics.scale import FAMILY, Rules
from metrics.segment import Grouping, RollUp, by_grouping
from metrics.slice import Rung
from metrics.store import CLOCKS_DIFFER
from metrics.window import Rolling, Window, retention

ENTITY_INPUTS = ("ticket_closures", "subscription_events")
"""Inputs whose events are applied to an entity, and late only when that is forgotten."""


class Choice(msgspec.Struct, frozen=True):
    """One metric as configured: its variants, its rules for scores, its windows."""

    metric: Metric
    variants: tuple[Variant, ...]
    rules: Rules
    windows: tuple[Window, ...]


class Plan(msgspec.Struct, frozen=True):
    """What to compute. `thin_below` and `min_n` are numbers of samples.

    Scores are read by `unused` rules, too: those of metrics that are not computed.
    `allow` names segments: those that alone are kept apart in their groupings. Of every other
    grouping at most `max_segments` are.
    """

    calendar: Calendar = Calendar()
    dimensions: tuple[str, ...] = ()
    groupings: tuple[Grouping, ...] = ((),)
    choices: tuple[Choice, ...] = ()
    unused: tuple[Rules, ...] = ()
    max_segments: int = 10_000
    allow: tuple[str, ...] = ()
    allowed_lateness: int = 10 * duration.MINUTE
    future_skew: int = 5 * duration.MINUTE
    dedupe_for: int = duration.DAY
    entities_for: int = 400 * duration.DAY
    responses_for: int = 35 * duration.DAY
    thin_below: int = 30
    min_n: int = 0
    targets: dict[str, float] = {}
    benchmarks: dict[str, float] = {}

    def only(
        self,
        metrics: Container[str] | None = None,
        windows: Container[str] | None = None,
        groupings: Container[Grouping] | None = None,
    ) -> "Plan":
        """Leave of it what is named; None leaves all."""
        choices = (
            structs.replace(
                choice,
                windows=tuple(w for w in choice.windows if windows is None or w.name in windows),
            )
            for choice in self.choices
            if metrics is None or choice.metric.name in metrics
        )
        return structs.replace(
            self,
            choices=tuple(choice for choice in choices if choice.windows),
            groupings=tuple(g for g in self.groupings if groupings is None or g in groupings),
        )

    def counts_users(self) -> bool:
        """Say whether any metric does."""
        return any(choice.metric.counts_users for choice in self.choices)

    def windows(self) -> tuple[Window, ...]:
        """List every window that some metric has, once."""
        return tuple(dict.fromkeys(window for choice in self.choices for window in choice.windows))

    def units(self) -> tuple[Unit, ...]:
        """List the units whose closed windows are published."""
        return tuple(window.unit for window in self.windows() if isinstance(window, Open))

    def roll_up(self) -> RollUp:
        """Make the way from leaves to segments."""
        return RollUp(self.dimensions, self.groupings, self.allow)

    def cap(self, number: int = 0, shards: int = 1) -> Cap:
        """Make the cap of one of the shards."""
        return Cap(share(self.max_segments, number, shards), by_grouping(self.allow))

    def keep(self) -> dict[Rung, int]:
        """Say how far behind the shard's watermark slices are kept, by rung."""
        return retention(self.windows(), self.allowed_lateness + self.future_skew)

    def keep_days(self) -> int:
        """Say how far back local days are kept, of which closed windows are made; 0: not at all."""
        return self.keep().get(Rung.LOCAL_DAY, 0)

    def fine(self) -> int | None:
        """Say for how long events are told apart by 10 seconds; after that, by 5 minutes.

        In milliseconds before the time by which windows are evaluated, clocks that differ allowed
        for: what is older is in no window of that resolution any more. None: never.
        """
        reach = self.keep().get(Rung.TEN_SECONDS)
        return None if reach is None else reach + CLOCKS_DIFFER

    def bounds(self, topic: str) -> Bounds:
        """Say how far an event of an input may stray."""
        late = self.entities_for if topic in ENTITY_INPUTS else self.allowed_lateness
        return Bounds(late, self.dedupe_for)

    def remembered_for(self, topic: str) -> int:
        """Say how long the entities of an input can be corrected."""
        return self.entities_for if topic in ENTITY_INPUTS else self.responses_for

    def rules(self) -> dict[str, Rules]:
        """Give the rules of every family of scores; without any they are plain."""
        chosen = {one.family: one for one in (*self.unused, *(one.rules for one in self.choices))}
        return {family: chosen.get(family, Rules(family)) for family in FAMILY.values()}

    def inputs(self) -> frozenset[str]:
        """Name the inputs that some metric reads."""
        return frozenset(name for choice in self.choices for name in choice.metric.inputs)


def windows_of(metric: Metric, configured: Iterable[Window]) -> tuple[Window, ...]:
    """Add a metric's own windows to the configured ones."""
    own = (Rolling.parse(name) for name in metric.windows)
    return tuple(dict.fromkeys((*configured, *own)))
