"""Owners whose clocks are up to two hours apart hand over: the newest truth wins in Redis."""

import asyncio
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer

from tests.service.hashes import hashes, settle
from tests.service.kafka import Kafka
from tests.service.redis import Redis
from tests.service.traffic import config
from tests.service.truth import truth
from tests.service.worker import Site, Worker

HOUR_S = 3_600
SHIFTS = (3_400, -HOUR_S, 0)
"""Seconds by which the clocks of the owners are ahead, in turn; brokers refuse an hour ahead."""
PARTITIONS = 2
OPEN_LASTS_MS = 15 * 60_000


def worker(site: Site, shift: int) -> Worker:
    """Start a worker whose clock is ahead by so many seconds, and wait until it is ready."""
    site.program = (sys.executable, "-m", "tests.service.shifted", str(shift))
    return site.worker().wait_ready()


async def send(site: Site) -> None:
    """Write some answers of the last four hours and days, none near the ends of a window."""
    now = time.time_ns() // 1_000_000
    async with AIOKafkaProducer(bootstrap_servers=site.kafka.bootstrap) as client:
        for number in range(200):
            age = (number % 4) * HOUR_S + (number % 5) * 24 * HOUR_S + HOUR_S // 2 + number
            answer = {
                "at": now - age * 1_000,
                "type": "nps",
                "score": number % 11,
                "dims": {"region": ("fr", "de")[number % 2]},
            }
            line = json.dumps(answer).encode()
            await client.send_and_wait(site.source(), line, partition=number % PARTITIONS)


async def expected(site: Site, shift: int) -> Mapping[str, Any]:
    """The batch over all that stands in the source topic, as of the owner's clock."""
    now = time.time_ns() // 1_000_000 + shift * 1_000
    return (await truth(site, now)).updates


async def test_the_newest_truth_wins_whatever_the_owners_clocks_say(
    kafka: Kafka, tmp_path: Path
) -> None:
    """Each owner joins the one before, which then leaves; more answers come in between.

    The first is ahead by an hour, so its windows end later than those of who takes over. None
    has a key expire but by Redis's clock.
    """
    server = Redis(tmp_path / "redis")
    with server, Site(kafka, tmp_path, {**config(), "redis": {"url": server.url}}) as site:
        arrived = {"message.timestamp.type": "LogAppendTime"}
        await kafka.create_topic(site.source(), PARTITIONS, arrived)
        former: Worker | None = None
        for shift in SHIFTS:
            owner = await asyncio.to_thread(worker, site, shift)
            await send(site)
            if former:
                await asyncio.to_thread(former.stop)
            assert not await settle(server.url, await expected(site, shift), 30), shift
            held = await hashes(server.url)
            lasts = {int(one["pttl"]) for name, one in held.items() if ":24h:" in name}
            assert lasts
            assert min(lasts) > OPEN_LASTS_MS - 120_000
            assert max(lasts) <= OPEN_LASTS_MS
            former = owner
