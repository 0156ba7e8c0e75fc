"""Which events count: one verdict per line, in line order, one partition at a time."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from tests.reference.field import Dead
from tests.reference.plan import Plan
from tests.reference.record import Event, read

VERDICTS = ("dead", "future", "duplicate", "late", "excluded", "folded", "tombstone")
ENTITIES = ("ticket_closures", "subscription_events")


@dataclass
class Partition:
    """What one partition has accepted so far; `watermark` in ms."""

    topic: str
    plan: Plan
    watermark: int | None = None
    first_copies: dict[str, int] = field(default_factory=dict)
    entities: dict[tuple[str | None, ...], list[Event]] = field(default_factory=dict)

    def verdict(self, event: Event) -> str:
        """The first test that the event fails, or how it counts."""
        if event.ingested_at is not None and event.at > event.ingested_at + self.plan.skew:
            return "future"
        if self.watermark is not None and self.is_copy(event, self.watermark):
            return "duplicate"
        if self.watermark is not None and event.at < self.watermark - self.patience():
            return "late"
        return "excluded" if event.excluded else "folded"

    def is_copy(self, event: Event, watermark: int) -> bool:
        """Whether an accepted event of the same id is still remembered."""
        first = self.first_copies.get(event.id) if event.id is not None else None
        return first is not None and watermark - first <= self.plan.dedupe

    def patience(self) -> int:
        """How far behind the watermark an event may be."""
        return self.plan.entities if self.topic in ENTITIES else self.plan.lateness

    def together(self, event: Event) -> list[Event]:
        """The events of its entity so far; a new list if there are none, or they are forgotten."""
        if event.entity is None:
            return []
        theirs = self.entities.get(event.entity, [])
        newest = max((one.at for one in theirs), default=None)
        limit = self.plan.responses if self.topic == "survey_answers" else self.plan.entities
        if newest is None or (self.watermark or newest) - newest > limit:
            theirs = self.entities[event.entity] = []
        return theirs

    def accept(self, event: Event) -> None:
        """Move the watermark and remember the id."""
        self.watermark = event.at if self.watermark is None else max(self.watermark, event.at)
        if event.id is not None:
            self.first_copies[event.id] = event.at


@dataclass
class Count:
    """What became of the lines of a topic."""

    verdicts: Counter[str] = field(default_factory=Counter)
    accepted: list[list[Event]] = field(default_factory=list)  # each with those of its entity
    greatest: int | None = None  # accepted `at`

    @property
    def folded(self) -> list[Event]:
        """What stands of all events."""
        return standing(self.accepted, self.greatest or 0)


def count(
    topic: str, partitions: Iterable[Iterable[bytes | None]], plan: Plan, as_of: int | None
) -> Count:
    """Judge every line of every partition; events after as-of do not exist."""
    result = Count()
    for lines in partitions:
        partition = Partition(topic, plan)
        for line in lines:
            judge(line, partition, as_of, result)
    return result


def judge(line: bytes | None, partition: Partition, as_of: int | None, result: Count) -> None:
    """Add one line's verdict to the result."""
    if line is None:
        result.verdicts["tombstone"] += 1
        return
    try:
        event = read(partition.topic, line, partition.plan)
    except Dead:
        result.verdicts["dead"] += 1
        return
    if as_of is not None and event.at > as_of:
        return
    verdict = partition.verdict(event)
    result.verdicts[verdict] += 1
    if verdict in ("excluded", "folded"):
        together = partition.together(event)
        if not together:
            result.accepted.append(together)
        together.append(event)
        partition.accept(event)
        result.greatest = max(result.greatest or event.at, event.at)


def standing(accepted: Iterable[list[Event]], until: int) -> list[Event]:
    """What stands at an instant, of the events up to it: one event of each entity at most."""
    seen = ([event for event in events if event.at <= until] for events in accepted)
    found = (stands(events) for events in seen if events)
    return [event for event in found if event is not None]


def ever(accepted: Iterable[list[Event]], until: int) -> list[Event]:
    """What stood at one instant or another, up to `until`, of the events up to that instant."""
    found: list[Event] = []
    for events in accepted:
        for at in sorted({event.at for event in events if event.at <= until}):
            stood = stands([event for event in events if event.at <= at])
            if stood is not None and stood not in found[-1:]:
                found.append(stood)
    return found


def stands(events: list[Event]) -> Event | None:
    """The event that the events of one entity come to, or an event by itself; None if none."""
    greatest = max(events, key=order)
    if greatest.excluded or (greatest.topic == "ticket_closures" and greatest.kind == "reopened"):
        return None
    if greatest.entity is None:
        return greatest
    if greatest.topic == "survey_answers":
        return replace(greatest, at=min(events, key=order).at)
    reopened = any(event.kind == "reopened" for event in events)
    return replace(greatest, reopens=1) if reopened else greatest


def order(event: Event) -> tuple[int, int, bool, str]:
    """Revision, then `at`, then id, none before any; two that are equal in all are not made."""
    return event.revision, event.at, event.id is not None, event.id or ""
