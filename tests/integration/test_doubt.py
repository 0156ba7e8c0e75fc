"""What must never be silently wrong: a topic with more partitions, a state that is gone."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from stream.broker import delete_below
from stream.client import Client
from tests.service.kafka import Kafka
from tests.service.process import ServiceFailed
from tests.service.reader import records
from tests.service.traffic import config
from tests.service.worker import Site, Worker

PATIENCE_S = 60
CONFIG: dict[str, Any] = {**config(), "kafka": {"shards": 2}}


async def answers(site: Site, partitions: int, count: int = 5) -> None:
    """Some answers on each partition."""
    async with AIOKafkaProducer(bootstrap_servers=site.kafka.bootstrap) as client:
        for number in range(count):
            event = {"at": time.time_ns() // 1_000_000, "type": "nps", "score": 9}
            for partition in range(partitions):
                await client.send_and_wait(
                    site.source(),
                    json.dumps({**event, "id": str(number)}).encode(),
                    None,
                    partition,
                )


async def unready(worker: Worker, words: str) -> None:
    """Wait until `/readyz` says these words."""
    deadline = time.monotonic() + PATIENCE_S
    while words not in (await asyncio.to_thread(worker.get, "/readyz"))[1]:
        assert time.monotonic() < deadline, worker.get("/readyz")
        await asyncio.sleep(0.2)
    assert worker.get("/readyz")[0] == 503
    assert worker.get("/livez")[0] == 200


async def folded(site: Site, count: int) -> None:
    """Wait until so many answers are in the total."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        values = [json.loads(one.value or b"") for one in await records(site.kafka, site.updates)]
        found = [one["n"] for one in values if one["window"] == "24h" and not one["grouping"]]
        if found and max(found) >= count:
            return
        await asyncio.sleep(0.2)
    pytest.fail(f"{count} answers were not counted")


async def read_and_stop(site: Site) -> None:
    """Let a worker count five answers of one partition, and end it in good order."""
    await site.create(1)
    worker = site.worker()
    await asyncio.to_thread(worker.wait_ready)
    await answers(site, 1)
    await folded(site, 5)
    worker.stop()


async def test_more_partitions_than_the_state_has_stop_there(kafka: Kafka, tmp_path: Path) -> None:
    """The old partitions go on, the new one is not folded, and `/readyz` says what to do."""
    with Site(kafka, tmp_path, CONFIG) as site:
        await site.create(1)
        worker = site.worker()
        await asyncio.to_thread(worker.wait_ready)
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
        await admin.start()
        await admin.create_partitions({site.source(): NewPartitions(2)})
        await admin.close()
        await unready(worker, "the topic had 1 partitions when the state was laid out")
        await answers(site, 2)
        await folded(site, 5)
        assert worker.running


async def test_a_state_that_is_gone_is_not_read_as_nothing(kafka: Kafka, tmp_path: Path) -> None:
    """The group has read on, the state knows nothing: nothing is folded twice."""
    with Site(kafka, tmp_path, CONFIG) as site:
        await read_and_stop(site)
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
        await admin.start()
        await admin.delete_topics([f"{site.group}-fold-{site.source()}"])
        await admin.close()
        await unready(site.worker(), "its state says 0")


async def test_a_shard_whose_rows_are_gone_does_not_begin_at_nothing(
    kafka: Kafka, tmp_path: Path
) -> None:
    """Partials below its checkpoint are deleted, so what is left would make values too low."""
    with Site(kafka, tmp_path, CONFIG) as site:
        await read_and_stop(site)
        partials = TopicPartition(f"{site.group}-partials", 0)
        await delete_below(Client(kafka.bootstrap), {partials: 1})
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
        await admin.start()
        await admin.delete_topics([f"{site.group}-merge"])
        await admin.close()
        await unready(site.worker(), "state was lost")


async def test_records_that_are_gone_unread_are_a_gap(kafka: Kafka, tmp_path: Path) -> None:
    """Retention was faster than we: the partition stops instead of going on without them."""
    with Site(kafka, tmp_path, CONFIG) as site:
        await read_and_stop(site)
        await answers(site, 1)
        await delete_below(Client(kafka.bootstrap), {TopicPartition(site.source(), 0): 8})
        await unready(site.worker(), "records were deleted before they were read")


async def test_a_topic_made_anew_is_not_read_on(kafka: Kafka, tmp_path: Path) -> None:
    """It has as many records as were read of the old one, so only their content tells."""
    with Site(kafka, tmp_path, CONFIG) as site:
        await read_and_stop(site)
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
        await admin.start()
        await admin.delete_topics([site.source()])
        await admin.close()
        await remade(site)
        await answers(site, 1, count=8)
        await unready(site.worker(), "another record stands where the last one was folded")


async def remade(site: Site) -> None:
    """Create the topic as soon as the broker has forgotten the old one."""
    for _ in range(100):
        try:
            return await site.create(1)
        except ServiceFailed:
            await asyncio.sleep(0.1)
    pytest.fail("the topic was not deleted")
