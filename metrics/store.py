"""The slices of one shard: every segment's summaries on the rungs that windows need.

A delta is added once to each rung that still keeps its slice, so a late one takes the same path
as a fresh one, and a window is the sum of few tiles whatever its length. A *row* is one segment's
stretch of slices on one rung, kept packed; slices changed since the last checkpoint are open.

A delta waits until its segment is read, or has `WAITING` of them: the flushes of all source
partitions since then are added up first, so that a set of users, which costs as much to enlarge as
it is large, is enlarged once for all of them.

Memory: the packed rows, the slices changed since the last checkpoint, and two bounded caches (rows
read, totals of windows).
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest

import msgspec
from msgspec.structs import replace

from metrics import duration
from metrics.slice import Rung, Slice, Span
from metrics.slots import Slots
from metrics.summary import Slices, Summary, added, join, pack, total, unpack
from metrics.zone import Zone

CLOCKS_DIFFER = 3 * duration.HOUR
"""By how much, at most, the clocks by which windows are evaluated may differ."""

CACHED_ROWS = 500  # unpacked, some 10 kB each; more rows than that are rarely read twice in turn
WAITING = 64  # deltas of one segment that wait at most
MOST_WAITING = 4 << 20  # bytes of deltas of all segments of a shard

_FINE_FIRST = (Rung.TEN_SECONDS, Rung.FIVE_MINUTES, Rung.LOCAL_DAY, Rung.HOUR, Rung.DAY)
"""Slices of each fixed rung tile those of the rungs after it; local days, only 5 minutes do."""

_STRETCH = {
    Rung.TEN_SECONDS: duration.HOUR // 2,
    Rung.FIVE_MINUTES: 6 * duration.HOUR,
    Rung.HOUR: duration.DAY,
    Rung.DAY: 32 * duration.DAY,
    Rung.LOCAL_DAY: 32 * duration.DAY,
}
"""How much time one row holds, by rung: tens of slices, a few kilobytes."""


LARGEST = 400_000
"""Bytes of a row that is kept as one; a larger one is kept in pieces."""


class RowKey(msgspec.Struct, frozen=True, array_like=True, order=True):
    """Names one row: a segment's stretch of slices on one rung, from `start`; and its pieces."""

    rung: Rung
    start: int
    segment: str
    piece: int = 0


_NOTHING: Slices = {}
_Waiting = dict[str, list[tuple[int, Summary, int]]]  # at, delta, and its bytes


