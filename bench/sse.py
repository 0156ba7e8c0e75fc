"""What connected pages cost a worker: `python -m bench.sse`.

A worker without events of its own follows a topic to which `--rate` updates a second are written,
spread over metrics, windows and segments. Its CPU time is taken with nobody connected, with
`--pages` streams open, and with as many whole pages, which ask for the status and the ranking too;
before all, with nobody having asked for anything. It prints each as percent of a core.
"""

import argparse
import asyncio
import itertools
import random
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import ClientSession, ClientTimeout, TCPConnector

from bench import cpu
from metrics.update import Update
from tests.service.kafka import Kafka
from tests.service.press import Press, update
from tests.service.worker import Site, Worker

REGIONS = ("fr", "de", "us", "uk", "es", "it")
PRODUCTS = ("web", "app", "store")
METRICS = {"nps": 34.0, "csat": 0.8, "ces": 0.7, "fcr": 0.6, "aht": 240.0, "active_users": 900.0}
WINDOWS = ("1h", "24h", "7d", "30d")
CONFIG = {
    "dimensions": ["region", "product"],
    "groupings": [[], ["region"], ["region", "product"]],
    "windows": {"rolling": list(WINDOWS)},
}
SEGMENTS: list[dict[str, str]] = [
    {},
    *({"region": region} for region in REGIONS),
    *({"region": r, "product": p} for r, p in itertools.product(REGIONS, PRODUCTS)),
]
STATUS_EVERY, RANKING_EVERY = 2.0, 5.0


async def feed_topic(kafka: Kafka, topic: str, rate: int) -> None:
    """Publish updates of keys by chance, ten times a second, for good."""
    dice = random.Random(1)
    async with Press(kafka, topic) as press:
        while True:
            began = time.monotonic()
            await press.put([change(dice) for _ in range(rate // 10)])
            await asyncio.sleep(max(0.0, began + 0.1 - time.monotonic()))


def change(dice: random.Random) -> Update:
    """Make a new value of some key."""
    metric = dice.choice(tuple(METRICS))
    value = METRICS[metric] * dice.uniform(0.9, 1.1)
    segment = dice.choice(SEGMENTS)
    return update(metric, dice.choice(WINDOWS), value=value, margin=value / 9, segment=segment)


class Page:
    """One page: a window and a segment."""

    def __init__(self, session: ClientSession, number: int) -> None:
        self._session = session
        self._window = WINDOWS[number % len(WINDOWS)]
        self._segment = SEGMENTS[number % len(SEGMENTS)]
        self.messages = 0

    async def listen(self) -> None:
        """Read the stream."""
        grouping = ",".join(self._segment) or "all"
        asked = {"window": self._window, "grouping": grouping, **self._segment}
        async with self._session.get("/events", params=asked) as response:
            async for line in response.content:
                self.messages += line.startswith(b"data:")

    async def poll(self, path: str, every: float) -> None:
        """Ask for something again and again."""
        await asyncio.sleep(random.random() * every)
        while True:
            async with self._session.get(path) as response:
                await response.read()
            await asyncio.sleep(every)

    async def ask(self) -> None:
        """Ask for what a page asks for beside the stream."""
        ranking = f"/api/ranking?metric=nps&window={self._window}&grouping=region&limit=10"
        await asyncio.gather(
            self.poll("/api/status", STATUS_EVERY), self.poll(ranking, RANKING_EVERY)
        )


@asynccontextmanager
async def going(*work: asyncio.Task[None]) -> AsyncIterator[None]:
    """Let tasks run for the length of a block; one that has failed fails the block."""
    try:
        yield
        for task in work:
            if task.done():
                task.result()
    finally:
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)


async def share(worker: Worker, seconds: float) -> float:
    """Take a worker's CPU time over some seconds, as percent of a core."""
    await asyncio.sleep(3)  # until what was just begun has settled
    began, before = time.monotonic(), cpu.spent(worker.pid)
    await asyncio.sleep(seconds)
    return (cpu.spent(worker.pid) - before) / (time.monotonic() - began) * 100


async def measure(worker: Worker, pages: int, seconds: float) -> Sequence[tuple[str, float]]:
    """Measure with nobody, a follower, streams, and whole pages."""
    found = [("nobody has asked", await share(worker, seconds))]
    limits = ClientTimeout(total=None)
    address = f"http://127.0.0.1:{worker.port}"
    async with ClientSession(address, connector=TCPConnector(limit=0), timeout=limits) as session:
        async with session.get("/api/values?metric=nps") as response:
            response.raise_for_status()
        found.append(("following", await share(worker, seconds)))
        opened = [Page(session, number) for number in range(pages)]
        async with going(*(asyncio.create_task(page.listen()) for page in opened)):
            found.append((f"{pages} streams", await share(worker, seconds)))
            async with going(*(asyncio.create_task(page.ask()) for page in opened)):
                found.append((f"{pages} pages", await share(worker, seconds)))
        messages = sum(page.messages for page in opened)
    return [*found, ("messages a page and second", messages / pages / (2 * seconds + 6))]


async def measured(
    kafka: Kafka, home: Path, options: argparse.Namespace
) -> Sequence[tuple[str, float]]:
    """Measure a worker of its own."""
    with Site(kafka, home, CONFIG) as site:
        await site.create(1)
        worker = await asyncio.to_thread(site.worker().wait_ready)
        feeding = asyncio.create_task(feed_topic(kafka, site.updates, options.rate))
        async with going(feeding):
            return await measure(worker, options.pages, options.seconds)


async def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=200)
    parser.add_argument("--rate", type=int, default=300, help="updates a second")
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Kafka(Path(folder)) as kafka:
        found = await measured(kafka, Path(folder), options)
    for name, value in found:
        print(f"{name:28} {value:6.2f}" + ("" if "message" in name else " % of a core"))


if __name__ == "__main__":
    asyncio.run(main())
