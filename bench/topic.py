"""Topics to read from: filled with record batches of one size, and seen all at once."""

import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

BATCH_BYTES = 1 << 20
OPEN_MS = 600_000  # how long a sealed topic may wait: below the broker's greatest, 15 minutes

Key = Callable[[bytes], bytes | None]
"""Finds the key of a record in its value."""


def nobody(_: bytes) -> None:
    """Give no key."""


@asynccontextmanager
async def sealed(
    bootstrap: str, topic: str, spread: Sequence[Sequence[bytes]], size: int, key: Key = nobody
) -> AsyncIterator[AIOKafkaProducer]:
    """Write the values of each partition as record batches of `size` records, and show none.

    They are in an open transaction of the producer that is given: its `commit_transaction()`
    shows all of them at one instant. So a worker can be started, and what starting costs be known,
    before it has anything to read.
    """
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        transactional_id=f"bench-{uuid.uuid4().hex}",
        transaction_timeout_ms=OPEN_MS,
        max_batch_size=BATCH_BYTES,
        retry_backoff_ms=5,
    )
    async with producer:
        await producer.begin_transaction()
        await _write(producer, topic, (spread, size, key))
        yield producer


async def fill(
    bootstrap: str, topic: str, spread: Sequence[Sequence[bytes]], size: int, key: Key = nobody
) -> None:
    """Write the same for everybody to see."""
    async with sealed(bootstrap, topic, spread, size, key) as producer:
        await producer.commit_transaction()


async def _write(
    producer: AIOKafkaProducer, topic: str, what: tuple[Sequence[Sequence[bytes]], int, Key]
) -> None:
    spread, size, key = what
    for start in range(0, max(map(len, spread)), size):
        stored = []
        for partition, values in enumerate(spread):
            batch = producer.create_batch()
            for value in values[start : start + size]:
                if batch.append(key=key(value), value=value, timestamp=None) is None:
                    raise ValueError(f"{size} records are more than {BATCH_BYTES} bytes")
            if batch.record_count():
                stored.append(await producer.send_batch(batch, topic, partition=partition))
        for one in stored:
            await one


async def committed(admin: AIOKafkaAdminClient, group: str, topic: str) -> int:
    """Add up the group's offsets of a topic; 0 while there are none."""
    with suppress(KafkaError):  # the group is not there yet
        offsets = await admin.list_consumer_group_offsets(group)
        return sum(max(0, one.offset) for tp, one in offsets.items() if tp.topic == topic)
    return 0
