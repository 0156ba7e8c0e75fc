"""What a made-up company is like, and the dice that its events are thrown with."""

import random
from dataclasses import dataclass, field
from typing import Any

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
TOPICS = (
    "survey_answers",
    "ticket_closures",
    "product_usage",
    "purchases",
    "subscription_events",
    "campaign_events",
)
Event = dict[str, Any]


@dataclass(frozen=True)
class Shares:
    """How often something is odd, each from 0 to 1."""

    nameless: float = 0.5  # without an id
    copied: float = 0.05  # sent again soon, on the same partition
    echoed: float = 0.01  # sent again days later, when the id may be forgotten
    disordered: float = 0.1  # arrives late, within the lateness
    stale: float = 0.02  # arrives later than that
    future: float = 0.01  # by `ingested_at`
    poison: float = 0.03
    excluded: float = 0.03
    scaled: float = 0.15  # another scale than the default
    response: float = 0.5  # survey events with a response id
    revised: float = 0.4  # about a response or ticket of before
    tied: float = 0.1  # of these: at the same time, with an id of its own
    reopened: float = 0.15
    bare: float = 0.1  # without one of its dimensions
    stamped: float = 0.3  # carries `ingested_at`


@dataclass(frozen=True)
class Company:
    """What to generate: `n` events from `start` over `span`, ms; `lateness` the allowed one, ms."""

    seed: int = 0
    n: int = 1000
    start: int = 1_774_569_600_000  # 2026-03-27: two days before Europe's clocks change
    span: int = 3 * DAY
    partitions: int = 2
    customers: int = 60
    lateness: int = 10 * MINUTE
    topics: tuple[str, ...] = TOPICS
    shares: Shares = field(default_factory=Shares)


@dataclass
class Source:
    """The dice, and the numbers given so far."""

    company: Company
    dice: random.Random
    number: int = 0
    former: dict[tuple[str, int], list[Event]] = field(default_factory=dict)  # by partition

    def happens(self, share: float) -> bool:
        """Whether the odd thing happens this time."""
        return self.dice.random() < share

    def unique(self, prefix: str) -> str:
        """An id that was never given before."""
        self.number += 1
        return f"{prefix}{self.number}"
