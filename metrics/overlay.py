"""The overlay: what was folded since it was last taken, before it is rolled up.

The roll-up to segments and slices waits until the overlay is taken, so that many events share its
cost. What an entity adds may be taken back; that is kept apart, so that events which stand alone
cost no more.
"""

from collections import Counter
from collections.abc import Sequence

import msgspec

from metrics.accumulator import counts
from metrics.accumulator.counts import Counts
from metrics.accumulator.distinct import union
from metrics.accumulator.multiset import Multiset
from metrics.columns import Columns
from metrics.gathered import Gathered
from metrics.segment import Leaf, RollUp, Segments
from metrics.slice import Rung
from metrics.summary import Summary

Deltas = dict[str, dict[int, Summary]]
"""What was folded: by segment, then by start of the 10-second slice."""

MOST = 200_000  # events that are gathered at once, about 32 bytes each

_SLICE, _COARSE = int(Rung.TEN_SECONDS), int(Rung.FIVE_MINUTES)


class Contribution(msgspec.Struct, frozen=True):
    """What an entity adds to the 10-second slice at `start`, and a user if that is not None."""

    start: int
    leaf: Leaf
    layout: int
    user: int | None
    amounts: tuple[tuple[str, int], ...]


class Overlay:
    """Open deltas of the input `source`."""

    def __init__(self, source: str, roll_up: RollUp) -> None:
        self._source = source
        self._roll_up = roll_up
        self._gathered = Gathered(roll_up)
        self._deltas: Deltas = {}
        self._cells: Counter[str] = Counter()
        self._amounts: Counter[tuple[int, Leaf, str]] = Counter()
        self._corrections: dict[tuple[int, Segments], Counts] = {}
        self._counted: dict[tuple[int, Segments], dict[int, int]] = {}

    def add(self, columns: Columns) -> None:
        """Add the events of all rows."""
        self._gathered.add(columns)
        ats = columns.ats.tolist() if columns.amounts else ()
        for at, leaf, amounts in zip(ats, columns.leaves, columns.amounts, strict=False):
            for cell, amount in amounts:
                self._amounts[at - at % _SLICE, leaf, cell] += amount
        if self._gathered.size > MOST:
            self._settle(0)

    def replace(
        self, before: Contribution | None, after: Contribution | None, roll_ups: Sequence[RollUp]
    ) -> bool:
        """Take back what an entity added and add what it adds now, None being nothing.

        Each is rolled up by its own layout; True if anything was taken back.
        """
        if before == after:
            return False
        for part, times in ((before, -1), (after, 1)):
            if part is not None:
                self._correct(roll_ups[part.layout][part.leaf], part, times)
        return before is not None

    def _correct(self, segments: Segments, part: Contribution, times: int) -> None:
        place = part.start, segments
        amounts = [(cell, times * amount) for cell, amount in part.amounts]
        counts.absorb(self._corrections.setdefault(place, {}), amounts)
        if part.user is not None:
            users = self._counted.setdefault(place, {})
            users[part.user] = users.get(part.user, 0) + times

    def take(self, fine_since: int = 0) -> tuple[Deltas, Counter[str]]:
        """Hand over what was added since the last call, by segment.

        Also how many events that stand alone are in each cell. What is before `fine_since`, the
        start of a 5-minute slice, comes by such slices, so that a history costs less to merge.
        """
        self._settle(fine_since)
        deltas, self._deltas = self._deltas, {}
        cells, self._cells = self._cells, Counter()
        amounts, self._amounts = self._amounts, Counter()
        for (fine, leaf, cell), amount in amounts.items():
            for segment in self._roll_up[leaf] if amount else ():
                summary = _summary(deltas, segment, _slice(fine, fine_since))
                counts.absorb(summary.counts, ((cell, amount),))
        if self._corrections:
            self._take_corrections(deltas, fine_since)
        return deltas, cells

    def _settle(self, fine_since: int) -> None:
        """Roll up what is gathered."""
        if not self._gathered.size:
            return
        taken = self._gathered.take(fine_since)
        self._cells.update(taken.by_cell())
        for place, amounts in taken.counted():
            counts.merge(_summary(self._deltas, *place).counts, amounts)
        for place, distinct in taken.seen():
            users = _summary(self._deltas, *place).users
            held = users.get(self._source)
            users[self._source] = distinct if held is None else union((held, distinct))

    def _take_corrections(self, deltas: Deltas, fine_since: int) -> None:
        """Add what entities add and take back; what comes to nothing leaves no trace."""
        corrections, self._corrections = self._corrections, {}
        cells: dict[tuple[str, int], Counts] = {}
        for (fine, segments), amounts in corrections.items():
            start = _slice(fine, fine_since)
            for segment in segments if amounts else ():
                counts.merge(cells.setdefault((segment, start), {}), amounts)
        for (segment, start), sums in cells.items():
            if sums:
                counts.merge(_summary(deltas, segment, start).counts, sums)
        self._take_counted(deltas, fine_since)

    def _take_counted(self, deltas: Deltas, fine_since: int) -> None:
        counted, self._counted = self._counted, {}
        users: dict[tuple[str, int], dict[int, int]] = {}
        for (fine, segments), times in counted.items():
            start = _slice(fine, fine_since)
            for segment in segments:
                sums = users.setdefault((segment, start), {})
                for user, n in times.items():
                    sums[user] = sums.get(user, 0) + n
        for (segment, start), sums in users.items():
            if (multiset := Multiset.of(sums)).packed:
                _summary(deltas, segment, start).counted[self._source] = multiset


def _slice(start: int, fine_since: int) -> int:
    return start if start >= fine_since else start - start % _COARSE


def _summary(deltas: Deltas, segment: str, start: int) -> Summary:
    slices = deltas.setdefault(segment, {})
    if (summary := slices.get(start)) is None:
        summary = slices[start] = Summary()
    return summary
