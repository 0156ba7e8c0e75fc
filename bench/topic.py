"""Topics to read from: filled with record batches of one size, and how far a group has read."""

from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

BATCH_BYTES = 1 << 20


async def fill(bootstrap: str, topic: str, spread: Sequence[Sequence[bytes]], size: int) -> None:
    """Write the values of each partition as record batches of `size` records."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, linger_ms=0, max_batch_size=BATCH_BYTES, acks=1
    )
    async with producer:
        for start in range(0, max(map(len, spread)), size):
            for partition, values in enumerate(spread):
                batch = producer.create_batch()
                for value in values[start : start + size]:
                    batch.append(key=None, value=value, timestamp=None)
                if batch.record_count():
                    await producer.send_batch(batch, topic, partition=partition)


async def committed(admin: AIOKafkaAdminClient, group: str, topic: str) -> int:
    """Add up the group's offsets of a topic; 0 while there are none."""
    try:
        offsets = await admin.list_consumer_group_offsets(group)
    except Exception:  # the group is not there yet
        return 0
    return sum(max(0, one.offset) for tp, one in offsets.items() if tp.topic == topic)
