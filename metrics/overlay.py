"""The overlay: what was folded since it was last taken, at the finest, before it is rolled up.

An event adds to its leaf's 10-second slice. The roll-up to segments waits until the overlay is
taken, so its cost does not depend on the number of events. What an entity adds may be taken back;
that is kept apart, so that events which stand alone cost no more.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from metrics.accumulator import counts
from metrics.accumulator.counts import Counts
from metrics.accumulator.distinct import Distinct, union
from metrics.accumulator.multiset import Multiset
from metrics.segment import Leaf, RollUp, Segments
from metrics.slice import Rung
from metrics.summary import Summary

Amounts = Sequence[tuple[str, int]]
Deltas = dict[str, dict[int, Summary]]
"""What was folded: by segment, then by start of the 10-second slice."""

_SLICE, _COARSE = int(Rung.TEN_SECONDS), int(Rung.FIVE_MINUTES)


class Revision(msgspec.Struct, frozen=True, gc=False):
    """That an event belongs to an entity, and how it ranks; `reopens` takes a ticket back."""

    entity: bytes
    number: int
    reopens: bool = False


class Contribution(msgspec.Struct, frozen=True):
    """What an entity adds to the 10-second slice at `start`, and a user if that is not None."""

    start: int
    leaf: Leaf
    layout: int
    user: int | None
    amounts: tuple[tuple[str, int], ...]


class Columns(msgspec.Struct):
    """A batch of decoded events of one input, a column for each thing the fold reads.

    `cells` adds one to a cell for each event (None: nothing); `amounts`, where there are any,
    adds more. `users` is the keyed hash of the customer whom the event shows to be active, else
    None. `excluded` lists rows that are accepted but add nothing; `revisions` has the rows that
    belong to an entity, the others stand alone.
    """

    ats: Sequence[int]
    ids: Sequence[str | None]
    leaves: Sequence[Leaf]
    cells: Sequence[str | None]
    users: Sequence[int | None]
    amounts: Sequence[Amounts] = ()
    excluded: frozenset[int] = frozenset()
    revisions: Mapping[int, Revision] = {}

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
            excluded=_places(self.excluded, rows) if self.excluded else self.excluded,
            revisions=_revisions(self.revisions, rows) if self.revisions else self.revisions,
        )


def _places(found: frozenset[int], rows: Sequence[int]) -> frozenset[int]:
    return frozenset([place for place, row in enumerate(rows) if row in found])


def _revisions(found: Mapping[int, Revision], rows: Sequence[int]) -> dict[int, Revision]:
    return {place: found[row] for place, row in enumerate(rows) if row in found}


class Overlay:
    """Open deltas of the input `source`."""

    def __init__(self, source: str, roll_up: RollUp) -> None:
        self._source = source
        self._roll_up = roll_up
        self._counts: Counter[tuple[int, Leaf, str | None]] = Counter()
        self._users: defaultdict[tuple[int, Leaf], list[int | None]] = defaultdict(list)
        self._corrections: dict[tuple[int, Segments], Counts] = {}
        self._counted: dict[tuple[int, Segments], dict[int, int]] = {}

    def add(self, columns: Columns) -> None:
        """Add the events of all rows."""
        slices = [at - at % _SLICE for at in columns.ats]
        self._counts.update(zip(slices, columns.leaves, columns.cells, strict=True))
        found, places = self._users, zip(slices, columns.leaves, strict=True)
        for place, user in zip(places, columns.users, strict=True):
            found[place].append(user)
        for start, leaf, amounts in zip(slices, columns.leaves, columns.amounts, strict=False):
            for cell, amount in amounts:
                self._counts[start, leaf, cell] += amount

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

        Also the sums by cell of the events that stand alone. What is before `fine_since`, the start
        of a 5-minute slice, comes by such slices, so that a history costs less to merge.
        """
        added, self._counts = self._counts, Counter()
        users, self._users = self._users, defaultdict(list)
        deltas: Deltas = {}
        cells: Counter[str] = Counter()
        for (fine, leaf, cell), amount in added.items():
            if cell is not None and amount:
                cells[cell] += amount
                start = _slice(fine, fine_since)
                for segment in self._roll_up[leaf]:
                    into = _summary(deltas, segment, start).counts
                    into[cell] = into.get(cell, 0) + amount
        for (segment, start), sets in self._by_slice(users, fine_since).items():
            _summary(deltas, segment, start).users[self._source] = union(sets)
        if self._corrections:
            self._take_corrections(deltas, fine_since)
        return deltas, cells

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

    def _by_slice(
        self, users: Mapping[tuple[int, Leaf], Sequence[int | None]], fine_since: int
    ) -> dict[tuple[str, int], list[Distinct]]:
        """Make a set of each leaf's users, once, for all segments that it rolls up to."""
        found: dict[tuple[str, int], list[Distinct]] = {}
        for (fine, leaf), held in users.items():
            distinct = Distinct()
            distinct.absorb([user for user in held if user is not None])
            if distinct.packed:
                start = _slice(fine, fine_since)
                for segment in self._roll_up[leaf]:
                    found.setdefault((segment, start), []).append(distinct)
        return found


def _slice(start: int, fine_since: int) -> int:
    return start if start >= fine_since else start - start % _COARSE


def _summary(deltas: Deltas, segment: str, start: int) -> Summary:
    slices = deltas.setdefault(segment, {})
    if (summary := slices.get(start)) is None:
        summary = slices[start] = Summary()
    return summary
