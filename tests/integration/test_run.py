"""Workers come, go and die while events flow: every value is the plain batch in the end."""

import asyncio
from pathlib import Path

import pytest

from tests.service.kafka import Kafka
from tests.service.trial import trial

KILLS = 3


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
        assert '["nps","default","24h",{"region":"fr"},{}]' in expected.updates
