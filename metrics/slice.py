"""Slices: the bins of event time that state is kept in, and the ladder of their sizes.

A slice is known by its rung and its start. All times are integer milliseconds UTC, all slices
half-open: `[start, start of the next)`.
"""

from enum import IntEnum
from typing import TypeAlias

import msgspec

from metrics import duration


class Rung(IntEnum):
    """One size of slice; its value is the length in milliseconds.

    The fixed rungs divide each other and start at multiples of their length since 1970 UTC. A
    local day has no fixed length (its value is 0): ask `metrics.zone.Zone` for its ends.
    """

    LOCAL_DAY = 0
    TEN_SECONDS = 10 * duration.SECOND
    FIVE_MINUTES = 5 * duration.MINUTE
    HOUR = duration.HOUR
    DAY = duration.DAY


LADDER = (Rung.TEN_SECONDS, Rung.FIVE_MINUTES, Rung.HOUR, Rung.DAY)
"""The rungs of fixed length, finest first."""

Slice: TypeAlias = tuple[Rung, int]
"""A slice: its rung and its start."""


class Span(msgspec.Struct, frozen=True, order=True):
    """A half-open stretch of time `[start, end)`; empty when its ends are the same."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """Its duration in milliseconds."""
        return self.end - self.start

    def __contains__(self, at: int) -> bool:
        return self.start <= at < self.end


def slice_start(at: int, rung: Rung) -> int:
    """Say where the slice of a fixed rung that holds the instant starts.

    A local day has no fixed length: `ZeroDivisionError`; see `Zone.local_day_start`.

    >>> slice_start(12_345, Rung.TEN_SECONDS)
    10000
    """
    return at - at % rung


def slice_end(at: int, rung: Rung) -> int:
    """Say where the slice of a fixed rung that holds the instant ends; it is after `at`."""
    return at - at % rung + rung


def rolling_rung(length: int) -> Rung:
    """Choose the slice of a rolling window by the window's length in milliseconds.

    10 s up to 1 h, 5 min up to 24 h, 1 h up to 30 d, 1 d (UTC) beyond.

    >>> rolling_rung(24 * 3_600_000).name
    'FIVE_MINUTES'
    """
    if length <= duration.HOUR:
        return Rung.TEN_SECONDS
    if length <= duration.DAY:
        return Rung.FIVE_MINUTES
    return Rung.HOUR if length <= 30 * duration.DAY else Rung.DAY
