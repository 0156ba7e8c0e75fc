"""Updates: one published value with how sure it is, the same on every sink."""

from collections.abc import Sequence
from typing import Self

import msgspec

from metrics import instant
from metrics.metric import By, Value
from metrics.slice import Span


class Update(msgspec.Struct, frozen=True):
    """One value of (metric, variant, window, segment, by), as the contract names its fields."""

    schema: int
    metric: str
    variant: str
    window: str
    grouping: list[str]
    segment: dict[str, str]
    by: dict[str, str]
    value: float | int | None
    unit: str
    n: int
    margin: float | None
    low: float | None
    high: float | None
    status: str
    window_start: str
    window_end: str
    as_of: str
    revision: int
    parts: dict[str, int]
    previous: float | int | None
    change: float | int | None
    target: float | int | None
    benchmark: float | int | None

    def key(self) -> str:
        """Name what this is a value of: the record key on `cx.metrics`."""
        return _key(
            [self.metric, self.variant, self.window, _ordered(self.segment), _ordered(self.by)]
        ).decode()

    def is_closed(self) -> bool:
        """Say whether its window is a closed one: a whole unit of the calendar."""
        return ":" in self.window

    def content(self) -> tuple[object, ...]:
        """Give what must change for an update to be published again."""
        return (
            *(self.value, self.n, self.margin, self.low, self.high, self.status),
            tuple(self.parts.items()),
            *(self.previous, self.change, self.target, self.benchmark),
        )


_key = msgspec.json.Encoder().encode
encode = msgspec.json.Encoder().encode


def _ordered(names: dict[str, str]) -> dict[str, str]:
    return dict(sorted(names.items())) if len(names) > 1 else names


class Stamp(msgspec.Struct, frozen=True):
    """When an update is made and of what: the same for all values of one window and segment."""

    window: str
    start: str
    end: str
    as_of: str
    revision: int
    grouping: list[str]
    segment: dict[str, str]

    @classmethod
    def of(
        cls, window: str, span: Span, as_of: int, revision: int, pairs: Sequence[tuple[str, str]]
    ) -> Self:
        """Write the times out, once for all values."""
        return cls(
            window,
            instant.format(span.start),
            instant.format(span.end),
            instant.format(as_of),
            revision,
            [name for name, _ in pairs],
            dict(pairs),
        )


class Standing(msgspec.Struct, frozen=True):
    """What stands around a value: its name, what it is compared with, and its status."""

    metric: str
    variant: str
    unit: str
    by: By
    status: str
    previous: float | int | None
    target: float | None
    benchmark: float | None


def make(value: Value, stamp: Stamp, standing: Standing) -> Update:
    """Put a lowered value, its time and its surroundings together."""
    interval = value.interval
    previous = standing.previous
    known = value.value is not None and previous is not None
    return Update(
        schema=1,
        metric=standing.metric,
        variant=standing.variant,
        window=stamp.window,
        grouping=stamp.grouping,
        segment=stamp.segment,
        by=dict(standing.by),
        value=value.value,
        unit=standing.unit,
        n=value.n,
        margin=interval.margin if interval else None,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        status=standing.status,
        window_start=stamp.start,
        window_end=stamp.end,
        as_of=stamp.as_of,
        revision=stamp.revision,
        parts=value.parts,
        previous=previous,
        change=value.value - previous if known else None,  # type: ignore[operator] # both known
        target=standing.target,
        benchmark=standing.benchmark,
    )
