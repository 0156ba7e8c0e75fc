"""Workers come, go and die while events flow: every value is the plain batch in the end."""

import asyncio
from pathlib import Path

import pytest

from tests.service import broken
from tests.service.judge import miscounted
from tests.service.kafka import Kafka
from tests.service.trial import trial

KILLS = 3
FROZEN_SECONDS = 9.0  # longer than the session


@pytest.mark.timeout(200)
async def test_workers_come_go_and_die_without_loss_or_repeat(kafka: Kafka, tmp_path: Path) -> None:
    """Half of the events without id, recent and old ones; no update is ever above the truth."""
    async with trial(kafka, tmp_path, seed=1) as going:
        first, second, third = *going.site.workers, await going.start()
        await asyncio.to_thread(first.stop)
        assert first.code == 0
        alive = [second, third]
        for _ in range(KILLS):
            victim = alive.pop(going.dice.randrange(len(alive)))
            alive.append(await going.kill(victim))
        await going.pause(1, 2)
        expected, faults = await going.verdict()
        assert not faults
        assert expected.verdicts["folded"] > 20_000
        assert {"dead", "late", "future", "duplicate", "excluded"} <= expected.verdicts.keys()
        segments = [one["segment"] for one in expected.updates.values()]
        regions = {segment["region"] for segment in segments if "region" in segment}
        assert regions == {"de", "(other)"}
        metrics = [worker.get("/metrics")[1] for worker in alive]
        assert any('ressenti_refused_deltas_total{grouping="region"}' in one for one in metrics)


@pytest.mark.parametrize("protection", ["offset-first", "deltas-first"])
async def test_a_flush_in_two_halves_is_noticed(
    kafka: Kafka, tmp_path: Path, protection: str
) -> None:
    """The verdict can fail: with the deltas and the position apart, kills lose or double."""
    async with trial(kafka, tmp_path, 2, broken.program(protection)) as going:
        alive = list(going.site.workers)
        for _ in range(KILLS):
            alive.append(await going.kill(alive.pop(0)))
        _, faults = await going.verdict(10)
        assert miscounted(faults)


async def test_a_missing_fence_is_noticed(kafka: Kafka, tmp_path: Path) -> None:
    """The verdict can fail: who wakes up after its session and is not fenced counts twice."""
    async with trial(kafka, tmp_path, 3, broken.program("no-fence")) as going:
        await going.pause(1, 2)
        await going.freeze(going.site.workers[0], FROZEN_SECONDS)
        await going.pause(1, 2)
        _, faults = await going.verdict(10)
        assert miscounted(faults)
