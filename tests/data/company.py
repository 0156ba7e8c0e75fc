"""A made-up company: seeded lines of events, good and bad, for every topic that counts.

Lines stand in the order of their arrival. Ticket ids, response ids and subscription ids are unique,
so that nothing is a revision, and every event is `revision` 0. Times lie on both sides of the
clock changes that the span holds. The same parameters give the same bytes.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.data.poison import spoil
from tests.data.spelling import dump, written

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
REGIONS = ("fr", "de", "us", "île-de-ré", 'q"uote')
PRODUCTS = ("web", "app", "日本")
CHANNELS = ("email", "phone", "chat")
TOPICS = (
    "survey_answers",
    "ticket_closures",
    "product_usage",
    "purchases",
    "subscription_events",
    "campaign_events",
)
Event = dict[str, Any]
Lines = dict[str, list[list[bytes]]]


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

    def happens(self, share: float) -> bool:
        """Whether the odd thing happens this time."""
        return self.dice.random() < share

    def unique(self, prefix: str) -> str:
        """An id that was never given before."""
        self.number += 1
        return f"{prefix}{self.number}"


def generate(company: Company) -> Lines:
    """Lines by topic and partition, in order of arrival."""
    source = Source(company, random.Random(company.seed))
    arrivals: dict[str, list[list[tuple[int, int, bytes]]]] = {
        topic: [[] for _ in range(company.partitions)] for topic in company.topics
    }
    for order in range(company.n):
        topic = source.dice.choice(company.topics)
        partition = source.dice.choice(arrivals[topic])
        partition += [(arrival, order, line) for arrival, line in sent(source, topic)]
    return {
        topic: [[line for _, _, line in sorted(partition)] for partition in partitions]
        for topic, partitions in arrivals.items()
    }


def sent(source: Source, topic: str) -> list[tuple[int, bytes]]:
    """One event as (arrival, line), with its copies."""
    shares, dice = source.company.shares, source.dice
    at = source.company.start + dice.randrange(source.company.span)
    arrival = at + delay(source)
    event = BUILDERS[topic](source, at)
    if not source.happens(shares.nameless):
        event["id"] = source.unique("é-")
    dress(source, event)
    if source.happens(shares.poison):
        return [(arrival, spoil(topic, event, dice))]
    if source.happens(shares.future):
        event |= {"at": written(source.dice, arrival + 6 * MINUTE + dice.randrange(9 * DAY))}
        event["ingested_at"] = arrival
    elif source.happens(shares.stamped):
        event["ingested_at"] = written(source.dice, arrival)
    else:
        event["at"] = written(source.dice, at)
    line = dump(source.dice, event)
    arrivals = [arrival]
    if "id" in event and source.happens(shares.copied):
        arrivals.append(arrival + dice.randrange(2 * source.company.lateness))
    if "id" in event and not entity(event) and source.happens(shares.echoed):
        arrivals.append(arrival + dice.randrange(2 * DAY))
    return [(arrival, line) for arrival in arrivals]


def entity(event: Event) -> bool:
    """Whether a second copy, once its id is forgotten, would be a revision of the first."""
    return "ticket_id" in event or "response_id" in event


def delay(source: Source) -> int:
    """How long after its `at` an event arrives, ms."""
    shares, dice, lateness = source.company.shares, source.dice, source.company.lateness
    if source.happens(shares.stale):
        return lateness + dice.randrange(5 * lateness)
    if source.happens(shares.disordered):
        return dice.randrange(lateness)
    return dice.randrange(2000)


def dress(source: Source, event: Event) -> None:
    """Dimensions, unknown ones too, and fields that nobody knows."""
    dice, bare = source.dice, source.company.shares.bare
    given = {
        "region": dice.choices(REGIONS, weights=(9, 6, 4, 2, 1))[0],
        "product": dice.choice(PRODUCTS),
        "unknown": "x",
    }
    event["dims"] = {name: value for name, value in given.items() if not source.happens(bare)}
    if source.happens(bare):
        del event["dims"]
    if source.happens(0.2):
        event["note"] = {"nested": [1, 2.5, None, {"score": 11}], "big": 1e300}


def customer(source: Source) -> str:
    """One of the customers; a few come often."""
    return f"c{int(source.company.customers * source.dice.random() ** 2)}"


def survey(source: Source, at: int) -> Event:
    """An answer on any scale, or an invitation, a refusal, a comment."""
    dice = source.dice
    sort = dice.choices(("nps", "csat", "ces", "fcr"), weights=(5, 3, 3, 1))[0]
    scale = dice.choice(SCALES[sort]) if source.happens(source.company.shares.scaled) else None
    low, high = scale or DEFAULTS[sort]
    event: Event = {
        "at": written(source.dice, at),
        "type": sort,
        "score": dice.randint(low, high),
        "survey_id": dice.choice(("relation", "checkout")),
    }
    if scale:
        event["scale"] = [low, high]
    if sort == "fcr" and source.happens(0.5):
        event["score"] = bool(event["score"])
    elif source.happens(0.1):
        event["score"] = float(event["score"])
    if source.happens(0.8):
        event["customer_id"] = customer(source)
    if source.happens(source.company.shares.response):
        event["response_id"] = source.unique("r")
    if source.happens(0.5):
        event["channel"] = dice.choice(CHANNELS)
    if source.happens(source.company.shares.excluded):
        event["excluded"] = True
    if source.happens(0.1):
        event["kind"] = dice.choice(("sent", "declined", "comment"))
        del event["score"]
    return event


SCALES = {
    "nps": [(1, 10), (0, 10)],
    "csat": [(0, 1), (1, 2), (1, 3), (1, 4), (1, 6), (1, 7), (1, 10)],
    "ces": [(1, 5), (1, 10), (1, 7)],
    "fcr": [(0, 1)],
}
DEFAULTS = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7), "fcr": (0, 1)}


def ticket(source: Source, at: int) -> Event:
    """A closure with any of the ways to say how long it took, or an opening."""
    dice = source.dice
    event: Event = {
        "at": written(source.dice, at),
        "ticket_id": source.unique("t"),
        "opened_at": written(source.dice, at - dice.randrange(3 * DAY)),
        "outcome": dice.choices(("resolved", "abandoned", "merged", "spam"), weights=(12, 1, 1, 1))[
            0
        ],
    }
    if source.happens(0.2):
        event["kind"] = "opened"
        del event["outcome"]
    elif source.happens(0.5):
        event["handle_s"] = duration(source)
    for part in ("talk_s", "hold_s", "wrap_s"):
        if source.happens(0.4):
            event[part] = duration(source)
    if source.happens(0.8):
        event["contacts"] = dice.choices((1, 2, 3, 2.0), weights=(6, 2, 1, 1))[0]
    if source.happens(0.2):
        event["reopens"] = dice.randrange(2)
    if source.happens(0.7):
        event["customer_id"] = customer(source)
    if source.happens(0.5):
        event["channel"] = dice.choice(CHANNELS)
    return event


def duration(source: Source) -> float:
    """Seconds: whole, with tenths, zero, and halves of a millisecond, which round to even."""
    dice = source.dice
    whole = int(dice.lognormvariate(5.5, 1)) % 20_000
    return dice.choice(
        (whole, whole + 0.1, whole / 10, 0, float(f"{whole}.{dice.randrange(10)}005"))
    )


def usage(source: Source, at: int) -> Event:
    """A use of the product."""
    event: Event = {"customer_id": customer(source), "event": "login"}
    event["at"] = written(source.dice, at)
    if source.happens(0.3):
        event |= {"session_id": source.unique("s"), "session_s": duration(source)}
    return event


def purchase(source: Source, at: int) -> Event:
    """An order, now and then a refund."""
    return {
        "at": written(source.dice, at),
        "customer_id": customer(source),
        "order_id": source.unique("o"),
        "amount": source.dice.randrange(100_000),
        "currency": source.dice.choice(("EUR", "USD")),
        "kind": source.dice.choices(("order", "refund"), weights=(6, 1))[0],
    }


def subscription(source: Source, at: int) -> Event:
    """A change of a subscription."""
    kinds = ("started", "changed", "paused", "resumed", "cancel_requested", "ended", "reactivated")
    return {
        "at": written(source.dice, at),
        "subscription_id": source.unique("u"),
        "customer_id": customer(source),
        "kind": source.dice.choice(kinds),
        "amount": source.dice.randrange(10_000),
        "currency": "EUR",
        "interval": source.dice.choice(("day", "week", "month", "year")),
        "interval_count": 1,
    }


def campaign(source: Source, at: int) -> Event:
    """A touch of a campaign."""
    kinds = ("sent", "opened", "clicked", "converted", "unsubscribed")
    return {
        "at": written(source.dice, at),
        "customer_id": customer(source),
        "campaign_id": source.dice.choice(("spring", "summer")),
        "kind": source.dice.choice(kinds),
        "channel": source.dice.choice(CHANNELS),
    }


BUILDERS: dict[str, Callable[[Source, int], Event]] = {
    "survey_answers": survey,
    "ticket_closures": ticket,
    "product_usage": usage,
    "purchases": purchase,
    "subscription_events": subscription,
    "campaign_events": campaign,
}
