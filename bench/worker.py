"""What an event costs: the whole worker against the floor and against stock Faust.

`python -m bench.worker` measures in turn, several times: the floor (`bench.floor`), `ressenti run`
with transactions, the same with one feature less (`--features`), and stock Faust. It prints CPU
microseconds per event, user and system, all threads of the process; the least of the repetitions
and their median; and the ratios, which a busy machine changes less.

The worker is ready before its input shows, and what it uses while idle is taken off, so neither
starting nor waiting counts; merging and publishing of all that was read does.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from aiokafka.admin import AIOKafkaAdminClient

from bench import cpu
from bench.answer import answers, partitions, size
from bench.process import get, printed, worker
from bench.topic import committed, fill, sealed
from tests.service.kafka import Kafka, unique

PARTITIONS = 8
SETTLE = 3.0  # seconds in which what is committed is merged and published
PATIENCE = 300.0  # seconds to read a topic
STOCK_EVENTS = 4_000
FLOOR, FULL, STOCK = "floor", "whole worker", "stock Faust"
LESS: dict[str, dict[str, str]] = {
    "without active users": {"METRICS__ACTIVE_USERS__ENABLED": "false"},
    "without groupings": {"GROUPINGS": "[[]]"},
    "without transactions": {"KAFKA__DELIVERY": "at_least_once"},
    "published once": {"WINDOWS__PUBLISH_EVERY": "1h"},
}
"""What else is measured: a feature less, by environment variables."""

HEADING = (
    "| | us an event: least | median | most | of the floor, same turn: least | median |",
    "|---|---|---|---|---|---|",
)

Show = Callable[[], Awaitable[None]]
"""Makes the records of a sealed topic visible."""


class Spent(NamedTuple):
    """What a run took: CPU microseconds per event, and seconds until the last was committed."""

    us: float
    seconds: float


Found = dict[str, list[float]]
"""By what was measured, CPU microseconds per event of each repetition."""


class Bench:
    """A broker, and the values of each partition that every candidate reads."""

    def __init__(
        self, kafka: Kafka, home: Path, spread: Sequence[Sequence[bytes]], batch: int
    ) -> None:
        self.kafka = kafka
        self.home = home
        self.batch = batch
        self.spread = spread

    async def turn(self, features: bool) -> dict[str, float]:
        """Measure everything once; floor and worker read the same records."""
        found: dict[str, float] = {}
        async with self.topic() as (topic, show):
            found[FULL] = (await self.worker(topic, show)).us
            found[FLOOR] = await self.floor(topic)
        for name, variables in LESS.items() if features else ():
            async with self.topic() as (topic, show):
                found[name] = (await self.worker(topic, show, variables)).us
        found[STOCK] = await self._stock()
        return found

    @property
    def events(self) -> int:
        """How many there are."""
        return sum(map(len, self.spread))

    @asynccontextmanager
    async def topic(self) -> AsyncIterator[tuple[str, Show]]:
        """Give a topic whose records nobody sees yet, and what shows them; it is deleted after."""
        topic = unique("answers")
        await self.kafka.create_topic(topic, len(self.spread))
        async with sealed(self.kafka.bootstrap, topic, self.spread, self.batch) as producer:
            yield topic, producer.commit_transaction
        async with admin(self.kafka.bootstrap) as client:
            await client.delete_topics([topic])

    async def worker(
        self, topic: str, show: Show, variables: Mapping[str, str] | None = None, count: int = 1
    ) -> Spent:
        """Run workers until they have committed the whole topic and published what it says."""
        group, bootstrap = unique("bench"), self.kafka.bootstrap
        chosen = {"TOPICS__SURVEY_ANSWERS": topic, **(variables or {})}
        with ExitStack() as stack:
            started = [
                stack.enter_context(worker(bootstrap, self.home, group, chosen))
                for _ in range(count)
            ]
            # the last to join takes partitions from the others
            while not all(get(port, "/readyz") for _, port in started):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
            pids = [process.pid for process, _ in started]
            before = _spent(pids)
            await asyncio.sleep(SETTLE)
            ready, began = _spent(pids), time.monotonic()
            await show()
            await self._read(group, topic)
            seconds = time.monotonic() - began
            await asyncio.sleep(SETTLE)
            idle = ready - before
            return Spent((_spent(pids) - ready - idle) / self.events * 1e6, seconds)

    async def _read(self, group: str, topic: str) -> None:
        """Wait until the group has committed the whole topic."""
        async with admin(self.kafka.bootstrap) as client, asyncio.timeout(PATIENCE):
            # asked, as nobody tells when it is done
            while await committed(client, group, topic) < self.events:  # noqa: ASYNC110
                await asyncio.sleep(0.1)

    async def floor(self, topic: str) -> float:
        """Run the floor over a topic that is shown."""
        return await self._program("bench.floor", topic, self.events)

    async def _stock(self) -> float:
        few = [values[: STOCK_EVENTS // len(self.spread)] for values in self.spread]
        topic = unique("few")
        await self.kafka.create_topic(topic, len(self.spread))
        await fill(self.kafka.bootstrap, topic, few, self.batch)
        return await self._program("bench.stock", topic, sum(map(len, few)))

    async def _program(self, module: str, topic: str, events: int) -> float:
        return await asyncio.to_thread(printed, module, self.kafka.bootstrap, topic, events)


def _spent(pids: Sequence[int]) -> float:
    return sum(map(cpu.spent, pids))


@asynccontextmanager
async def admin(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """Give a client that asks about topics and groups."""
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


async def measure(bench: Bench, repeats: int, features: bool) -> Found:
    """Measure everything in turn, `repeats` times."""
    found: Found = {}
    for _ in range(repeats):
        for name, spent in (await bench.turn(features)).items():
            found.setdefault(name, []).append(spent)
            print(f"{name:24} {spent:8.2f} us", file=sys.stderr, flush=True)
    return found


def row(name: str, spent: Sequence[float], floor: Sequence[float]) -> str:
    """Write a row below `HEADING`; a ratio is formed within one turn."""
    ratios = [one / least for one, least in zip(spent, floor, strict=True)]
    cells = (min(spent), statistics.median(spent), max(spent))
    return (
        f"| {name} | {' | '.join(f'{cell:.2f}' for cell in cells)} "
        f"| {min(ratios):.1f} | {statistics.median(ratios):.1f} |"
    )


def table(found: Found) -> Iterator[str]:
    """Write the result as a table in Markdown."""
    yield from HEADING
    for name in (FLOOR, FULL, *LESS, STOCK):
        if spent := found.get(name):
            yield row(name, spent, found[FLOOR])


async def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--batch", type=int, default=1_000, help="records in a record batch")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--features", action="store_true", help="also with a feature less")
    options = parser.parse_args()
    spread = partitions(answers(options.events, time.time_ns() // 1_000_000), PARTITIONS)
    with tempfile.TemporaryDirectory() as folder, Kafka(Path(folder)) as kafka:
        bench = Bench(kafka, Path(folder), spread, options.batch)
        found = await measure(bench, options.repeats, options.features)
    each = size(spread[0])
    print(f"{options.events:,} events of {each:.0f} bytes, {options.batch} a record batch\n")
    print("\n".join(table(found)))


if __name__ == "__main__":
    asyncio.run(main())
