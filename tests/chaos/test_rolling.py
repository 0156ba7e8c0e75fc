"""Workers are replaced one after the other, as a deployment does: readers hardly notice."""

import asyncio
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.service.kafka import Kafka
from tests.service.trial import SEEDS, Trial, trial
from tests.service.worker import Worker

ROUNDS = 2
LOOK = 0.1  # seconds between scrapes
SLACK = 2.0  # seconds for a scrape and the publication that it sees


class Watch:
    """Scrapes all workers, and books for how long each series was on none of them."""

    def __init__(self, going: Trial) -> None:
        self.longest = 0.0
        self._going = going
        self._seen: dict[str, float] = {}

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            alive = [worker for worker in self._going.site.workers if worker.code is None]
            texts = await asyncio.gather(*(asyncio.to_thread(scrape, worker) for worker in alive))
            now = time.monotonic()
            for name in set[str]().union(*texts):
                self.longest = max(self.longest, now - self._seen.get(name, now))
                self._seen[name] = now
            await asyncio.sleep(LOOK)

    def blank(self) -> float:
        """Say for how many seconds any series was blank at most, those that are blank included."""
        return max(self.longest, time.monotonic() - min(self._seen.values()))


def scrape(worker: Worker) -> set[str]:
    """Name the series of values, by metric and labels, that a worker shows."""
    lines = worker.get("/metrics")[1].splitlines()
    return {line.rpartition(" ")[0] for line in lines if line.startswith("cx_nps")}


async def replace(going: Trial, worker: Worker) -> float:
    """Start a worker, end another in good order; return how long until all have theirs again."""
    fresh = await going.start()
    began = time.monotonic()
    await asyncio.to_thread(worker.stop)
    assert worker.code == 0
    for other in going.site.workers:
        if other.code is None:
            await asyncio.to_thread(other.wait_ready)
    assert fresh.code is None
    return time.monotonic() - began


@pytest.mark.parametrize("seed", SEEDS)
async def test_rolling_restarts_are_hardly_noticed(kafka: Kafka, tmp_path: Path, seed: int) -> None:
    """Every value is the plain batch, and no series is blank for longer than a rebalance."""
    kafka.start()
    async with trial(kafka, tmp_path, seed) as going:
        await going.start()
        await going.pause(3, 4)
        watch = Watch(going)
        watching = asyncio.create_task(watch.run())
        longest = 0.0
        for _ in range(ROUNDS):
            for worker in [one for one in going.site.workers if one.code is None]:
                await going.pause(1, 2)
                longest = max(longest, await replace(going, worker))
        await going.pause(1, 2)
        blank = watch.blank()
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        print(f"blank for {blank:.1f} s at most, rebalances of {longest:.1f} s at most")
        assert blank <= longest + SLACK
        _, faults = await going.verdict()
        assert not faults
