"""An entity: what the events of one survey response, or of one ticket, come to together.

The greatest event by (revision, at, id) decides. A response has the content of the greatest and
the time of the least in that order, be it a later time; a ticket has all of its greatest event, and
counts while that is a closure.
States of an entity are joined: associative, commutative and idempotent, so the order of events
changes nothing, and a single event is a state too.

>>> first = Entity(0, 20_000, "a", True, (), None, (("nps/0-10/3", 1),), (0, 20_000), 20_000)
>>> second = Entity(1, 15_000, "b", True, (), None, (("nps/0-10/9", 1),), (1, 15_000), 15_000)
>>> contribution("survey_answers", join(first, second))
Contribution(start=20000, leaf=(), layout=0, user=None, amounts=(('nps/0-10/9', 1),))
"""

from collections.abc import Iterator, Sequence
from hashlib import blake2b

import msgspec

from metrics.catalog import METRICS
from metrics.columns import Columns
from metrics.overlay import Contribution
from metrics.segment import Leaf
from metrics.slice import Rung, slice_start

_DATED_BY_FIRST = frozenset({"survey_answers"})
_UNTIL_REOPENED = frozenset(cell for metric in METRICS.values() for cell in metric.until_reopened)


class Entity(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The state of one entity: its greatest event, and what all of its events say together.

    `revision`, `at` and `id` rank the greatest event; `stands` is False when it takes the entity
    out; `leaf`, `user` and `amounts` are what it adds. `first` is the revision and `at` of the
    least event, `last` the greatest `at` of all; `reopened` says whether one of them was a
    reopening. `layout` names the dimensions and groupings that the event was counted by.
    """

    revision: int
    at: int
    id: str | None
    stands: bool
    leaf: Leaf
    user: int | None
    amounts: tuple[tuple[str, int], ...]
    first: tuple[int, int]
    last: int
    reopened: bool = False
    layout: int = 0

    def rank(self) -> tuple[object, ...]:
        """Order by (revision, at, id), none before any id; of equals the content decides.

        So two different events that are equal in all three still come to the same in any order:
        what takes the entity out is the greater, and then what adds the greater things.
        """
        name = (self.id is not None, self.id or "")
        user = -1 if self.user is None else self.user
        return self.revision, self.at, *name, not self.stands, self.leaf, self.amounts, user


pack = msgspec.msgpack.Encoder().encode
unpack = msgspec.msgpack.Decoder(Entity).decode


def join(one: Entity, other: Entity) -> Entity:
    """Give the state that has the events of both."""
    greatest = one if one.rank() >= other.rank() else other
    first, last = min(one.first, other.first), max(one.last, other.last)
    reopened = one.reopened or other.reopened
    if (first, last, reopened) == (greatest.first, greatest.last, greatest.reopened):
        return greatest
    return msgspec.structs.replace(greatest, first=first, last=last, reopened=reopened)


def contribution(source: str, entity: Entity | None) -> Contribution | None:
    """Say what an entity of an input adds; None if that is nothing."""
    if entity is None or not entity.stands:
        return None
    amounts = entity.amounts
    if entity.reopened:
        amounts = tuple(pair for pair in amounts if pair[0] not in _UNTIL_REOPENED)
    if not amounts and entity.user is None:
        return None
    at = entity.first[1] if source in _DATED_BY_FIRST else entity.at
    start = slice_start(at, Rung.TEN_SECONDS)
    return Contribution(start, entity.leaf, entity.layout, entity.user, amounts)


def identify(key: bytes, *names: str | None) -> bytes:
    """Name an entity by 16 bytes that say nothing of its ids to who has not the hash key."""
    return blake2b(msgspec.msgpack.encode(names), digest_size=16, key=key).digest()


def events(
    columns: Columns, accepted: Sequence[int], mark: int | None, layout: int = 0
) -> Iterator[tuple[bytes, Entity, int | None]]:
    """Yield the accepted events that belong to an entity: its name, the event, the watermark.

    In record order; the watermark is the partition's before the event, `mark` before the batch.
    """
    ats = columns.ats.tolist()
    for row in accepted:
        if row in columns.revisions:
            yield columns.revisions[row].entity, _event(columns, row, layout), mark
        if mark is None or ats[row] > mark:
            mark = ats[row]


def _event(columns: Columns, row: int, layout: int) -> Entity:
    revision, at, cell = columns.revisions[row], columns.ats[row].item(), columns.cells[row]
    amounts: list[tuple[str, int]] = [(cell, 1)] if cell else []
    return Entity(
        revision=revision.number,
        at=at,
        id=columns.ids[row],
        stands=not revision.reopens and row not in columns.excluded,
        leaf=columns.leaves[row],
        user=columns.users[row].item() or None,
        amounts=(*amounts, *columns.amounts[row]) if columns.amounts else tuple(amounts),
        first=(revision.number, at),
        last=at,
        reopened=revision.reopens,
        layout=layout,
    )
