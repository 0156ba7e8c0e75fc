"""Reading state back: the last value of every key of compacted partitions."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition

from stream.client import Client, calm
from stream.state.flush import Lost

Rows = dict[bytes, bytes]
"""The state of one partition: the last value of every key that is not deleted."""

PATIENCE = 30.0  # seconds without any progress
FETCH_BYTES = 8 << 20  # of one partition at a time


async def read_rows(
    client: Client, partitions: Iterable[TopicPartition], patience: float = PATIENCE
) -> dict[TopicPartition, Rows]:
    """Read what is committed in the partitions now; fence their writers before.

    The end is where the broker's committed data end at the time of the call, so a transaction that
    somebody else left open is not waited for. Raises `Lost` when no partition comes nearer to its
    end for `patience` seconds.
    """
    rows: dict[TopicPartition, Rows] = {tp: {} for tp in partitions}
    if not rows:
        return rows
    try:
        async with _reader(client, rows, patience) as reader:
            await _fill(reader, rows, patience)
    except Exception as error:
        raise Lost(f"state of {_names(rows)} not read: {error!r}") from error
    return rows


@asynccontextmanager
async def _reader(
    client: Client, partitions: Iterable[TopicPartition], patience: float
) -> AsyncIterator[AIOKafkaConsumer]:
    """Give a consumer that begins at the first record of each partition.

    `earliest` and no seek: `assign` starts a reset by `auto_offset_reset`, and one to `latest`
    could overtake a seek to the beginning; then there would be no state, and no error either.
    """
    calm()
    reader = AIOKafkaConsumer(
        **client.options(),
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_partition_fetch_bytes=FETCH_BYTES,
        fetch_max_wait_ms=50,
    )
    try:
        async with asyncio.timeout(patience):
            await reader.start()
        reader.assign(list(partitions))
        yield reader
    finally:
        await reader.stop()


async def _fill(
    reader: AIOKafkaConsumer, rows: dict[TopicPartition, Rows], patience: float
) -> None:
    async with asyncio.timeout(patience) as limit:
        missing: dict[TopicPartition, int] = await reader.end_offsets(list(rows))
        positions: dict[TopicPartition, int] = {}
        while missing:
            reached = {tp: await reader.position(tp) for tp in missing}
            missing = {tp: end for tp, end in missing.items() if reached[tp] < end}
            if reached != positions:
                limit.reschedule(asyncio.get_running_loop().time() + patience)
            positions = reached
            reader.pause(*(reached.keys() - missing.keys()))
            if missing:
                _absorb(await reader.getmany(timeout_ms=200), rows)


def _absorb(fetched: dict[TopicPartition, list], rows: dict[TopicPartition, Rows]) -> None:  # type: ignore[type-arg]
    for tp, records in fetched.items():
        state = rows[tp]
        for record in records:
            if record.value is None:
                state.pop(record.key, None)
            else:
                state[record.key] = record.value


def _names(partitions: Iterable[TopicPartition]) -> str:
    return ", ".join(f"{tp.topic}-{tp.partition}" for tp in sorted(partitions))
