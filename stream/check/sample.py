"""A sample of a source topic: its newest committed records, read without joining any group."""

import asyncio
import time
from contextlib import suppress
from typing import TypeAlias

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from stream.client import Client

MOST = 200  # records of a topic
PATIENCE = 10.0  # seconds for a topic
POLL_MS = 200
GRACE = 2.0  # seconds that closing may take

Record: TypeAlias = ConsumerRecord[bytes | None, bytes | None]
Sample = dict[int, list[Record]]
"""Records by partition, in their order."""


async def newest(client: Client, topic: str, partitions: int) -> Sample:
    """Read the newest records, about as many of each partition; raises aiokafka's errors."""
    consumer = AIOKafkaConsumer(
        **client.options(),
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    try:
        async with asyncio.timeout(PATIENCE):
            await consumer.start()
            tps = [TopicPartition(topic, number) for number in range(partitions)]
            ends = await _seek(consumer, tps)
        return await _read(consumer, ends)
    finally:
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE):
                await consumer.stop()


async def _seek(consumer: AIOKafkaConsumer, tps: list[TopicPartition]) -> dict[TopicPartition, int]:
    """Go near the end of every partition that has records; return those and their ends."""
    consumer.assign(tps)
    firsts = await consumer.beginning_offsets(tps)
    ends = await consumer.end_offsets(tps)
    filled = [tp for tp in tps if firsts[tp] < ends[tp]][:MOST]
    if filled:  # a consumer of nothing never ends
        consumer.assign(filled)
    for tp in filled:
        consumer.seek(tp, max(firsts[tp], ends[tp] - MOST // len(filled)))
    return {tp: ends[tp] for tp in filled}


async def _read(consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> Sample:
    """Read up to the ends; what has not come in time is left out."""
    sample: Sample = {tp.partition: [] for tp in ends}
    deadline = time.monotonic() + PATIENCE
    waiting = set(ends)
    while waiting and time.monotonic() < deadline:
        fetched = await consumer.getmany(*waiting, timeout_ms=POLL_MS)
        for tp, records in fetched.items():
            sample[tp.partition] += [record for record in records if record.offset < ends[tp]]
        waiting = {tp for tp in waiting if await consumer.position(tp) < ends[tp]}
    return {partition: records[-MOST:] for partition, records in sample.items() if records}
