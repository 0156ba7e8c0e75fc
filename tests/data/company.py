"""A made-up company: seeded lines of events, good and bad, for every topic that counts.

Lines stand in the order of their arrival. A share of the answers and of the ticket events is about
a response or ticket of before, on its partition: another revision of it or the same one, with other
content, in any order. Times lie on both sides of the clock changes that the span holds. The same
parameters give the same bytes.
"""

import random

from tests.data.event import BUILDERS
from tests.data.poison import spoil
from tests.data.source import DAY, MINUTE, Company, Event, Source
from tests.data.spelling import dump, written

REGIONS = ("fr", "de", "us", "île-de-ré", 'q"uote')
PRODUCTS = ("web", "app", "日本")
Lines = dict[str, list[list[bytes]]]


def generate(company: Company) -> Lines:
    """Lines by topic and partition, in order of arrival."""
    source = Source(company, random.Random(company.seed))
    arrivals: dict[str, list[list[tuple[int, int, bytes]]]] = {
        topic: [[] for _ in range(company.partitions)] for topic in company.topics
    }
    for order in range(company.n):
        topic = source.dice.choice(company.topics)
        number = source.dice.randrange(company.partitions)
        lines = sent(source, topic, number)
        arrivals[topic][number] += [(arrival, order, line) for arrival, line in lines]
    return {
        topic: [[line for _, _, line in sorted(partition)] for partition in partitions]
        for topic, partitions in arrivals.items()
    }


def sent(source: Source, topic: str, partition: int) -> list[tuple[int, bytes]]:
    """One event as (arrival, line), with its copies."""
    shares, dice = source.company.shares, source.dice
    at = source.company.start + dice.randrange(source.company.span)
    arrival = at + delay(source)
    event, at = made(source, (topic, partition), at)
    if "id" not in event and not source.happens(shares.nameless):
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
    if "id" in event and source.happens(shares.echoed):
        arrivals.append(arrival + dice.randrange(2 * DAY))
    return [(arrival, line) for arrival in arrivals]


def made(source: Source, place: tuple[str, int], at: int) -> tuple[Event, int]:
    """A new event and its `at`; perhaps about what an event of before on the partition is about.

    Two events of one response or ticket never share revision, `at` and the want of an id.
    """
    former = source.former.setdefault(place, [])
    before = source.dice.choice(former) if former else {}
    again = bool(before) and source.happens(source.company.shares.revised)
    tied = again and before["at"] <= at and source.happens(source.company.shares.tied)
    at = before["at"] if tied else at
    event = BUILDERS[place[0]](source, at)
    if again and ENTITIES & event.keys():
        event |= {name: before[name] for name in before.keys() - {"at"}}
    if tied:
        event["id"] = source.unique("é-")
    if ENTITIES & event.keys():
        if source.happens(0.7):
            event["revision"] = source.dice.choice((0, 1, 1, 2, 2.0))
        names = ("survey_id", "response_id", "ticket_id")
        former.append({"at": at, **{name: event[name] for name in names if name in event}})
    return event, at


ENTITIES = {"response_id", "ticket_id"}


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
