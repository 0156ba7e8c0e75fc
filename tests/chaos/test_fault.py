"""Faults for minutes, by seeded dice, and every published value is the plain batch in the end.

`make chaos` runs them; `tests/integration/test_run.py` is the short form. Half of the events have
no id, for removal by id would hide an event that is folded twice.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.service import broken
from tests.service.judge import miscounted
from tests.service.kafka import Kafka
from tests.service.trial import SEEDS, Trial, trial

AWAY = (8.0, 14.0)  # seconds, longer than the session
HIT = (0.05, 0.3)
"""How many of all kills are to hit an open transaction: some, and not only such instants."""

MIX = {"duplicate": 0.09, "late": 0.09, "dead": 0.008, "future": 0.008}
"""What else there is among the events, as shares: at least."""

Scenario = Callable[[Trial, int], Awaitable[None]]
"""Does so many times what it is called."""


async def kills(going: Trial, times: int) -> None:
    """Workers are killed at random instants, one after the other, and replaced.

    About each tenth hits an open transaction; the last one is made to, however few there are.
    """
    alive = list(going.site.workers)
    for number in range(times):
        victim = alive.pop(going.dice.randrange(len(alive)))
        alive.append(await going.kill(victim, aimed=number == times - 1))


async def joins_and_leaves(going: Trial, times: int) -> None:
    """Workers come and go in good order, now and then before they are ready."""
    for _ in range(times):
        hasty = going.dice.random() < 0.3
        worker = going.site.worker() if hasty else await going.start()
        await going.pause(0.0, 3.0)
        await asyncio.to_thread(worker.stop)
        # before it listens to the signal it just ends
        assert worker.code in ((0, -signal.SIGTERM) if hasty else (0,))


async def freezes(going: Trial, times: int) -> None:
    """Workers are stopped beyond their session, and go on as if nothing had been."""
    for _ in range(times):
        await going.pause(0.5, 2)
        worker = going.dice.choice(going.site.workers)
        await going.freeze(worker, going.dice.uniform(*AWAY))
        await asyncio.to_thread(worker.wait_ready)


async def cuts(going: Trial, times: int) -> None:
    """A worker loses sight of the broker beyond its session, and finds its way back."""
    with going.site.kafka.cable() as cable:
        far = going.site.worker(f"127.0.0.1:{cable.port}")
        await asyncio.to_thread(far.wait_ready)
        for _ in range(times):
            await going.pause(1, 3)
            cable.cut()
            await going.pause(*AWAY)
            cable.mend()
            await asyncio.to_thread(far.wait_ready)
        await asyncio.to_thread(far.stop)


async def broker_restarts(going: Trial, times: int) -> None:
    """The broker is stopped or killed and comes back; workers find it by themselves."""
    kafka = going.site.kafka
    for _ in range(times):
        await going.pause(1, 4)
        await asyncio.to_thread(kafka.kill if going.dice.random() < 0.5 else kafka.stop)
        await going.pause(0, 3)
        await asyncio.to_thread(kafka.start)
        for worker in going.site.workers:
            await asyncio.to_thread(worker.wait_ready)


async def everything_at_once(going: Trial, times: int) -> None:
    """Kills, freezes, joins, leaves and restarts in any order, two at a time."""
    kafka, alive = going.site.kafka, list(going.site.workers)
    for _ in range(times):
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


TIMES: dict[Scenario, int] = {
    kills: 20,
    joins_and_leaves: 10,
    freezes: 3,
    cuts: 3,
    broker_restarts: 5,
    everything_at_once: 10,
}
"""How often, of each seed."""

hits: list[bool] = []
"""Of every kill of the scenario `kills` so far, whether it hit an open transaction."""


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("scenario", TIMES)
async def test_every_value_is_the_batch(
    kafka: Kafka, tmp_path: Path, scenario: Scenario, seed: int
) -> None:
    """Of some prefix at any moment, and of all within a minute of the last fault."""
    kafka.start()
    async with trial(kafka, tmp_path, seed) as going:
        await scenario(going, TIMES[scenario])
        await going.pause(1, 2)
        expected, faults = await going.verdict()
        assert not faults
        kinds = expected.verdicts
        assert kinds["folded"] > 10_000
        assert {kind: kinds[kind] for kind in MIX if kinds[kind] < MIX[kind] * kinds.total()} == {}
        if scenario is kills:
            hits.extend(going.hits)


def test_kills_hit_open_transactions() -> None:
    """Of the kills of all seeds a fair share found a transaction open: neither few nor all."""
    assert len(hits) >= TIMES[kills], "`kills` must run before"
    print(f"{sum(hits)} of {len(hits)} kills hit an open transaction")
    assert HIT[0] <= sum(hits) / len(hits) <= HIT[1]


BREACHES = [
    (kills, "offset-first", 3),
    (kills, "deltas-first", 3),
    (joins_and_leaves, "short-recovery", 3),
    (freezes, "no-fence", 2),
    (cuts, "no-fence", 2),
    (broker_restarts, "deltas-first", 3),
    (everything_at_once, "short-recovery", 3),
]
"""Of each scenario a protection that it needs, and how often shows it."""


@pytest.mark.parametrize(("scenario", "protection", "times"), BREACHES)
async def test_a_broken_protocol_is_noticed(
    kafka: Kafka, tmp_path: Path, scenario: Scenario, protection: str, times: int
) -> None:
    """With that protection taken away the verdict is red: in the end, of prefixes, of letters."""
    kafka.start()
    async with trial(kafka, tmp_path, 1, broken.program(protection)) as going:
        await scenario(going, times)
        _, faults = await going.verdict(15)
        assert miscounted(faults)
        assert [fault for fault in faults if "of no prefix" in fault]
        if "first" in protection:  # the letters' half of a flush, lost or written twice
            assert [fault for fault in faults if " letters of a record" in fault]
