"""The overlay: what was folded since it was last taken, at the finest, before it is rolled up.

An event adds to its leaf's 10-second slice. The roll-up to segments waits until the overlay is
taken, so its cost does not depend on the number of events.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from metrics.accumulator.distinct import Distinct
from metrics.segment import Leaf, RollUp
from metrics.slice import Rung
from metrics.summary import Summary

Amounts = Sequence[tuple[str, int]]
Deltas = dict[str, dict[int, Summary]]
"""What was folded: by segment, then by start of the 10-second slice."""

_SLICE = int(Rung.TEN_SECONDS)


class Columns(msgspec.Struct):
    """A batch of decoded events of one input, a column for each thing the fold reads.

    `cells` adds one to a cell for each event (None: nothing); `amounts`, where there are any,
    adds more. `users` is the keyed hash of the customer whom the event shows to be active, else
    None. `excluded` lists rows that are accepted but add nothing.
    """

    ats: Sequence[int]
    ids: Sequence[str | None]
    leaves: Sequence[Leaf]
    cells: Sequence[str | None]
    users: Sequence[int | None]
    amounts: Sequence[Amounts] = ()
    excluded: frozenset[int] = frozenset()

    def only(self, rows: Sequence[int]) -> "Columns":
        """Pick rows, in their order."""
        if len(rows) == len(self.ats):
            return self
        return Columns(
            ats=[self.ats[row] for row in rows],
            ids=[self.ids[row] for row in rows],
            leaves=[self.leaves[row] for row in rows],
            cells=[self.cells[row] for row in rows],
            users=[self.users[row] for row in rows],
            amounts=[self.amounts[row] for row in rows] if self.amounts else (),
        )


class Overlay:
    """Open deltas of the input `source`."""

    def __init__(self, source: str, roll_up: RollUp) -> None:
        self._source = source
        self._roll_up = roll_up
        self._counts: Counter[tuple[int, Leaf, str | None]] = Counter()
        self._users: set[tuple[int, Leaf, int | None]] = set()

    def add(self, columns: Columns) -> None:
        """Add the events of all rows."""
        slices = [at - at % _SLICE for at in columns.ats]
        self._counts.update(zip(slices, columns.leaves, columns.cells, strict=True))
        self._users.update(zip(slices, columns.leaves, columns.users, strict=True))
        for start, leaf, amounts in zip(slices, columns.leaves, columns.amounts, strict=False):
            for cell, amount in amounts:
                self._counts[start, leaf, cell] += amount

    def take(self) -> tuple[Deltas, Counter[str]]:
        """Hand over what was added since the last call, by segment; also its sum by cell."""
        counts, self._counts = self._counts, Counter()
        users, self._users = self._users, set()
        deltas: Deltas = {}
        cells: Counter[str] = Counter()
        for (start, leaf, cell), amount in counts.items():
            if cell is not None and amount:
                cells[cell] += amount
                for segment in self._roll_up[leaf]:
                    into = _summary(deltas, segment, start).counts
                    into[cell] = into.get(cell, 0) + amount
        for (segment, start), hashes in self._by_slice(users).items():
            distinct = Distinct()
            distinct.absorb(hashes)
            _summary(deltas, segment, start).users[self._source] = distinct
        return deltas, cells

    def _by_slice(
        self, users: Iterable[tuple[int, Leaf, int | None]]
    ) -> dict[tuple[str, int], list[int]]:
        found: dict[tuple[str, int], list[int]] = {}
        for start, leaf, user in users:
            if user is not None:
                for segment in self._roll_up[leaf]:
                    found.setdefault((segment, start), []).append(user)
        return found


def _summary(deltas: Deltas, segment: str, start: int) -> Summary:
    slices = deltas.setdefault(segment, {})
    if (summary := slices.get(start)) is None:
        summary = slices[start] = Summary()
    return summary
