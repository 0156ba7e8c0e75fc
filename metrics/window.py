"""Windows: the spans that values speak for, and the slices that a span is built from.

Rolling windows are here, calendar windows in `metrics.calendar`. All times are integer
milliseconds UTC and all spans half-open.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Protocol

import msgspec

from metrics import duration
from metrics.slice import LADDER, Rung, Slice, Span, rolling_rung, slice_end, slice_start
from metrics.zone import Zone

_UTC = Zone()


class WindowError(ValueError):
    """A window that cannot be; the message says what was given and what is expected."""


class Window(Protocol):
    """What every window offers: its name, its spans as of an instant, and their slices."""

    @property
    def name(self) -> str:
        """Its one name, as published: `24h`, `today`, `day:2026-11-21`."""

    @property
    def rung(self) -> Rung:
        """The slice by which its end moves on."""

    def span(self, as_of: int) -> Span:
        """Give the time that its value speaks for."""

    def previous(self, as_of: int) -> Span:
        """Give the time that its value is compared with."""

    def cover(self, span: Span) -> tuple[Slice, ...]:
        """List the slices that tile one of its spans exactly, in order of time."""

    def reach(self) -> dict[Rung, int]:
        """Say how far before as-of the slices of its spans start, in milliseconds, by rung."""


class Rolling(msgspec.Struct, frozen=True):
    """A window of fixed length that ends with the slice that holds as-of.

    `length` is in milliseconds and a multiple of the window's slice, else `WindowError`.

    >>> Rolling.parse("1440m").name
    '24h'
    """

    length: int

    def __post_init__(self) -> None:
        """Refuse a length that its slices cannot tile."""
        if self.length <= 0 or self.length % self.rung:
            raise WindowError(
                f"a rolling window of {self.name} is not a multiple of its slice, "
                f"{duration.name(self.rung)}"
            )

    @classmethod
    def parse(cls, text: str) -> "Rolling":
        """Read a window such as `24h`; raises `DurationError` or `WindowError`."""
        return cls(duration.parse(text))

    @property
    def name(self) -> str:
        """Its one name: the length in its largest unit, but `24h`."""
        return duration.name(self.length)

    @property
    def rung(self) -> Rung:
        """The slice by which it moves on."""
        return rolling_rung(self.length)

    @property
    def rungs(self) -> tuple[Rung, ...]:
        """Its own rung and the coarser ones of which it always holds a whole slice."""
        return tuple(
            rung for rung in LADDER if rung == self.rung or self.rung < rung <= self.length // 2
        )

    def span(self, as_of: int) -> Span:
        """End at the end of the slice that holds as-of."""
        end = slice_end(as_of, self.rung)
        return Span(end - self.length, end)

    def previous(self, as_of: int) -> Span:
        """Give the span of the same length just before."""
        start = self.span(as_of).start
        return Span(start - self.length, start)

    def cover(self, span: Span) -> tuple[Slice, ...]:
        """Tile a span whose ends are multiples of the window's slice."""
        return cover(span, self.rungs)

    def reach(self) -> dict[Rung, int]:
        """Reach back to the start of the previous window."""
        return dict.fromkeys(self.rungs, 2 * self.length)


@lru_cache(maxsize=1024)
def cover(span: Span, rungs: tuple[Rung, ...], zone: Zone = _UTC) -> tuple[Slice, ...]:
    """Tile a span with slices, each the coarsest that fits, in order of time; cached.

    `rungs` from fine to coarse, each boundary of a rung being one of the finer; `zone` is that of
    local days. Raises `WindowError` for ends that are not boundaries of the finest rung.

    >>> [rung.name for rung, start in cover(Span(590_000, 910_000), LADDER)]
    ['TEN_SECONDS', 'FIVE_MINUTES', 'TEN_SECONDS']
    """
    return tuple(_tiles(span, rungs, zone))


def _tiles(span: Span, rungs: tuple[Rung, ...], zone: Zone) -> Iterator[Slice]:
    """Put the whole slices of the coarsest rung in the middle, finer ones on either side."""
    if span.length <= 0:
        return
    if not rungs:
        raise WindowError(f"{span} does not start and end with a slice of its window")
    *finer, coarsest = rungs
    starts = _starts(span, coarsest, zone)
    low, high = (starts[0], starts[-1]) if starts else (span.end, span.end)
    yield from _tiles(Span(span.start, low), tuple(finer), zone)
    yield from ((coarsest, start) for start in starts[:-1])
    yield from _tiles(Span(high, span.end), tuple(finer), zone)


def _starts(span: Span, rung: Rung, zone: Zone) -> list[int]:
    """List the boundaries of a rung from the start of a span to its end, both included."""
    if rung is Rung.LOCAL_DAY:
        return [day for day in zone.local_days(span.start, span.end + 1) if day >= span.start]
    first = slice_start(span.start + rung - 1, rung)
    return list(range(first, span.end + 1, rung))


def retention(windows: Iterable[Window], slack: int) -> dict[Rung, int]:
    """Say how long slices are kept, in milliseconds of event time, for each rung in use.

    A slice is kept while start >= watermark - retention, so that every window and its previous
    one are whole at any as-of >= watermark - slack. The slack is the allowed lateness (and the
    future skew, where the watermark may be ahead of as-of). Local days, which closed windows are
    corrected from, stay as long as the longest window and its previous one.
    """
    kept: dict[Rung, int] = {}
    for window in windows:
        for rung, reach in window.reach().items():
            kept[rung] = max(kept.get(rung, 0), reach + slack)
    if Rung.LOCAL_DAY in kept:
        kept[Rung.LOCAL_DAY] = max(kept.values())
    return kept
