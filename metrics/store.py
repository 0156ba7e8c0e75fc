"""The slices of one shard: every segment's summaries on the rungs that windows need.

A delta is added once to each rung that still keeps its slice, so a late one takes the same path
as a fresh one, and a window is the sum of few tiles whatever its length. A *row* is one segment's
stretch of slices on one rung, kept packed; slices changed since the last checkpoint are open.

A delta waits until its segment is read, or has `WAITING` of them: the flushes of all source
partitions since then are added up first, so that a set of users, which costs as much to enlarge as
it is large, is enlarged once for all of them.

Memory: that of its rows, and a bounded cache of totals of windows.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from metrics import duration
from metrics.row import RowKey
from metrics.rows import Rows
from metrics.slice import Rung, Slice, Span
from metrics.slots import Slots
from metrics.summary import Summary, added, total
from metrics.zone import Zone

CLOCKS_DIFFER = 3 * duration.HOUR
"""By how much, at most, the clocks by which windows are evaluated may differ."""

WAITING = 64  # deltas of one segment that wait at most
MOST_WAITING = 4 << 20  # bytes of deltas of all segments of a shard
_OBJECTS = 400  # bytes of the objects of a delta that waits, besides what is in it

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

_Waiting = dict[str, list[tuple[int, Summary, int]]]  # at, delta, and its bytes


class Store:
    """Slices of one shard; `keep` says per rung how far behind the watermark they are needed."""

    def __init__(self, keep: Mapping[Rung, int], zone: Zone) -> None:
        self._zone = zone
        self._day = Rung.DAY if zone == Zone() else Rung.LOCAL_DAY
        """What local days are kept as: those of UTC are days."""
        self._keeps_local_days = Rung.LOCAL_DAY in keep
        self._keep: dict[Rung, int] = {}
        for asked, behind in keep.items():
            rung = asked or self._day
            self._keep[rung] = max(self._keep.get(rung, 0), behind)
        self._rungs = [rung for rung in _FINE_FIRST if rung in self._keep]
        self._rows = Rows()
        self._slots = Slots()
        self._waiting: tuple[_Waiting, _Waiting] = {}, {}  # counts; users
        self._backlog = 0  # bytes of what waits
        self.known: dict[str, dict[str, None]] = {}
        """Every cell and `users/<source>` that a segment ever had, in order of arrival."""
        self.watermark: int | None = None
        """What slices age by; None keeps all."""
        self.clock = 0
        """When windows were evaluated last: of what is long past then only days are kept."""

    def __len__(self) -> int:
        """Count the rows kept."""
        self._settle_all()
        return len(self._rows)

    def holds(self, tiles: Iterable[Slice]) -> bool:
        """Say whether none of these slices has left the state."""
        return all(self._is_kept(rung or self._day, start) for rung, start in tiles)

    def _is_kept(self, rung: Rung, start: int) -> bool:
        return self.watermark is None or start >= self.watermark - self._keep[rung]

    def _takes(self, rung: Rung, start: int) -> bool:
        """Say whether a slice may still be needed: closed windows, by local days, go far back."""
        is_recent = start >= self.clock - self._keep[rung] - CLOCKS_DIFFER
        return self._is_kept(rung, start) and (is_recent or self._is_local_day(rung))

    def _is_local_day(self, rung: Rung) -> bool:
        return self._keeps_local_days and rung is self._day

    def lasts(self, rung: Rung, start: int) -> int:
        """Say for how much event time a slice will still be kept; negative once it has left."""
        return start + self._keep[rung or self._day] - (self.watermark or 0)

    def merge(self, segment: str, at: int, delta: Summary) -> list[str]:
        """Add a 10-second slice's delta to every rung that keeps it; return cells new here.

        The delta must not be changed afterwards.
        """
        for waiting, half in zip(self._waiting, delta.halves(), strict=True):
            if half is not None:
                held = waiting.setdefault(segment, [])
                weight = _OBJECTS + half.weight()
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
                    self._rows.add(_row_key(rung, start, segment), start, delta)
            finer = slices if rung else finer
        self._slots.correct(segment, deltas)

    def _slice_start(self, at: int, rung: Rung) -> int:
        return at - at % rung if rung else self._zone.local_day_start(at)

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
            summary = self._rows.get(_row_key(rung or self._day, start, segment), start)
            if summary is not None:
                yield summary

    def days(self, segment: str, until: int) -> list[int]:
        """List the local days up to an instant that a segment has a slice of, by their start."""
        self._catch_up(segment)
        if not self._keeps_local_days:
            return []
        oldest = max(0, (self.watermark or 0) - self._keep[self._day])
        first, step = oldest - oldest % _STRETCH[self._day], _STRETCH[self._day]
        keys = [RowKey(self._day, at, segment) for at in range(first, until, step)]
        return sorted(day for key in keys for day in self._rows.starts(key) if day < until)

    def checkpoint(self) -> Iterator[tuple[RowKey, bytes | None]]:
        """Pack the rows changed since the last checkpoint, one at a time; None: a piece less.

        Nothing may be merged until the iterator is exhausted.
        """
        self._settle_all()
        yield from self._rows.checkpoint()

    def restore(self, key: RowKey, packed: bytes) -> None:
        """Take a row, or a piece of it, back from a checkpoint."""
        self._rows.restore(key, packed)

    def expire(self) -> Iterator[RowKey]:
        """Drop and name the rows that no window can need any more, all their slices being old."""
        return self._rows.expire(self._is_old)

    def _is_old(self, rung: Rung, start: int) -> bool:
        return rung not in self._keep or not self._is_kept(rung, start + _STRETCH[rung])


def _row_key(rung: Rung, start: int, segment: str) -> RowKey:
    """Name the row that holds a slice."""
    return RowKey(rung, start - start % _STRETCH[rung], segment)


def _sums(deltas: Iterable[tuple[int, Summary]]) -> dict[int, Summary]:
    """Add up the deltas of each slice."""
    found: dict[int, list[Summary]] = {}
    for start, delta in deltas:
        found.setdefault(start, []).append(delta)
    return {start: _sum(held) for start, held in found.items()}


def _sum(deltas: Sequence[Summary]) -> Summary:
    return deltas[0] if len(deltas) == 1 else added(deltas)
