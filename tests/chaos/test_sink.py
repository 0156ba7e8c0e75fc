"""Redis gone, slow and refusing, and workers killed meanwhile: nothing waits for it.

Every value on the topic is the plain batch in the end, and so is every hash.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from redis import asyncio as redis

from tests.service import broken
from tests.service.hashes import settle
from tests.service.kafka import Kafka
from tests.service.redis import Redis
from tests.service.trial import SEEDS, Trial, trial

GONE = 60.0  # seconds
SLOW = 20  # turns of a second, of which most is silence
REFUSING = 20.0  # seconds
FRESH = 5.0  # seconds; values are published five times a second


async def gone(server: Redis) -> None:
    """Nobody listens."""
    server.kill()
    await asyncio.sleep(GONE)
    await asyncio.to_thread(server.start)


async def slow(server: Redis) -> None:
    """Answers come after most of a second."""
    for _ in range(SLOW):
        server.freeze()
        await asyncio.sleep(0.8)
        server.thaw()
        await asyncio.sleep(0.2)


async def refusing(server: Redis) -> None:
    """There is no memory for what is written."""
    async with redis.Redis.from_url(server.url) as client:
        await client.config_set("maxmemory", "1")
        await asyncio.sleep(REFUSING)
        await client.config_set("maxmemory", "0")


Fault = Callable[[Redis], Awaitable[None]]


async def suffer(going: Trial, server: Redis, fault: Fault) -> list[str]:
    """Have the fault while a worker is killed; say what waited for it, or is false after it.

    Some days change only as it begins: whoever missed that is not helped by later news.
    """
    await going.pause(1, 3)
    killed, other = going.site.workers
    going.traffic.days = 5, 6
    failing = asyncio.ensure_future(fault(server))
    await going.pause(1, 3)
    going.traffic.days = 3, 5
    await going.kill(killed)
    waited = [] if other.ready else ["it is not ready"]
    await failing
    if (age := going.judge.age()) > FRESH:
        waited.append(f"the newest value is {age:.1f} s old")
    await going.pause(1, 2)
    expected, faults = await going.verdict()
    return [*waited, *faults, *await settle(server.url, expected.updates, 30)]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("fault", [gone, slow, refusing])
async def test_nothing_waits_for_redis(
    kafka: Kafka, tmp_path: Path, seed: int, fault: Fault
) -> None:
    """While it is away values go on, through kills, too; seconds after it is back it is true."""
    kafka.start()
    with Redis(tmp_path / "redis") as server:
        async with trial(kafka, tmp_path, seed, redis=server.url) as going:
            assert not await suffer(going, server, fault)


@pytest.mark.parametrize(
    ("fault", "breach", "sign"),
    [
        (gone, "redis-first", "s old"),
        (gone, "untold", "missing"),
        (slow, "untold", "should be"),
        (refusing, "untold", "should be"),
    ],
)
async def test_a_breach_is_noticed(
    kafka: Kafka, tmp_path: Path, fault: Fault, breach: str, sign: str
) -> None:
    """Values that wait for Redis, or that it missed and is never told, make the verdict red."""
    kafka.start()
    with Redis(tmp_path / "redis") as server:
        async with trial(kafka, tmp_path, 1, broken.program(breach), server.url) as going:
            faults = await suffer(going, server, fault)
            assert [fault for fault in faults if sign in fault]
