"""The rows of one shard: packed at rest; the slices that change are open.

Memory: the packed rows; at most `MOST_OPEN` open slices, beyond which a row that changes is packed
at once; and a cache of rows that were read.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from itertools import zip_longest

from msgspec.structs import replace

from metrics.row import RowKey, Slices, join, pack
from metrics.slice import Rung
from metrics.summary import Summary

CACHED = 100  # unpacked rows, some 10 kB each; more than that are rarely read twice in turn
MOST_OPEN = 25_000  # slices, some 700 bytes each, more where users are many

LARGEST = 400_000
"""Bytes of a row that is kept as one; a larger one is kept in pieces."""

_NOTHING: Slices = {}
_Stretch = tuple[Rung, int, int]  # rung, start, piece
_NONE: dict[str, bytes] = {}


class Rows:
    """Slices by row; what changed since the last checkpoint is known."""

    def __init__(self) -> None:
        self._packed: dict[_Stretch, dict[str, bytes]] = {}  # by segment
        self._segments: dict[str, str] = {}  # one text for all rows of a segment
        self._open: dict[RowKey, Slices] = {}
        self._slices = 0  # that are open
        self._changed: dict[RowKey, int] = {}  # packed since; of how many pieces the topic knows
        self._read: OrderedDict[RowKey, Slices] = OrderedDict()

    def __len__(self) -> int:
        packed = sum(len(held) for (_, _, piece), held in self._packed.items() if not piece)
        return packed + sum(not self._pieces(key) for key in self._open)

    def get(self, key: RowKey, start: int) -> Summary | None:
        """Find a slice, which must not be changed."""
        return self._open.get(key, _NOTHING).get(start) or self._row(key).get(start)

    def starts(self, key: RowKey) -> set[int]:
        """List the slices of a row by their start."""
        return {*self._open.get(key, ()), *self._row(key)}

    def add(self, key: RowKey, start: int, delta: Summary) -> None:
        """Add to a slice, which is open from now on."""
        row = self._open.setdefault(key, {})
        held = row.get(start)
        if held is None:
            held = row[start] = self._row(key).get(start) or Summary()
            self._slices += 1
        held.merge(delta)
        if self._slices > MOST_OPEN:
            self._close(key)  # segments change in turn: the one that just did is the last to again

    def _row(self, key: RowKey) -> Slices:
        """Find a row as it was packed; what is unpacked stays in the cache for a while.

        Of what is open since, the cache may know or not: so it is asked second.
        """
        row = self._read.get(key)
        if row is None:
            row = join(self._pieces(key))
            if row:
                self._cache(key, row)
        return row

    def _cache(self, key: RowKey, row: Slices) -> None:
        self._read[key] = row
        if len(self._read) > CACHED:
            self._read.popitem(last=False)

    def _pieces(self, key: RowKey) -> list[bytes]:
        found: list[bytes] = []
        while one := self._packed.get((key.rung, key.start, len(found)), _NONE).get(key.segment):
            found.append(one)
        return found

    def _close(self, key: RowKey) -> None:
        """Pack a row that is open."""
        changed = self._open.pop(key)
        self._slices -= len(changed)
        row = {**self._row(key), **changed}
        before, after = self._pieces(key), pack(row, LARGEST)
        self._changed.setdefault(key, len(before))
        for piece, one in enumerate(after):
            self.restore(replace(key, piece=piece), one)
        for piece in range(len(after), len(before)):
            del self._packed[key.rung, key.start, piece][key.segment]
        self._cache(key, row)

    def checkpoint(self) -> Iterator[tuple[RowKey, bytes | None]]:
        """Pack the rows changed since the last checkpoint, one at a time; None: a piece less.

        Nothing may be added until the iterator is exhausted.
        """
        for key in list(self._open):
            self._close(key)
            yield from self._told(key)
        for key in list(self._changed):
            yield from self._told(key)

    def _told(self, key: RowKey) -> Iterator[tuple[RowKey, bytes | None]]:
        had, pieces = self._changed.pop(key), self._pieces(key)
        numbered = [replace(key, piece=piece) for piece in range(max(had, len(pieces)))]
        return zip_longest(numbered, pieces)

    def restore(self, key: RowKey, packed: bytes) -> None:
        """Take a row, or a piece of it, back from a checkpoint; they are not unpacked for it."""
        held = self._packed.setdefault((key.rung, key.start, key.piece), {})
        held[self._segments.setdefault(key.segment, key.segment)] = packed

    def expire(self, is_old: Callable[[Rung, int], bool]) -> Iterator[RowKey]:
        """Drop and name the pieces of the rows whose rung and start say that they are old.

        To be called when a checkpoint is exhausted: then no row is open, and the topic knows all.
        """
        for rung, start, piece in [one for one in self._packed if is_old(*one[:2])]:
            for segment in self._packed.pop((rung, start, piece)):
                key = RowKey(rung, start, segment)
                self._read.pop(key, None)
                yield replace(key, piece=piece)
