"""The board: the newest update of every key, whoever published it.

Of two updates of a key the one of the greater (revision, window_end) is newer; a tombstone takes
the key away. Two more go, as in Redis. The value of an open window that nobody has refreshed for
`LASTS_S`: its shard has no owner. And closed windows, once they have ended longer before the newest
closed one than their days are kept: the topic is their archive, the board is not.

How long a value was not refreshed is measured from when its record was read, by our monotonic
clock, so nobody's wall clock takes a value away. Only of records that were there before we read
does that say nothing. They are compared with each other: one whose `as_of` lies as far behind the
newest of all was not refreshed while others were. (The timestamp of the record would be no better
witness: it is of the publisher's clock, too.) Where two publishers' clocks differ by more, values
of the slower one are missing after a start until it refreshes them.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from sys import intern
from typing import TypeVar

import msgspec

from metrics.error import InvalidEvent
from stream.live.horizon import Horizon
from stream.live.packed import pack, unpack
from stream.live.query import Query, Segment, Series

LASTS_S = 15 * 60.0  # three times as long as it takes to refresh all
AT_ONCE = 1_000  # keys looked at before the loop gets its turn

T = TypeVar("T")
_Names = dict[str, str]
_read_key = msgspec.json.Decoder(tuple[str, str, str, _Names, _Names]).decode


class Head(msgspec.Struct, frozen=True):
    """What of an update decides whether it is the newest, and for how long."""

    revision: int
    window_end: str
    as_of: str


_read_head = msgspec.json.Decoder(Head).decode


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """When records were read, one object for all of a batch."""

    at: float
    """Seconds of the monotonic clock."""
    was_there: bool
    """Whether they had been there when reading began, for who knows how long."""


class Held(msgspec.Struct, frozen=True, gc=False):
    """An update at rest."""

    packed: bytes
    revision: int
    window_end: str
    as_of: str
    arrival: Arrival

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
    """Keeps what was published; closed windows for `kept` milliseconds before the newest."""

    def __init__(self, kept: int) -> None:
        self.series: dict[Series, dict[Segment, Held]] = {}
        self.turns: dict[Series, int] = {}
        """By series, how often it has changed."""
        self._known: dict[Segment, Known] = {}
        self._sorted: list[Segment] | None = None
        self._closed: dict[str, set[Series]] = {}  # by the window's end
        self._kept = Horizon(kept)
        self._fresh = Horizon(int(LASTS_S * 1_000))

    def __len__(self) -> int:
        return sum(map(len, self.series.values()))

    def absorb(self, key: bytes, value: bytes | None, arrival: Arrival) -> Change | None:
        """Take a record; None when it says nothing new, or is not an update at all."""
        try:
            series, segment = self._name(key)
            if value is None:
                return self._remove(series, segment)
            head = _read_head(value)
            if self._is_late(series, head, arrival):
                return None
            return self._keep(series, segment, head, (value, arrival))
        except (msgspec.MsgspecError, UnicodeDecodeError, InvalidEvent):
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

    def _is_late(self, series: Series, head: Head, arrival: Arrival) -> bool:
        """Say whether an update is too old to be kept, and learn from it what is."""
        if not series.closed:
            self._fresh.hear(head.as_of)
            return arrival.was_there and head.as_of < self._fresh.at
        self._kept.hear(head.window_end)
        return head.window_end < self._kept.at

    def _keep(
        self, series: Series, segment: Segment, head: Head, read: tuple[bytes, Arrival]
    ) -> Change | None:
        text, arrival = read
        segments = self.series.setdefault(series, {})
        held = segments.get(segment)
        if held and (held.revision, held.window_end) > (head.revision, head.window_end):
            return None
        if held and held.as_of == head.as_of and held.text == text:
            return None  # it is read once more, after a lost connection: nobody has refreshed it
        if held is None:
            self._count(segment)
        end, as_of = intern(head.window_end), intern(head.as_of)
        segments[segment] = Held(pack(text), head.revision, end, as_of, arrival)
        if series.closed:
            self._closed.setdefault(end, set()).add(series)
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

    async def expire(self, now: float) -> AsyncIterator[Change]:
        """Take away the open windows' values that are not refreshed; `now` as in `Arrival`."""
        async for series, segment in _paced(self._keys([s for s in self.series if not s.closed])):
            held = self.series[series].get(segment)  # as it is after the others' turn
            if held and self._is_left(held, now) and (gone := self._remove(series, segment)):
                yield gone

    def _is_left(self, held: Held, now: float) -> bool:
        arrival = held.arrival
        return now - arrival.at > LASTS_S or (arrival.was_there and held.as_of < self._fresh.at)

    async def forget(self) -> AsyncIterator[Change]:
        """Take away the closed windows that ended too long ago, and all that was known of them."""
        for end in sorted(end for end in self._closed if end < self._kept.at):
            ended = self._closed.pop(end)
            async for series, segment in _paced(self._keys(ended)):
                if gone := self._remove(series, segment):
                    yield gone
            for series in ended:
                self.series.pop(series, None)
                self.turns.pop(series, None)

    def _keys(self, names: Iterable[Series]) -> Iterator[tuple[Series, Segment]]:
        for series in names:
            for segment in list(self.series.get(series, ())):
                yield series, segment


async def _paced(items: Iterable[T]) -> AsyncIterator[T]:
    """Give items, and the loop its turn now and then."""
    for number, item in enumerate(items, 1):
        yield item
        if number % AT_ONCE == 0:
            await asyncio.sleep(0)


def _within(segments: dict[Segment, Held], only: Segment | None, query: Query) -> Iterable[Held]:
    if only is None:
        return [held for segment, held in segments.items() if query.covers(segment)]
    return [segments[only]] if only in segments else []


def _by_values(segment: Segment) -> tuple[int, list[str]]:
    return len(segment), [value for _, value in segment]
