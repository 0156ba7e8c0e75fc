"""From an event to where it can be read: `/metrics`, and the topic of updates.

`python -m bench.latency` sends 10,000 answers a second for a minute to a real Kafka, probes among
them (`bench.probe`). `/metrics` is asked every 100 ms, `cx.metrics` is read as it grows, and an
event's age is taken from the time at which it was to be sent: a sender that is late makes it worse,
never better. The exposition is limited to NPS of one hour, so that asking so often is not what is
measured.

With several rates (`--rate 10000 20000 40000`) each has a worker and a broker of its own. It ends
after the first that one worker does not hold: of whose events more than 1 % are on `/metrics` only
after a second.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from aiokafka import AIOKafkaConsumer

from bench import cpu
from bench.answer import RATE
from bench.probe import EXPOSED, PARTITIONS, POLL, Seen, Sighting, look, nothing, schedule, send
from bench.process import worker
from tests.service.kafka import Kafka

WARM = 5.0  # seconds at the start that do not count
PATIENCE = 120.0  # seconds in which the last events may still show
LEAD = 5.0  # seconds before the first event, and so long for each event: until then all are made
LEAD_EACH = 25e-6
HELD = 1.0  # seconds: the age of 99 % of events at a rate that is held


class Update(msgspec.Struct):
    """What is read of an update."""

    n: int


class Result(msgspec.Struct, frozen=True):
    """What was found, in seconds: ages where they were seen, how late the sender was.

    `cores` is the worker's CPU time until all was on `/metrics`, by the second; `us` by the event.
    """

    rate: int
    metrics: list[float]
    topic: list[float]
    late: float
    cores: float
    us: float

    @property
    def held(self) -> bool:
        """Whether the worker holds the rate."""
        return statistics.quantiles(self.metrics, n=100)[98] < HELD


class Probes:
    """Which probes were to be sent when, and when how many of them were seen, by partition."""

    def __init__(self) -> None:
        self.sent: list[list[float]] = [[] for _ in range(PARTITIONS)]
        self.metrics = nothing()
        self.topic = nothing()

    def ages(self, seen: Seen, since: float) -> list[float]:
        """Say how old each probe sent since then was when it was first counted, in seconds."""
        return [
            self._first(seen[number], at) - planned
            for number, sent in enumerate(self.sent)
            for at, planned in enumerate(sent, 1)
            if planned >= since
        ]

    def missing(self, seen: Seen) -> bool:
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


def watch(port: int, probes: Probes, until: float) -> None:
    """Ask `/metrics` again and again, until it shows every probe or the time is over."""
    while probes.missing(probes.metrics) and (started := time.time()) < until:
        look(port, probes.metrics)
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


async def measure(kafka: Kafka, home: Path, rate: int, seconds: float) -> Result:
    """Run it once."""
    await kafka.create_topic("survey.answers", PARTITIONS)
    with worker(kafka.bootstrap, home, "latency", EXPOSED) as (process, port):
        probes, length = Probes(), WARM + seconds
        start = time.time() + LEAD + LEAD_EACH * rate * length
        events = list(schedule(rate, length, start, probes.sent))
        end = events[-1].at + PATIENCE
        await asyncio.sleep(max(0.0, start - time.time()))
        following = asyncio.create_task(follow(kafka.bootstrap, probes))
        watching = asyncio.create_task(asyncio.to_thread(watch, port, probes, end))
        before = cpu.spent(process.pid)
        await send(kafka.bootstrap, "survey.answers", events)
        late = time.time() - events[-1].at
        await watching
        spent, took = cpu.spent(process.pid) - before, time.time() - start
        await asyncio.wait_for(following, PATIENCE)
    return Result(
        rate=rate,
        metrics=probes.ages(probes.metrics, start + WARM),
        topic=probes.ages(probes.topic, start + WARM),
        late=late,
        cores=spent / took,
        us=spent / len(events) * 1e6,
    )


def rows(result: Result) -> Iterator[str]:
    """Write a result as rows of the table in Markdown."""
    for name, ages in (("`/metrics`", result.metrics), ("`cx.metrics`", result.topic)):
        hundredths = statistics.quantiles(ages, n=100)
        cells = (hundredths[49], hundredths[89], hundredths[98], max(ages), result.late)
        yield (
            f"| {result.rate:,} | {name} | {len(ages):,} "
            f"| {' | '.join(f'{cell:.2f} s' for cell in cells)} "
            f"| {result.cores:.2f} | {result.us:.1f} |"
        )


HEADING = """\
| events a second | to | probes | p50 | p90 | p99 | most | sender late | cores | us an event |
|---|---|---|---|---|---|---|---|---|---|"""


async def main() -> None:
    """Read the options, measure, print each rate as it is known."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rate", type=int, nargs="+", default=[RATE], help="events a second")
    options = parser.parse_args()
    print(HEADING)
    for rate in options.rate:
        with tempfile.TemporaryDirectory() as folder, Kafka(Path(folder)) as kafka:
            result = await measure(kafka, Path(folder), rate, options.seconds)
        print("\n".join(rows(result)), flush=True)
        if not result.held:
            print(f"\n{rate:,} events a second are not held: p99 is not below {HELD:.0f} s.")
            break


if __name__ == "__main__":
    asyncio.run(main())
