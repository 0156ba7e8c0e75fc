"""Which values are asked for: every condition that is given must hold.

A condition on a dimension selects the segments that have it with that value, whatever else they
are split by: `region=fr` is all of France, whole and by product. A grouping pins that down.
"""

from collections.abc import Iterable

import msgspec

Segment = tuple[tuple[str, str], ...]
"""Dimensions and values in the order of the dimensions' names, as in the key of a record."""


class Series(msgspec.Struct, frozen=True):
    """What differs between the values of one segment."""

    metric: str
    variant: str
    window: str
    by: Segment = ()

    @property
    def closed(self) -> bool:
        """Whether its window is over, so that nobody refreshes it: `day:2026-11-21`."""
        return ":" in self.window


class Condition(msgspec.Struct, frozen=True):
    """One of these values under this name."""

    name: str
    values: frozenset[str]

    def holds(self, pairs: Iterable[tuple[str, str]]) -> bool:
        """Say whether one of the pairs meets it."""
        return any(name == self.name and value in self.values for name, value in pairs)


class Query(msgspec.Struct, frozen=True):
    """Conditions; None and empty are no condition. Equal queries select the same."""

    metrics: frozenset[str] | None = None
    variants: frozenset[str] | None = None
    windows: frozenset[str] | None = None
    groupings: frozenset[tuple[str, ...]] | None = None
    """Groupings as the sorted names of their dimensions."""
    by: tuple[Condition, ...] = ()
    dimensions: tuple[Condition, ...] = ()

    def takes(self, series: Series) -> bool:
        """Say whether values of a series are asked for."""
        return (
            (self.metrics is None or series.metric in self.metrics)
            and (self.variants is None or series.variant in self.variants)
            and (self.windows is None or series.window in self.windows)
            and all(condition.holds(series.by) for condition in self.by)
        )

    def covers(self, segment: Segment) -> bool:
        """Say whether values of a segment are asked for."""
        return (
            self.groupings is None or tuple(name for name, _ in segment) in self.groupings
        ) and all(condition.holds(segment) for condition in self.dimensions)

    def only(self) -> Segment | None:
        """Give the one segment that can be covered, None where there may be several."""
        if self.groupings is None or len(self.groupings) != 1:
            return None
        (grouping,) = self.groupings
        single = {one.name: min(one.values) for one in self.dimensions if len(one.values) == 1}
        if not len(grouping) == len(single) == len(self.dimensions):
            return None
        if any(name not in single for name in grouping):
            return None
        return tuple((name, single[name]) for name in grouping)
