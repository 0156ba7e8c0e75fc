"""What a topic holds, read by a plain consumer."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError

from tests.service.kafka import Kafka

READ_SECONDS = 30
MARKED_SECONDS = 1.0


async def records(
    kafka: Kafka, topic: str, isolation: str = "read_committed"
) -> list[ConsumerRecord[bytes, bytes]]:
    """Return all records of the topic that a reader of this isolation sees.

    A commit returns before its markers are written: they are waited for, but an open transaction
    is not waited for longer than `MARKED_SECONDS`.
    """
    if isolation == "read_committed":
        await _marked(kafka, topic)
    return await _all(kafka, topic, isolation)


async def _marked(kafka: Kafka, topic: str) -> None:
    begun = time.monotonic()
    while time.monotonic() - begun < MARKED_SECONDS:
        if await ends(kafka, topic, "read_committed") == await ends(
            kafka, topic, "read_uncommitted"
        ):
            return


async def ends(kafka: Kafka, topic: str, isolation: str) -> dict[TopicPartition, int]:
    """Return where each partition ends for a reader of this isolation."""
    async with _consumer(kafka, topic, isolation) as consumer:
        found: dict[TopicPartition, int] = await consumer.end_offsets(consumer.assignment())
        return found


async def _all(kafka: Kafka, topic: str, isolation: str) -> list[ConsumerRecord[bytes, bytes]]:
    async with _consumer(kafka, topic, isolation) as consumer, asyncio.timeout(READ_SECONDS):
        return await _read(consumer)


@asynccontextmanager
async def _consumer(kafka: Kafka, topic: str, isolation: str) -> AsyncIterator[AIOKafkaConsumer]:
    async with AIOKafkaConsumer(
        bootstrap_servers=kafka.bootstrap,
        isolation_level=isolation,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    ) as consumer:
        await consumer._client._wait_on_metadata(topic)
        found = consumer.partitions_for_topic(topic) or set()
        consumer.assign([TopicPartition(topic, number) for number in found])
        yield consumer


async def values(kafka: Kafka, topic: str, isolation: str = "read_committed") -> list[bytes | None]:
    """Return the values of the topic, those of one partition in their order."""
    return [record.value for record in await records(kafka, topic, isolation)]


async def committed(kafka: Kafka, group: str, tp: TopicPartition) -> int | None:
    """Return the group's offset, None when it has none."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        async with asyncio.timeout(READ_SECONDS):
            while (offset := await _offset(admin, group, tp)) is None:  # noqa: ASYNC110 (a poll)
                await asyncio.sleep(0.1)
    finally:
        await admin.close()
    return None if offset < 0 else offset


async def _offset(admin: AIOKafkaAdminClient, group: str, tp: TopicPartition) -> int | None:
    """Ask for the group's offset, -1 when it has none; None while its coordinator comes up."""
    try:
        coordinator = await admin.find_coordinator(group)
    except GroupCoordinatorNotAvailableError:
        return None
    offsets = await admin.list_consumer_group_offsets(group, coordinator, [tp])
    return int(offsets[tp].offset) if tp in offsets else None


async def _read(consumer: AIOKafkaConsumer) -> list[ConsumerRecord[bytes, bytes]]:
    ends = await consumer.end_offsets(consumer.assignment())
    found: list[ConsumerRecord[bytes, bytes]] = []
    while any([await consumer.position(tp) < end for tp, end in ends.items()]):
        for fetched in (await consumer.getmany(timeout_ms=100)).values():
            found += fetched
    return found
