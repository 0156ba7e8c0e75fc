"""Reading state back: the last value of every key of compacted partitions."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from stream.client import Client, calm
from stream.state.flush import Lost
from stream.transport.batch import Batch
from stream.transport.record import unpack

Rows = dict[bytes, bytes]
"""The state of one partition: the last value of every key that is not deleted."""

PATIENCE = 30.0  # seconds without any progress
FETCH_BYTES = 4 << 20  # of one partition at a time
SLICE = 3  # batches of records between two turns of the event loop: some 10 ms
GRACE = 2.0  # seconds that each step of closing may take


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
        unpack(reader)  # an object for each record would be a third of the cost
        reader.assign(list(partitions))
        yield reader
    finally:
        await close(reader)


async def close(reader: AIOKafkaConsumer) -> None:
    """Close a reader; it neither hangs nor, as aiokafka may, ends us with a cancellation."""
    stopping = asyncio.ensure_future(reader.stop())
    await asyncio.wait([stopping], timeout=GRACE)
    if not stopping.cancel() and not stopping.cancelled():
        stopping.exception()
    with suppress(Exception):
        async with asyncio.timeout(GRACE):
            await reader._client.close()


async def _fill(
    reader: AIOKafkaConsumer, rows: dict[TopicPartition, Rows], patience: float
) -> None:
    async with asyncio.timeout(patience) as limit:
        ends: dict[TopicPartition, int] = await reader.end_offsets(list(rows))
        before: dict[TopicPartition, int] = {}
        while lags := await _lags(reader, ends):
            if lags != before:
                limit.reschedule(asyncio.get_running_loop().time() + patience)
            before = lags
            reader.pause(*(ends.keys() - lags.keys()))
            fetched: Any = await reader.getmany(timeout_ms=50, max_records=SLICE)
            for tp, batches in fetched.items():
                _absorb(rows[tp], batches)
            await asyncio.sleep(0)


async def _lags(
    reader: AIOKafkaConsumer, ends: dict[TopicPartition, int]
) -> dict[TopicPartition, int]:
    """Return how many offsets each partition has still to go, without those that are done."""
    positions = {tp: await reader.position(tp) for tp in ends}
    return {tp: end - positions[tp] for tp, end in ends.items() if positions[tp] < end}


def _absorb(rows: Rows, batches: Iterable[Batch]) -> None:
    for batch in batches:
        for record, value in zip(batch.records, batch.values, strict=True):
            key = record.key or b""  # compaction refuses records without a key
            if value is None:
                rows.pop(key, None)
            else:
                rows[key] = value


def _names(partitions: Iterable[TopicPartition]) -> str:
    return ", ".join(f"{tp.topic}-{tp.partition}" for tp in sorted(partitions))
