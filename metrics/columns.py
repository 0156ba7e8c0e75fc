"""A batch of events as the fold reads it: a column for each thing, a row for each event."""

from collections.abc import Mapping, Sequence

import msgspec

from metrics.accumulator.distinct import Hashes
from metrics.instant import Ats
from metrics.segment import Leaf

Amounts = Sequence[tuple[str, int]]

NOBODY = 0
"""What stands for no user where the hash of one would."""


class Revision(msgspec.Struct, frozen=True, gc=False):
    """That an event belongs to an entity, and how it ranks; `reopens` takes a ticket back."""

    entity: bytes
    number: int
    reopens: bool = False


class Columns(msgspec.Struct):
    """A batch of decoded events of one input, a column for each thing the fold reads.

    `cells` adds one to a cell for each event (None: nothing); `amounts`, where there are any,
    adds more. `users` is the keyed hash of the customer whom the event shows to be active, else
    `NOBODY`. `excluded` lists rows that are accepted but add nothing; `revisions` has the rows that
    belong to an entity, the others stand alone.
    """

    ats: Ats
    ids: Sequence[str | None]
    leaves: Sequence[Leaf]
    cells: Sequence[str | None]
    users: Hashes
    amounts: Sequence[Amounts] = ()
    excluded: frozenset[int] = frozenset()
    revisions: Mapping[int, Revision] = {}

    def only(self, rows: Sequence[int]) -> "Columns":
        """Pick rows, in their order."""
        if len(rows) == len(self.ats):
            return self
        return Columns(
            ats=self.ats[rows],
            ids=[self.ids[row] for row in rows],
            leaves=[self.leaves[row] for row in rows],
            cells=[self.cells[row] for row in rows],
            users=self.users[rows],
            amounts=[self.amounts[row] for row in rows] if self.amounts else (),
            excluded=_places(self.excluded, rows) if self.excluded else self.excluded,
            revisions=_revisions(self.revisions, rows) if self.revisions else self.revisions,
        )


def _places(found: frozenset[int], rows: Sequence[int]) -> frozenset[int]:
    return frozenset([place for place, row in enumerate(rows) if row in found])


def _revisions(found: Mapping[int, Revision], rows: Sequence[int]) -> dict[int, Revision]:
    return {place: found[row] for place, row in enumerate(rows) if row in found}
