"""What a topic holds, read by a plain consumer."""

import asyncio

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from tests.service.kafka import Kafka

READ_SECONDS = 30


async def records(
    kafka: Kafka, topic: str, isolation: str = "read_committed"
) -> list[ConsumerRecord[bytes, bytes]]:
    """Return all records of the topic that a reader of this isolation sees now."""
    async with AIOKafkaConsumer(
        bootstrap_servers=kafka.bootstrap,
        isolation_level=isolation,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    ) as consumer:
        await consumer._client._wait_on_metadata(topic)
        found = consumer.partitions_for_topic(topic) or set()
        consumer.assign([TopicPartition(topic, number) for number in found])
        async with asyncio.timeout(READ_SECONDS):
            return await _read(consumer)


async def values(kafka: Kafka, topic: str, isolation: str = "read_committed") -> list[bytes | None]:
    """Return the values of the topic, those of one partition in their order."""
    return [record.value for record in await records(kafka, topic, isolation)]


async def committed(kafka: Kafka, group: str, tp: TopicPartition) -> int | None:
    """Return the group's offset, None when it has none."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        offsets = await admin.list_consumer_group_offsets(group, partitions=[tp])
    finally:
        await admin.close()
    return None if offsets[tp].offset < 0 else int(offsets[tp].offset)


async def _read(consumer: AIOKafkaConsumer) -> list[ConsumerRecord[bytes, bytes]]:
    ends = await consumer.end_offsets(consumer.assignment())
    found: list[ConsumerRecord[bytes, bytes]] = []
    while any([await consumer.position(tp) < end for tp, end in ends.items()]):
        for fetched in (await consumer.getmany(timeout_ms=100)).values():
            found += fetched
    return found
