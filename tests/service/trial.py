"""One trial: workers under traffic, faults by seeded dice, and the verdict in the end."""

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from stream import topic
from tests.service.abandoned import abandoned
from tests.service.judge import Judge
from tests.service.kafka import Kafka
from tests.service.letter import wrong_letters
from tests.service.reader import records
from tests.service.traffic import Traffic, config
from tests.service.truth import Truth, truth
from tests.service.worker import RESSENTI, Site, Worker

SEEDS = range(int(os.environ.get("SEEDS", "5")))
"""Of the dice of the long tests: `SEEDS=1` for a fifth of them."""

PARTITIONS = 4
SETTLE_SECONDS = 60
ALLOWED = [{"place": f"p{number}"} for number in range(PARTITIONS)]
CONFIG = {**config(), "segments": {"max": 1, "allow": ALLOWED}}
REFUSED = ("fr", "us")
"""Regions that shards own which may admit nobody; one of them is not on the shard of `(other)`."""


class Trial:
    """Workers of one site, under traffic; `dice` say when and whom a fault hits."""

    def __init__(self, site: Site, judge: Judge, seed: int) -> None:
        self.site = site
        self.judge = judge
        self.dice = random.Random(seed)
        self.traffic = Traffic(site.kafka, site.source(), PARTITIONS, seed)
        self.hits: list[bool] = []
        """Of each kill, whether it hit an open transaction."""

    async def start(self) -> Worker:
        """Start a worker and wait until it is ready."""
        worker = self.site.worker()
        await asyncio.to_thread(worker.wait_ready)
        return worker

    async def pause(self, least: float, most: float) -> None:
        """Let some seconds pass."""
        await asyncio.sleep(self.dice.uniform(least, most))

    async def kill(self, worker: Worker, aimed: bool = False) -> Worker:
        """End a worker at some instant with SIGKILL and start another in its place.

        An aimed one finds a transaction open: the worker is stopped at instants until it is so.
        """
        await self.pause(0.5, 2.5)
        if aimed:
            worker.freeze()
        while aimed and not await self._abandoned():
            worker.thaw()
            await self.pause(0.1, 0.3)
            worker.freeze()
        worker.kill()
        self.hits.append(await self._abandoned())
        return await self.start()

    async def _abandoned(self) -> bool:
        site = self.site
        states = topic.fold_state(site.group, site.source()), topic.merge_state(site.group)
        return bool(await abandoned(site.kafka, states))

    async def freeze(self, worker: Worker, seconds: float) -> None:
        """Stop a worker where it stands, beyond its session, and let it go on."""
        worker.freeze()
        await asyncio.sleep(seconds)
        worker.thaw()

    async def verdict(self, seconds: float = SETTLE_SECONDS) -> tuple[Truth, list[str]]:
        """End the traffic, wait until all is read, and say what is false: values, dead letters."""
        self.traffic.end()
        await asyncio.sleep(0.5)
        site = self.site
        now = time.time_ns() // 1_000_000
        expected = await truth(site, now, REFUSED)
        faults = await self.judge.settle(expected.updates, seconds)
        strays = self.judge.strays(expected.paths())
        letters = await records(site.kafka, site.letters)
        return expected, [*faults, *strays, *wrong_letters(site, letters, expected)]


@asynccontextmanager
async def trial(
    kafka: Kafka,
    home: Path,
    seed: int,
    program: Sequence[str | Path] = RESSENTI,
    redis: str | None = None,
) -> AsyncIterator[Trial]:
    """Two workers, ready, and traffic; `program` stands for `ressenti`, `redis` is an address."""
    sinks = {"redis": {"url": redis}} if redis else {}
    with Site(kafka, home, {**CONFIG, **sinks}, program) as site:
        await site.create(PARTITIONS)
        first, second = site.worker(), site.worker()
        await asyncio.to_thread(first.wait_ready)
        await asyncio.to_thread(second.wait_ready)
        async with Judge(kafka, site.updates) as judge:
            made = Trial(site, judge, seed)
            sending = asyncio.create_task(made.traffic.run())
            try:
                yield made
            finally:
                made.traffic.end()
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)
