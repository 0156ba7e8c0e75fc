"""Events that stand alone, gathered as columns of numbers until they are rolled up to segments.

Gathering an event costs some array cells. Rolling up sorts all that was gathered by slice, segment
and cell, or user, at once: what an event costs then hardly depends on how many segments it is in.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from metrics.accumulator.distinct import Distinct, Hashes
from metrics.columns import Columns
from metrics.segment import Leaf, RollUp
from metrics.slice import Rung

Value = TypeVar("Value")
Numbers = NDArray[np.int64]

_SLICE, _COARSE = int(Rung.TEN_SECONDS), int(Rung.FIVE_MINUTES)


class _Codes(dict[Value, int]):
    """A number for every value, in order of arrival."""

    def __missing__(self, value: Value) -> int:
        self[value] = number = len(self)
        return number


class Gathered:
    """What was added since it was last taken; about 32 bytes an event, `size` events."""

    def __init__(self, roll_up: RollUp) -> None:
        self._roll_up = roll_up
        self._clear()

    def _clear(self) -> None:
        self.size = 0
        self._leaves: _Codes[Leaf] = _Codes()
        self._cells: _Codes[str | None] = _Codes({None: 0})
        self._parts: list[tuple[Numbers, Numbers, Numbers, Hashes]] = []

    def add(self, columns: Columns) -> None:
        """Add the events of all rows."""
        count = len(columns.ats)
        if not count:
            return
        leaves, cells = self._leaves.__getitem__, self._cells.__getitem__
        self.size += count
        self._parts.append(
            (
                columns.ats,
                np.fromiter(map(leaves, columns.leaves), np.int64, count),
                np.fromiter(map(cells, columns.cells), np.int64, count),
                columns.users,
            )
        )

    def take(self, fine_since: int) -> "Taken":
        """Hand over all that was added; what is before `fine_since` by 5-minute slices."""
        ats, leaves, cells, users = map(np.concatenate, zip(*self._parts, strict=True))
        starts, slots = _slices(ats, fine_since)
        segments: _Codes[str] = _Codes()
        known = [[segments[name] for name in self._roll_up[leaf]] for leaf in self._leaves]
        places = slots[:, None] * len(segments) + np.array(known, np.int64)[leaves]
        taken = Taken(starts, list(segments), list(self._cells), places, cells, users)
        self._clear()
        return taken


def _slices(ats: Numbers, fine_since: int) -> tuple[list[int], Numbers]:
    """List the slices that times are in, by start, and say for each time in which it is."""
    widths = np.where(ats >= fine_since, _SLICE, _COARSE)
    starts, slots = np.unique(ats - ats % widths, return_inverse=True)
    return starts.tolist(), slots


class Taken(msgspec.Struct, frozen=True):
    """Gathered events as numbers: places, a column for each grouping; cells; users.

    A place is the number of a slice, by its start, times that of segments plus a segment's number.
    """

    starts: list[int]
    segments: list[str]
    names: list[str | None]
    places: Numbers
    cells: Numbers
    users: Hashes

    def _place(self, number: int) -> tuple[str, int]:
        slot, segment = divmod(number, len(self.segments))
        return self.segments[segment], self.starts[slot]

    def by_cell(self) -> Counter[str]:
        """Count the events by cell."""
        found = np.bincount(self.cells, minlength=len(self.names)).tolist()
        return Counter({name: n for name, n in zip(self.names, found, strict=True) if name and n})

    def counted(self) -> Iterator[tuple[tuple[str, int], dict[str, int]]]:
        """Yield by (segment, start of the slice) how often each cell is there."""
        width = len(self.names)
        scored = self.cells > 0
        codes = self.places[scored] * width + self.cells[scored, None]
        codes, amounts = np.unique(codes, return_counts=True)
        places, cells = np.divmod(codes, width)
        names = [self.names[cell] for cell in cells.tolist()]
        amount = amounts.tolist()
        for place, first, last in _runs(places):
            yield self._place(place), dict(zip(names[first:last], amount[first:last], strict=True))

    def seen(self) -> Iterator[tuple[tuple[str, int], Distinct]]:
        """Yield the same way who was active."""
        rows = np.argsort(self.users, kind="stable")
        rows = rows[np.searchsorted(self.users, 1, sorter=rows) :]
        wide = self.places.shape[1]
        places, users = self.places[rows].ravel(), np.repeat(self.users[rows], wide)
        if not len(places):
            return
        order = np.argsort(places.astype(np.min_scalar_type(places.max())), kind="stable")
        places, users = places[order], users[order]
        first = np.ones(len(users), np.bool_)
        first[1:] = (places[1:] != places[:-1]) | (users[1:] != users[:-1])
        places, users = places[first], users[first]
        for place, start, end in _runs(places):
            yield self._place(place), Distinct.of(users[start:end])


def _runs(values: Numbers) -> Iterator[tuple[int, int, int]]:
    """Yield each value of an ascending column with the first row that has it and the row after."""
    firsts = np.flatnonzero(np.diff(values, prepend=-1))
    for value, (first, last) in zip(
        values[firsts].tolist(), pairwise([*firsts.tolist(), len(values)]), strict=True
    ):
        yield value, first, last
