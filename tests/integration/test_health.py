"""A worker without its broker: alive, not ready, its values gone; and all is well again after."""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path

from aiokafka import AIOKafkaProducer

from tests.service.kafka import Kafka
from tests.service.traffic import config
from tests.service.worker import Site, Worker

SERIES = "cx_nps_score{"
PATIENCE_S = 40


async def until(there: Callable[[], bool]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + PATIENCE_S
    while not await asyncio.to_thread(there):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)


def shows(worker: Worker) -> bool:
    """Whether the customers' numbers are exported."""
    return SERIES in worker.get("/metrics")[1]


async def test_a_lost_broker_shows_in_readiness_alone(kafka: Kafka, tmp_path: Path) -> None:
    """Within a session the values go and `/readyz` says why; `/livez` stays; then all comes back.

    broker   up ────────┐               ┌──── up
                        └──── down ─────┘
    readyz   ok ──────────────┐ 503           └─── ok
    livez    ok ─────────────────────────────────── ok
    """
    kafka.start()
    with Site(kafka, tmp_path, config()) as site:
        await site.create(2)
        worker = site.worker()
        await asyncio.to_thread(worker.wait_ready)
        async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap) as client:
            event = {"at": time.time_ns() // 1_000_000, "type": "nps", "score": 9}
            await client.send(site.source(), json.dumps(event).encode())
        await until(lambda: shows(worker))
        kafka.stop()
        try:
            await until(lambda: "the group has not heard of us" in worker.get("/readyz")[1])
            assert worker.get("/readyz")[0] == 503
            assert not shows(worker)
            assert worker.get("/livez")[0] == 200
        finally:
            kafka.start()
        await until(lambda: worker.ready and shows(worker))
        assert worker.running
