"""Redis dies, forgets and hangs under a real worker's load: it shows the truth again each time."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from redis import asyncio as redis

from tests.service.hashes import settle
from tests.service.kafka import Kafka
from tests.service.redis import PROGRAMS, Redis
from tests.service.traffic import Traffic, config
from tests.service.truth import truth
from tests.service.worker import Site, Worker

PARTITIONS = 2
AWAY, THERE = "redis does not take updates", "redis takes updates"


@asynccontextmanager
async def running(site: Site) -> AsyncIterator[tuple[Worker, Traffic]]:
    """One worker, ready, under traffic."""
    await site.create(PARTITIONS)
    traffic = Traffic(site.kafka, site.source(), PARTITIONS, seed=1)
    worker = await asyncio.to_thread(site.worker().wait_ready)
    sending = asyncio.create_task(traffic.run())
    try:
        yield worker, traffic
    finally:
        traffic.end()
        await asyncio.gather(sending, return_exceptions=True)


async def until_says(worker: Worker, words: str, times: int) -> None:
    """Wait until the worker's log has said so that many times."""
    await asyncio.to_thread(worker.wait_until, lambda: worker.output().count(words) >= times, 20)


async def expected(site: Site) -> Mapping[str, Any]:
    """The batch over all that stands in the source topic, as of now."""
    now = time.time_ns() // 1_000_000
    return (await truth(site, now)).updates


async def flush(url: str) -> None:
    """Have the server forget everything."""
    async with redis.Redis.from_url(url) as client:
        await client.flushall()


@pytest.mark.parametrize("program", PROGRAMS)
async def test_redis_shows_the_truth_after_every_outage(
    kafka: Kafka, tmp_path: Path, program: str
) -> None:
    """Killed, hung and flushed under load; then, when nothing changes any more, killed and flushed.

    Its worker says once that it went and once that it came, and is live and ready all the time.
    """
    server = Redis(tmp_path / "redis", PROGRAMS[program])
    with server, Site(kafka, tmp_path, {**config(), "redis": {"url": server.url}}) as site:
        async with running(site) as (worker, traffic):
            await until_says(worker, THERE, 1)
            server.kill()
            await until_says(worker, AWAY, 1)
            await asyncio.sleep(1)  # several attempts
            await asyncio.to_thread(server.start)
            await until_says(worker, THERE, 2)
            server.freeze()
            await until_says(worker, AWAY, 2)
            assert worker.ready
            assert worker.get("/livez")[0] == 200
            server.thaw()
            await until_says(worker, THERE, 3)
            await flush(server.url)
            await asyncio.to_thread(worker.wait_until, lambda: traffic.sent > 3_000)
        assert not await settle(server.url, await expected(site), 30)
        server.kill()
        await asyncio.to_thread(server.start)  # so quickly that it may not be missed at all
        assert not await settle(server.url, await expected(site), 20)
        await flush(server.url)
        assert not await settle(server.url, await expected(site), 15)
        assert worker.output().count(AWAY) in {2, 3}
        assert 'ressenti_sink_errors_total{sink="redis"}' in worker.get("/metrics")[1]
        assert "partition lost" not in worker.output()


async def test_a_worker_that_starts_again_tells_closed_windows_too(
    kafka: Kafka, tmp_path: Path
) -> None:
    """It knows only its state, and Redis nothing: seconds later all is there."""
    server = Redis(tmp_path / "redis")
    with server, Site(kafka, tmp_path, {**config(), "redis": {"url": server.url}}) as site:
        async with running(site) as (worker, traffic):
            await asyncio.to_thread(worker.wait_until, lambda: traffic.sent > 3_000)
        assert not await settle(server.url, await expected(site), 30)
        await asyncio.to_thread(worker.stop)
        await flush(server.url)
        await asyncio.to_thread(site.worker().wait_ready)
        truth_now = await expected(site)
        assert any(":" in update["window"] for update in truth_now.values())
        assert not await settle(server.url, truth_now, 15)
