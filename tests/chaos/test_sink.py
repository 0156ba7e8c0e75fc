"""Redis gone, slow and refusing, and workers killed meanwhile: nothing waits for it.

Every value on the topic is the plain batch in the end, and so is every hash.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from redis import asyncio as redis

from tests.service.hashes import settle
from tests.service.kafka import Kafka
from tests.service.redis import Redis
from tests.service.trial import SEEDS, trial

GONE = 60.0  # seconds
SLOW = 20  # turns of a second, of which most is silence
REFUSING = 10.0  # seconds


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


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("fault", [gone, slow, refusing])
async def test_nothing_waits_for_redis(
    kafka: Kafka, tmp_path: Path, seed: int, fault: Callable[[Redis], Awaitable[None]]
) -> None:
    """While it is away values go on, through kills, too; seconds after it is back it is true."""
    kafka.start()
    with Redis(tmp_path / "redis") as server:
        async with trial(kafka, tmp_path, seed, redis=server.url) as going:
            await going.pause(1, 3)
            killed, other = going.site.workers
            failing = asyncio.ensure_future(fault(server))
            await going.pause(1, 3)
            await going.kill(killed)
            assert other.ready
            await failing
            assert other.ready
            expected, faults = await going.verdict()
            assert not faults
            assert not await settle(server.url, expected.updates, 30)
