"""From an event to where it can be read: `/metrics`, and the topic of updates.

`python -m bench.latency` sends 10,000 answers a second for a minute to a real Kafka. Ten times a
second each partition gets a probe, an answer of a region that nobody else has, so the n of that
region says exactly which probes are counted. `/metrics` is asked every 100 ms, `cx.metrics` is read
as it grows, and an event's age is taken from the time at which it was to be sent: a sender that is
late makes it worse, never better. The exposition is limited to NPS of one hour, so that asking so
often is not what is measured.
"""

import argparse
import asyncio
import re
import statistics
import tempfile
import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from bench import cpu
from bench.answer import RATE, Answer, answers
from bench.process import get, worker
from metrics import instant
from tests.service.kafka import Kafka

PARTITIONS = 8
TICK = 0.025  # seconds that the sender collects
PROBE_EVERY = RATE // 10 // PARTITIONS  # events between two probes
POLL = 0.1  # seconds between two questions
WARM = 5.0  # seconds at the start that do not count
PATIENCE = 120.0  # seconds in which the last events may still show
EXPOSED = {
    "PROMETHEUS__METRICS": '["nps"]',
    "PROMETHEUS__WINDOWS": '["1h"]',
    "PROMETHEUS__GROUPINGS": '["region"]',
}
_SHOWN = re.compile(r'^cx_nps_samples\{.*region="probe-(\d)".*\} (\d+)', re.MULTILINE)

Sighting = tuple[float, int]
"""When n of a probe's region was seen, and n."""


class Update(msgspec.Struct):
    """What is read of an update."""

    n: int


class Result(msgspec.Struct, frozen=True):
    """What was found, in seconds: ages where they were seen, how late the sender was, CPU."""

    metrics: list[float]
    topic: list[float]
    late: float
    cpu: float


class Probes:
    """Which probes were to be sent when, and when how many of them were seen, by partition."""

    def __init__(self) -> None:
        self.sent: list[list[float]] = [[] for _ in range(PARTITIONS)]
        self.metrics: list[list[Sighting]] = [[] for _ in range(PARTITIONS)]
        self.topic: list[list[Sighting]] = [[] for _ in range(PARTITIONS)]

    def ages(self, seen: Sequence[Sequence[Sighting]], since: float) -> list[float]:
        """Say how old each probe sent since then was when it was first counted, in seconds."""
        return [
            self._first(seen[number], at) - planned
            for number, sent in enumerate(self.sent)
            for at, planned in enumerate(sent, 1)
            if planned >= since
        ]

    def missing(self, seen: Sequence[Sequence[Sighting]]) -> bool:
        """Say whether some probe was not seen yet."""
        return any(
            not found or found[-1][1] < len(sent)
            for found, sent in zip(seen, self.sent, strict=True)
        )

    @staticmethod
    def _first(seen: Sequence[Sighting], number: int) -> float:
        found = bisect_left(seen, number, key=lambda sighting: sighting[1])
        if found == len(seen):
            raise TimeoutError(f"probe {number} did not show; the last was {seen[-1:]}")
        return seen[found][0]


class Event(msgspec.Struct, frozen=True):
    """One thing to send, and when."""

    at: float
    partition: int
    value: bytes


def schedule(seconds: float, start: float, probes: Probes) -> Iterator[Event]:
    """Yield what to send from `start` (seconds UTC), probes among the rest."""
    count = round(seconds * RATE)
    encode = msgspec.json.Encoder().encode
    end = round(start * 1000) + (count - 1) * 1000 // RATE
    for number, (customer, value) in enumerate(answers(count, end)):
        at = start + number / RATE
        if number % PROBE_EVERY == 0:
            partition = number // PROBE_EVERY % PARTITIONS
            probes.sent[partition].append(at)
            yield Event(at, partition, encode(_probe(number, partition, at)))
        yield Event(at, customer % PARTITIONS, value)


def _probe(number: int, partition: int, at: float) -> Answer:
    dims = {"region": f"probe-{partition}", "product": "p0"}
    time_ = instant.format(round(at * 1000))
    return Answer(f"probe-{number:09}", time_, "customer-000000", "nps", 9, "email", dims)