class Store:
    """Slices of one shard; `keep` says per rung how far behind the watermark they are needed."""

    def __init__(self, keep: Mapping[Rung, int], zone: Zone) -> None:
        self._keep = dict(keep)
        self._rungs = [rung for rung in _FINE_FIRST if rung in keep]
        self._zone = zone
        self._packed: dict[str, dict[tuple[Rung, int], tuple[bytes, ...]]] = {}
        self._open: dict[RowKey, Slices] = {}
        self._read: OrderedDict[RowKey, Slices] = OrderedDict()
        self._slots = Slots()
        self._waiting: tuple[_Waiting, _Waiting] = {}, {}  # counts; users
        self._backlog = 0  # bytes of what waits
        self.known: dict[str, dict[str, None]] = {}
        """Every cell and `users/<source>` that a segment ever had, in order of arrival."""
        self.watermark: int | None = None
        """What slices age by; None keeps all."""
        self.clock = 0
        """When windows were evaluated last: of what is long past then only days are kept."""
        self._expired = 0

    def __len__(self) -> int:
        """Count the rows kept."""
        self._settle_all()
        fresh = sum(
            (key.rung, key.start) not in self._packed.get(key.segment, ()) for key in self._open
        )
        return sum(map(len, self._packed.values())) + fresh

    def holds(self, tiles: Iterable[Slice]) -> bool:
        """Say whether none of these slices has left the state."""
        return all(self._is_kept(rung, start) for rung, start in tiles)

    def _is_kept(self, rung: Rung, start: int) -> bool:
        return self.watermark is None or start >= self.watermark - self._keep[rung]

    def _takes(self, rung: Rung, start: int) -> bool:
        """Say whether a slice may still be needed: closed windows, by local days, go far back."""
        is_recent = start >= self.clock - self._keep[rung] - CLOCKS_DIFFER
        return self._is_kept(rung, start) and (is_recent or rung is Rung.LOCAL_DAY)

    def lasts(self, rung: Rung, start: int) -> int:
        """Say for how much event time a slice will still be kept; negative once it has left."""
        return start + self._keep[rung] - (self.watermark or 0)

    def merge(self, segment: str, at: int, delta: Summary) -> list[str]:
        """Add a 10-second slice's delta to every rung that keeps it; return cells new here.

        The delta must not be changed afterwards.
        """
        for waiting, half in zip(self._waiting, delta.halves(), strict=True):
            if half is not None:
                held = waiting.setdefault(segment, [])
                weight = half.weight()
                held.append((at, half, weight))
                self._backlog += weight
                if len(held) >= WAITING:
                    self._settle(segment, waiting.pop(segment))
        if self._backlog >= MOST_WAITING:
            self._settle_all()
        return self._learn(segment, delta)

    def _catch_up(self, segment: str, users: bool = True) -> None:
        for waiting in self._waiting if users else self._waiting[:1]:
            if held := waiting.pop(segment, None):
                self._settle(segment, held)

    def _settle_all(self) -> None:
        for waiting in self._waiting:
            for segment in list(waiting):
                self._settle(segment, waiting.pop(segment))

    def _settle(self, segment: str, waiting: Sequence[tuple[int, Summary, int]]) -> None:
        """Add deltas that waited to the segment's slices and to its totals in use.

        What the watermark has left behind meanwhile is in no window that could still be read.
        """
        self._backlog -= sum(weight for _, _, weight in waiting)
        deltas = finer = _sums((at, delta) for at, delta, _ in waiting)
        for rung in self._rungs:  # each from the one before: users are united once for all
            slices = _sums((self._slice_start(at, rung), delta) for at, delta in finer.items())
            for start, delta in slices.items():
                if self._takes(rung, start):
                    self._add(RowKey(rung, self._row_start(start, rung), segment), start, delta)
            finer = slices if rung else finer
        self._slots.correct(segment, deltas)

    def _slice_start(self, at: int, rung: Rung) -> int:
        return at - at % rung if rung else self._zone.local_day_start(at)

    @staticmethod
    def _row_start(start: int, rung: Rung) -> int:
        return start - start % _STRETCH[rung]

    def _add(self, key: RowKey, start: int, delta: Summary) -> None:
        row = self._open.setdefault(key, {})
        held = row.get(start)
        if held is None:
            held = row[start] = self._row(key).get(start) or Summary()
        held.merge(delta)

    def _unpacked(self, key: RowKey) -> Slices:
        row: Slices = {}
        for piece in self._packed.get(key.segment, {}).get((key.rung, key.start), ()):
            join(row, unpack(piece))
        return row

    def _learn(self, segment: str, delta: Summary) -> list[str]:
        known = self.known.setdefault(segment, {})
        fresh = [name for name in delta.names() if name not in known]
        known.update(dict.fromkeys(fresh))
        return fresh

    def total(
        self,
        segment: str,
        span: Span,
        tiles: Iterable[Slice],
        slot: str | None = None,
        users: bool = True,
    ) -> Summary:
        """Add up a segment's slices; `tiles` cover the span. Users, which cost most, if wanted.

        In a `slot` it is kept, and kept true, until the slot is asked for another span.
        """
        self._catch_up(segment, users)
        if slot is None:
            return total(self._tiles(segment, tiles))
        held = self._slots.get((segment, slot), span)
        if held is None:
            held = total(self._tiles(segment, tiles))
            self._slots.put((segment, slot), span, held)
        return held

    def _tiles(self, segment: str, tiles: Iterable[Slice]) -> Iterator[Summary]:
        for rung, start in tiles:
            key = RowKey(rung, self._row_start(start, rung), segment)
            summary = self._open.get(key, _NOTHING).get(start) or self._row(key).get(start)
            if summary is not None:
                yield summary

    def _row(self, key: RowKey) -> Slices:
        """Find a row as of the last checkpoint; what is unpacked stays in the cache for a while.

        Of what is open since, the cache may know or not: so it is asked second.
        """
        row = self._read.get(key)
        if row is None:
            row = self._unpacked(key)
            if row:
                self._read[key] = row
            if len(self._read) > CACHED_ROWS:
                self._read.popitem(last=False)
        return row

    def days(self, segment: str, until: int) -> list[int]:
        """List the local days up to an instant that a segment has a slice of, by their start."""
        self._catch_up(segment)
        if Rung.LOCAL_DAY not in self._keep:
            return []
        oldest = max(0, (self.watermark or 0) - self._keep[Rung.LOCAL_DAY])
        first, step = self._row_start(oldest, Rung.LOCAL_DAY), _STRETCH[Rung.LOCAL_DAY]
        keys = [RowKey(Rung.LOCAL_DAY, at, segment) for at in range(first, until, step)]
        found = {start for key in keys for start in (*self._open.get(key, ()), *self._row(key))}
        return sorted(start for start in found if start < until)

    def checkpoint(self) -> Iterator[tuple[RowKey, bytes | None]]:
        """Pack the rows changed since the last checkpoint, one at a time; None: a piece less.

        Nothing may be merged until the iterator is exhausted.
        """
        self._settle_all()
        while self._open:
            key, changed = self._open.popitem()
            row = {**self._row(key), **changed}
            rows = self._packed.setdefault(key.segment, {})
            had = len(rows.get((key.rung, key.start), ()))
            kept = rows[key.rung, key.start] = pack(row, LARGEST)
            self._read[key] = row
            yield from zip_longest(_numbered(key, max(len(kept), had)), kept)
        while len(self._read) > CACHED_ROWS:
            self._read.popitem(last=False)

    def restore(self, key: RowKey, packed: bytes) -> None:
        """Take a row, or a piece of it, back from a checkpoint; they are not unpacked for it."""
        rows = self._packed.setdefault(key.segment, {})
        rows[key.rung, key.start] = (*rows.get((key.rung, key.start), ()), packed)

    def expire(self) -> Iterator[RowKey]:
        """Drop and name the rows that no window can need any more, all their slices being old.

        They are looked for once in the time that the shortest row holds.
        """
        mark = self.watermark or 0
        if mark < self._expired + min(_STRETCH.values()):
            return
        self._expired = mark
        for segment in list(self._packed):
            for rung, start in list(self._packed[segment]):
                if rung not in self._keep or not self._is_kept(rung, start + _STRETCH[rung]):
                    key = RowKey(rung, start, segment)
                    yield from _numbered(key, self._drop(key))

    def _drop(self, key: RowKey) -> int:
        """Drop a row; return how many pieces it had."""
        self._open.pop(key, None)
        self._read.pop(key, None)
        rows = self._packed[key.segment]
        dropped = rows.pop((key.rung, key.start))
        if not rows:
            del self._packed[key.segment]
        return len(dropped)


def _numbered(key: RowKey, count: int) -> list[RowKey]:
    """Name the pieces of a row."""
    return [replace(key, piece=number) for number in range(count)]


def _sums(deltas: Iterable[tuple[int, Summary]]) -> dict[int, Summary]:
    """Add up the deltas of each slice."""
    found: dict[int, list[Summary]] = {}
    for start, delta in deltas:
        found.setdefault(start, []).append(delta)
    return {start: _sum(held) for start, held in found.items()}


def _sum(deltas: Sequence[Summary]) -> Summary:
    return deltas[0] if len(deltas) == 1 else added(deltas)
