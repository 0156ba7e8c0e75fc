"""Transactions that their producer left open: how a test sees that a kill hit one."""

import asyncio
from collections.abc import Sequence

from aiokafka import TopicPartition

from tests.service.kafka import Kafka
from tests.service.reader import ends

STANDS = 0.5  # seconds; a live worker's transactions end within some tens of milliseconds


async def abandoned(kafka: Kafka, topics: Sequence[str]) -> set[TopicPartition]:
    """Name the partitions of state topics in which a transaction is open and nobody ends it.

    Every flush writes to the state partition of its owner, and nobody else does. What is open
    there and still so a while later is of somebody who is stopped or gone; ask before a new owner
    fences it. A transaction without a record yet is not seen, so this finds rather few than many.
    """
    first = await _open(kafka, topics)
    await asyncio.sleep(STANDS)
    later = await _open(kafka, topics)
    return {tp for tp, offset in first.items() if later.get(tp) == offset}


async def _open(kafka: Kafka, topics: Sequence[str]) -> dict[TopicPartition, int]:
    """Where the oldest open transaction of each partition begins, of those that have one."""
    found: dict[TopicPartition, int] = {}
    for topic in topics:
        stable = await ends(kafka, topic, "read_committed")
        last = await ends(kafka, topic, "read_uncommitted")
        found |= {tp: offset for tp, offset in stable.items() if offset < last[tp]}
    return found
