"""What every peer reads, and what it must answer."""

import random
import re
from collections import Counter
from collections.abc import Iterator

import msgspec
from aiokafka.partitioner import murmur2

from bench.answer import Answer
from metrics import instant
from metrics.duration import HOUR, MINUTE

REGIONS = [f"r{number:02}" for number in range(20)]
SPAN = HOUR // 2  # of event time, so that all is in the last hour for a while
FAR = 26 * HOUR  # later than any window that is still open, grace and all

Event = tuple[int, str, int]
"""Time, region, score."""
Answers = dict[str, str]
"""By `region|end of the window`, `promoters,passives,detractors`."""


def events(count: int, end: int) -> Iterator[Event]:
    """Yield answers evenly over the time before `end`, in order."""
    roll = random.Random(1).random
    for number in range(count):
        at = end - SPAN + SPAN * number // count
        yield at, REGIONS[int(roll() * len(REGIONS))], int(roll() * 11)


def closers(end: int) -> Iterator[Event]:
    """Yield what closes all windows, those of a second stage too; nobody's answers show it."""
    for far in (FAR, 2 * FAR):
        for region in REGIONS:
            yield end + far, region, 0


def value(number: int, event: Event) -> bytes:
    """Write an event as `survey.answers` has it."""
    at, region, score = event
    customer, dims = f"customer-{number % 200_000:06}", {"region": region, "product": "p0"}
    name = f"event-{number:010}"
    return _encode(Answer(name, instant.format(at), customer, "nps", score, "email", dims))


def key(value: bytes) -> bytes:
    """Find the region, which is the key here: it spares the peers a topic to sort events anew."""
    found = _REGION.search(value)
    return found[1] if found else b""


def partition(region: str, partitions: int) -> int:
    """Choose a region's partition as Kafka's clients do."""
    return int(murmur2(region.encode()) & 0x7FFFFFFF) % partitions


_REGION = re.compile(rb'"region":"([^"]*)"')
_encode = msgspec.json.Encoder().encode


def category(score: int) -> int:
    """Say which of the three counts an answer adds to."""
    return 0 if score >= 9 else 1 if score >= 7 else 2


def hopping(found: Iterator[Event]) -> Answers:
    """Count by region and minute, and add up the hour that ends with each minute."""
    sums: dict[tuple[str, int], list[int]] = {}
    minutes = Counter((region, at // MINUTE, category(score)) for at, region, score in found)
    for (region, minute, kind), n in minutes.items():
        for end in range(minute + 1, minute + 61):
            sums.setdefault((region, end * MINUTE), [0, 0, 0])[kind] += n
    return {f"{region}|{end}": ",".join(map(str, held)) for (region, end), held in sums.items()}


def overall(found: Iterator[Event]) -> Answers:
    """Count by region, all being within the hour: what `1h` says as of now."""
    sums = {region: [0, 0, 0] for region in REGIONS}
    for _, region, score in found:
        sums[region][category(score)] += 1
    return {region: ",".join(map(str, held)) for region, held in sums.items()}
