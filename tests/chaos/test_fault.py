"""Faults for minutes, by seeded dice, and every published value is the plain batch in the end.

`make chaos` runs them; `tests/integration/test_run.py` is the short form. Half of the events have
no id, for removal by id would hide an event that is folded twice.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.service import broken
from tests.service.kafka import Kafka
from tests.service.trial import SEEDS, Trial, trial

KILLS = 20  # of each seed
CHANGES = 20
FREEZES = 3
RESTARTS = 5
CUTS = 3
AWAY = (8.0, 14.0)  # seconds, longer than the session


@asynccontextmanager
async def judged(kafka: Kafka, home: Path, seed: int) -> AsyncIterator[Trial]:
    """A trial that ends with its verdict."""
    kafka.start()
    async with trial(kafka, home, seed) as going:
        yield going
        await going.pause(1, 2)
        expected, faults = await going.verdict()
        assert not faults
        assert expected.verdicts["folded"] > 10_000


@pytest.mark.parametrize("seed", SEEDS)
async def test_kills(kafka: Kafka, tmp_path: Path, seed: int) -> None:
    """Workers are killed at random instants, one after the other, and replaced."""
    async with judged(kafka, tmp_path, seed) as going:
        alive = list(going.site.workers)
        for _ in range(KILLS):
            victim = alive.pop(going.dice.randrange(len(alive)))
            alive.append(await going.kill(victim))


@pytest.mark.parametrize("seed", SEEDS)
async def test_joins_and_leaves(kafka: Kafka, tmp_path: Path, seed: int) -> None:
    """Workers come and go in good order, now and then before they are ready."""
    async with judged(kafka, tmp_path, seed) as going:
        for _ in range(CHANGES // 2):
            hasty = going.dice.random() < 0.3
            worker = going.site.worker() if hasty else await going.start()
            await going.pause(0.0, 3.0)
            await asyncio.to_thread(worker.stop)
            assert worker.code == 0


@pytest.mark.parametrize("seed", SEEDS)
async def test_freezes(kafka: Kafka, tmp_path: Path, seed: int) -> None:
    """Workers are stopped beyond their session, and go on as if nothing had been."""
    async with judged(kafka, tmp_path, seed) as going:
        for _ in range(FREEZES):
            await going.pause(0.5, 2)
            worker = going.dice.choice(going.site.workers)
            await going.freeze(worker, going.dice.uniform(*AWAY))
            await asyncio.to_thread(worker.wait_ready)


@pytest.mark.parametrize("seed", SEEDS)
async def test_cuts(kafka: Kafka, tmp_path: Path, seed: int) -> None:
    """A worker loses sight of the broker beyond its session, and finds its way back."""
    with kafka.cable() as cable:
        async with judged(kafka, tmp_path, seed) as going:
            far = going.site.worker(f"127.0.0.1:{cable.port}")
            await asyncio.to_thread(far.wait_ready)
            for _ in range(CUTS):
                await going.pause(1, 3)
                cable.cut()
                await going.pause(*AWAY)
                cable.mend()
                await asyncio.to_thread(far.wait_ready)


@pytest.mark.parametrize("seed", SEEDS)
async def test_broker_restarts(kafka: Kafka, tmp_path: Path, seed: int) -> None:
    """The broker is stopped or killed and comes back; workers find it by themselves."""
    async with judged(kafka, tmp_path, seed) as going:
        for _ in range(RESTARTS):
            await going.pause(1, 4)
            end = kafka.kill if going.dice.random() < 0.5 else kafka.stop
            await asyncio.to_thread(end)
            await going.pause(0, 3)
            await asyncio.to_thread(kafka.start)
            for worker in going.site.workers:
                await asyncio.to_thread(worker.wait_ready)


@pytest.mark.parametrize("seed", SEEDS)
async def test_everything_at_once(kafka: Kafka, tmp_path: Path, seed: int) -> None:
    """Kills, freezes, joins, leaves and restarts in any order, two at a time."""
    async with judged(kafka, tmp_path, seed) as going:
        alive = list(going.site.workers)
        for _ in range(KILLS // 2):
            roll = going.dice.random()
            if roll < 0.4:
                alive.append(await going.kill(alive.pop(0)))
            elif roll < 0.6:
                await going.freeze(going.dice.choice(alive), going.dice.uniform(*AWAY))
            elif roll < 0.8:
                alive.append(going.site.worker())
                await going.pause(0, 3)
                await asyncio.to_thread(alive.pop(0).stop)
            else:
                await asyncio.to_thread(kafka.kill)
                await asyncio.to_thread(kafka.start)


@pytest.mark.parametrize("protection", broken.PROTECTIONS)
async def test_a_broken_protocol_is_noticed(kafka: Kafka, tmp_path: Path, protection: str) -> None:
    """With one protection taken away, kills and freezes make the verdict red."""
    kafka.start()
    async with trial(kafka, tmp_path, 1, broken.program(protection)) as going:
        alive = list(going.site.workers)
        for _ in range(3):
            await going.freeze(alive[-1], AWAY[0])
            alive.append(await going.kill(alive.pop(0)))
        _, faults = await going.verdict(15)
        assert [fault for fault in faults if ": n " in fault]
