"""Which events count: one verdict per line, in line order, one partition at a time."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

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

    def accept(self, event: Event) -> None:
        """Move the watermark and remember the id."""
        self.watermark = event.at if self.watermark is None else max(self.watermark, event.at)
        if event.id is not None:
            self.first_copies[event.id] = event.at


@dataclass
class Count:
    """What became of the lines of a topic."""

    verdicts: Counter[str] = field(default_factory=Counter)
    folded: list[Event] = field(default_factory=list)
    greatest: int | None = None  # accepted `at`


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
        partition.accept(event)
        result.greatest = max(result.greatest or event.at, event.at)
    if verdict == "folded":
        result.folded.append(event)


def standing(events: list[Event]) -> list[Event]:
    """The events that still stand: the place where revisions and reopened tickets will go."""
    return events
