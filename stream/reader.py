"""The reader of one input: bytes to columns that the fold can read, and what cannot be read."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b

import msgspec
import numpy as np

from metrics.accumulator.distinct import Hashes
from metrics.activity import SHOWN_BY
from metrics.columns import NOBODY, Amounts, Columns, Revision
from metrics.digest import KEY_SIZE, Digester
from metrics.entity import identify
from metrics.event import EVENTS, Event, SurveyAnswer, TicketClosure
from metrics.plan import Plan
from metrics.scale import FAMILY
from stream.codec import Bad, Codec, Leaves

TYPES = {family: kind for kind, family in FAMILY.items()}


def hash_key(text: str) -> bytes:
    """Make a key of the hash function from a configured one of any length."""
    return blake2b(text.encode(), digest_size=KEY_SIZE).digest()


def _shown_by(source: str) -> frozenset[str | None] | None:
    """Name the kinds that show activity; None among them where events of the first kind do."""
    kinds = SHOWN_BY[source]
    if kinds is None or not kinds.issuperset(EVENTS[source].KINDS[:1]):
        return kinds
    return kinds | {None}  # survey answers keep a kind that is absent


def _responses(answers: Sequence[SurveyAnswer], key: bytes) -> dict[int, Revision]:
    """Find the answers that belong to a response: those that name one."""
    responses = [answer.response_id for answer in answers]
    if responses.count(None) == len(responses):
        return {}
    return {
        row: Revision(
            identify(key, "response", answer.survey_id, answer.response_id, answer.type),
            int(answer.revision or 0),
        )
        for row, answer in enumerate(answers)
        if answer.response_id is not None and answer.kind in (None, "answered")
    }


def _tickets(tickets: Sequence[TicketClosure], key: bytes) -> dict[int, Revision]:
    """Find the events that a ticket stands by; that it was opened stands alone."""
    return {
        row: Revision(
            identify(key, "ticket", ticket.ticket_id),
            int(ticket.revision or 0),
            ticket.kind == "reopened",
        )
        for row, ticket in enumerate(tickets)
        if ticket.kind != "opened"
    }


def _none(events: Sequence[Event], key: bytes) -> dict[int, Revision]:
    return {}


_REVISIONS: dict[str, Callable[..., dict[int, Revision]]] = {
    "survey_answers": _responses,
    "ticket_closures": _tickets,
}
"""Which events belong to an entity, by input."""


class Taken(msgspec.Struct):
    """A batch as read: `rows` says which of its values each column entry is."""

    columns: Columns
    events: Sequence[Event]
    rows: Sequence[int]
    bad: list[Bad]
    tombstones: int


class Reader:
    """Reads the values of one input for the fold of a plan; shared by its partitions."""

    def __init__(self, source: str, plan: Plan, key: bytes) -> None:
        self.source = source
        self._codec = Codec(source, plan.rules(), plan.dimensions)
        self._leaves = Leaves(plan.dimensions)
        self._rules = plan.rules()
        self._key = key
        self._digest = Digester(key)
        self._shown_by = _shown_by(source)
        self._revisions = _REVISIONS.get(source, _none)
        self._contribute = [
            choice.metric.contribute[source]
            for choice in plan.choices
            if source in choice.metric.contribute
        ]
        self._counts_users = plan.counts_users()

    def read(self, values: Sequence[bytes | None]) -> Taken:
        """Read a batch; nothing raises, what cannot be read is in `bad`."""
        decoded = self._codec.decode(values)
        events = decoded.events
        columns = Columns(
            ats=decoded.ats,
            ids=[event.id for event in events],
            leaves=self._leaves.of(events),
            cells=decoded.cells,
            users=self._users(events),
            amounts=[self._amounts(event) for event in events] if self._contribute else (),
            excluded=self._excluded(events),
            revisions=self._revisions(events, self._key),
        )
        return Taken(columns, events, decoded.rows, decoded.bad, decoded.tombstones)

    def _users(self, events: Sequence[Event]) -> Hashes:
        """Hash the customers whom the events show to be active; no hash of one is `NOBODY`."""
        if not self._counts_users:
            return np.full(len(events), NOBODY, np.uint64)
        kinds, names = self._shown_by, [event.customer_id for event in events]
        if kinds is not None and not kinds.issuperset([event.kind for event in events]):
            names = [event.customer_id if event.kind in kinds else None for event in events]
        found = self._digest([name or "" for name in names])[:, 0].copy()
        if None in names:
            found[[name is None for name in names]] = NOBODY
        return found

    def _excluded(self, events: Sequence[Event]) -> frozenset[int]:
        if self.source != "survey_answers":
            return frozenset()
        return frozenset([row for row, event in enumerate(events) if event.excluded])  # type: ignore[attr-defined] # answers

    def categories(self, cells: Mapping[str, int]) -> Counter[tuple[str, str]]:
        """Count survey answers by (type, category), from the sums of their cells."""
        found: Counter[tuple[str, str]] = Counter()
        for cell, n in cells.items():
            family, _, rest = cell.partition("/")
            scale, _, score = rest.rpartition("/")
            if family in TYPES and scale:
                rules = self._rules[family]
                category = rules.category(scale, rules.mirror(scale, int(score)))
                found[TYPES[family], category] += n
        return found

    def _amounts(self, event: Event) -> Amounts:
        return [pair for contribute in self._contribute for pair in contribute(event)]
