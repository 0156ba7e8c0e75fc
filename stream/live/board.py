"""The board: the newest update of every key, whoever published it.

Of two updates of a key the one of the greater (revision, window_end) is newer; a tombstone takes
the key away. The value of an open window that nobody has refreshed for `LASTS_MS` goes too, as in
Redis: its shard has no owner.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from sys import intern

import msgspec

from metrics import instant
from stream.live.packed import pack, unpack
from stream.live.query import Query, Segment, Series

LASTS_MS = 15 * 60_000
AT_ONCE = 1_000  # keys looked at before the loop gets its turn

_Names = dict[str, str]
_read_key = msgspec.json.Decoder(tuple[str, str, str, _Names, _Names]).decode


class Head(msgspec.Struct, frozen=True):
    """What of an update decides whether it is the newest, and for how long."""

    revision: int
    window_end: str
    as_of: str


_read_head = msgspec.json.Decoder(Head).decode


class Held(msgspec.Struct, frozen=True, gc=False):
    """An update at rest."""

    packed: bytes
    revision: int
    window_end: str
    as_of: str

    @property
    def text(self) -> bytes:
        """The update as it was published."""
        return unpack(self.packed)


class Known(msgspec.Struct, gc=False):
    """A segment, the one object of its name, and how many keys it has."""

    segment: Segment
    keys: int = 0


class Change(msgspec.Struct, frozen=True, gc=False):
    """A key of which something new is known: an update's text, or None when it is gone."""

    series: Series
    segment: Segment
    text: bytes | None


class Board:
    """Keeps what was published."""

    def __init__(self) -> None:
        self.series: dict[Series, dict[Segment, Held]] = {}
        self.turns: dict[Series, int] = {}
        """By series, how often it has changed."""
        self._known: dict[Segment, Known] = {}
        self._sorted: list[Segment] | None = None

    def __len__(self) -> int:
        return sum(map(len, self.series.values()))

    def absorb(self, key: bytes, value: bytes | None) -> Change | None:
        """Take a record; None when it says nothing new, or is not an update at all."""
        try:
            series, segment = self._name(key)
            if value is None:
                return self._remove(series, segment)
            return self._keep(series, segment, value)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None

    def _name(self, key: bytes) -> tuple[Series, Segment]:
        metric, variant, window, segment, by = _read_key(key)
        named = tuple(segment.items())
        known = self._known.get(named)
        series = Series(metric, variant, window, tuple(by.items()))
        return series, known.segment if known else named

    def _remove(self, series: Series, segment: Segment) -> Change | None:
        if self.series.get(series, {}).pop(segment, None) is None:
            return None
        known = self._known[segment]
        known.keys -= 1
        if not known.keys:
            del self._known[segment]
            self._sorted = None
        self._turn(series)
        return Change(series, segment, None)

    def _keep(self, series: Series, segment: Segment, text: bytes) -> Change | None:
        head = _read_head(text)
        segments = self.series.setdefault(series, {})
        held = segments.get(segment)
        if held and (held.revision, held.window_end) > (head.revision, head.window_end):
            return None
        if held is None:
            self._count(segment)
        end, as_of = intern(head.window_end), intern(head.as_of)
        segments[segment] = Held(pack(text), head.revision, end, as_of)
        self._turn(series)
        return Change(series, segment, text)

    def _count(self, segment: Segment) -> None:
        known = self._known.get(segment)
        if known is None:
            known = self._known[segment] = Known(segment)
            self._sorted = None
        known.keys += 1

    def _turn(self, series: Series) -> None:
        self.turns[series] = self.turns.get(series, 0) + 1

    def select(self, query: Query) -> Iterator[Held]:
        """Give what is asked for, as it is now."""
        only = query.only()
        for series, segments in list(self.series.items()):
            if query.takes(series):
                yield from _within(segments, only, query)

    def segments(self, query: Query) -> list[Segment]:
        """List the segments that a query covers, of whatever metric, in order of their values."""
        if self._sorted is None:
            self._sorted = sorted(self._known, key=_by_values)
        return list(filter(query.covers, self._sorted))

    def closed(self) -> list[str]:
        """List the closed windows that there are values of, the newest first."""
        names = {series.window for series, held in self.series.items() if series.closed and held}
        return sorted(names, reverse=True)

    async def expire(self, now: int) -> AsyncIterator[Change]:
        """Take away the open windows' values that are not refreshed any more."""
        before = instant.format(now - LASTS_MS)
        for series in [series for series in self.series if not series.closed]:
            seen = 0
            for segment, held in list(self.series[series].items()):
                if held.as_of < before and (gone := self._remove(series, segment)):
                    yield gone
                if (seen := seen + 1) % AT_ONCE == 0:
                    await asyncio.sleep(0)


def _within(segments: dict[Segment, Held], only: Segment | None, query: Query) -> Iterable[Held]:
    if only is None:
        return [held for segment, held in segments.items() if query.covers(segment)]
    return [segments[only]] if only in segments else []


def _by_values(segment: Segment) -> tuple[int, list[str]]:
    return len(segment), [value for _, value in segment]
