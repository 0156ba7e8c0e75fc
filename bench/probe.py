"""Probes: answers that say when they are counted, among others that are sent at a steady rate.

Ten times a second each partition gets a probe, an answer of a region that nobody else has, so the
n of that region says exactly which probes are counted.
"""

import asyncio
import re
import time
from collections.abc import Iterable, Iterator, Sequence

import msgspec
from aiokafka import AIOKafkaProducer

from bench.answer import Answer, answers
from bench.process import get
from bench.topic import BATCH_BYTES
from metrics import instant

PARTITIONS = 8
TICK = 0.025  # seconds that the sender collects
POLL = 0.1  # seconds between two questions
PER_SECOND = 10  # probes of a partition
EXPOSED = {
    "PROMETHEUS__METRICS": '["nps"]',
    "PROMETHEUS__WINDOWS": '["1h"]',
    "PROMETHEUS__GROUPINGS": '["region"]',
}
"""What `/metrics` is limited to, so that asking so often is not what is measured."""

_SHOWN = re.compile(r'^cx_nps_samples\{.*region="probe-(\d)".*\} (\d+)', re.MULTILINE)

Sighting = tuple[float, int]
"""When n of a probe's region was seen, and n."""

Seen = list[list[Sighting]]
"""The sightings of each partition's probes, in order of time."""


def nothing() -> Seen:
    """Begin to look: nothing is seen yet."""
    return [[] for _ in range(PARTITIONS)]


class Event(msgspec.Struct, frozen=True, gc=False):
    """One thing to send, and when."""

    at: float
    partition: int
    value: bytes


def schedule(
    rate: int, seconds: float, start: float, sent: Sequence[list[float]]
) -> Iterator[Event]:
    """Yield what to send from `start` (seconds UTC), probes among the rest, noting their times."""
    count, every = round(seconds * rate), max(1, rate // PER_SECOND // PARTITIONS)
    encode = msgspec.json.Encoder().encode
    end = round(start * 1000) + (count - 1) * 1000 // rate
    for number, (customer, value) in enumerate(answers(count, end, rate=rate)):
        at = start + number / rate
        if number % every == 0:
            partition = number // every % PARTITIONS
            sent[partition].append(at)
            yield Event(at, partition, encode(_probe(number, partition, at)))
        yield Event(at, customer % PARTITIONS, value)


def _probe(number: int, partition: int, at: float) -> Answer:
    dims = {"region": f"probe-{partition}", "product": "p0"}
    time_ = instant.format(round(at * 1000))
    return Answer(f"probe-{number:09}", time_, "customer-000000", "nps", 9, "email", dims)


async def send(bootstrap: str, topic: str, events: Iterable[Event]) -> None:
    """Send each event at its time, a batch for each partition and tick."""
    coming = iter(events)
    event = next(coming, None)
    async with AIOKafkaProducer(
        bootstrap_servers=bootstrap, linger_ms=0, acks=1, max_batch_size=BATCH_BYTES
    ) as producer:
        while event:
            await asyncio.sleep(TICK)
            now = time.time()
            batches = [producer.create_batch() for _ in range(PARTITIONS)]
            while event and event.at <= now:
                if not batches[event.partition].append(key=None, value=event.value, timestamp=None):
                    break  # the batch is full: the rest with the next tick
                event = next(coming, None)
            for partition, batch in enumerate(batches):
                if batch.record_count():
                    await producer.send_batch(batch, topic, partition=partition)


def look(port: int, seen: Seen) -> str:
    """Ask `/metrics` once, note what it shows of probes, and return it; empty if none answers."""
    text, now = get(port, "/metrics") or "", time.time()
    for partition, n in _SHOWN.findall(text):
        seen[int(partition)].append((now, int(n)))
    return text