async def send(bootstrap: str, topic: str, events: Sequence[Event]) -> None:
    """Send each event at its time, a batch for each partition and tick."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=0, acks=1)
    async with producer:
        done = 0
        while done < len(events):
            await asyncio.sleep(TICK)
            now = time.time()
            batches = [producer.create_batch() for _ in range(PARTITIONS)]
            while done < len(events) and events[done].at <= now:
                event = events[done]
                if not batches[event.partition].append(key=None, value=event.value, timestamp=None):
                    break  # the batch is full: the rest with the next tick
                done += 1
            for partition, batch in enumerate(batches):
                if batch.record_count():
                    await producer.send_batch(batch, topic, partition=partition)


def look(port: int, probes: Probes, until: float) -> None:
    """Ask `/metrics` again and again, until it shows every probe or the time is over."""
    while probes.missing(probes.metrics) and (started := time.time()) < until:
        text = get(port, "/metrics") or ""
        now = time.time()
        for partition, n in _SHOWN.findall(text):
            probes.metrics[int(partition)].append((now, int(n)))
        time.sleep(max(0.0, started + POLL - time.time()))


async def follow(bootstrap: str, probes: Probes) -> None:
    """Read the updates of the probes' regions as everybody should, until all are there."""
    keys = {b'["nps","default","1h",{"region":"probe-%d"},{}]' % n: n for n in range(PARTITIONS)}
    decode = msgspec.json.Decoder(Update).decode
    consumer = AIOKafkaConsumer(
        "cx.metrics",
        bootstrap_servers=bootstrap,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        fetch_max_wait_ms=50,
    )
    async with consumer:
        while probes.missing(probes.topic):
            fetched = await consumer.getmany(timeout_ms=200)
            now = time.time()
            for record in (record for held in fetched.values() for record in held):
                if record.value and (number := keys.get(record.key or b"")) is not None:
                    probes.topic[number].append((now, decode(record.value).n))


async def measure(kafka: Kafka, home: Path, seconds: float) -> Result:
    """Run it once."""
    await kafka.create_topic("survey.answers", PARTITIONS)
    with worker(kafka.bootstrap, home, "latency", EXPOSED) as (process, port):
        probes = Probes()
        start = time.time() + 10.0  # until then everything to send is made
        events = list(schedule(WARM + seconds, start, probes))
        end = events[-1].at + PATIENCE
        following = asyncio.create_task(follow(kafka.bootstrap, probes))
        looking = asyncio.create_task(asyncio.to_thread(look, port, probes, end))
        before = cpu.spent(process.pid)
        await send(kafka.bootstrap, "survey.answers", events)
        late = time.time() - events[-1].at
        spent = cpu.spent(process.pid) - before
        await looking
        await asyncio.wait_for(following, PATIENCE)
    return Result(
        metrics=probes.ages(probes.metrics, start + WARM),
        topic=probes.ages(probes.topic, start + WARM),
        late=late,
        cpu=spent / (WARM + seconds),
    )


def table(result: Result) -> Iterator[str]:
    """Write the result as a table in Markdown."""
    yield "| event to | p50 | p90 | p99 | most | probes |"
    yield "|---|---|---|---|---|---|"
    for name, ages in (("`/metrics`", result.metrics), ("`cx.metrics`", result.topic)):
        hundredths = statistics.quantiles(ages, n=100)
        cells = (hundredths[49], hundredths[89], hundredths[98], max(ages))
        yield f"| {name} | {' | '.join(f'{cell:.2f} s' for cell in cells)} | {len(ages):,} |"
    yield ""
    yield (
        f"At {RATE:,} events a second the worker used {result.cpu:.2f} of a core, "
        f"{result.cpu / RATE * 1e6:.1f} us an event. The sender ended {result.late:.2f} s late."
    )


async def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Kafka(Path(folder)) as kafka:
        result = await measure(kafka, Path(folder), options.seconds)
    print("\n".join(table(result)))


if __name__ == "__main__":
    asyncio.run(main())
