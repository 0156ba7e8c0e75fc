"""The end of an outbox while it commits: by a cancellation, or because somebody closes it."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiokafka import TopicPartition

from stream.state.flush import Flush, Lost, Offset, Record
from stream.state.outbox import Outbox
from stream.state.producer import Producer
from tests.service.flush import rows
from tests.service.kafka import Kafka, unique
from tests.service.reader import committed, values

Topic = Callable[..., Awaitable[str]]
Open = Callable[..., Awaitable[Outbox]]


@pytest.mark.parametrize("delay", [0.0, 0.001, 0.004, 0.008, 0.016, 0.03])
async def test_a_cancelled_commit_is_whole_or_nothing(
    kafka: Kafka, topic: Topic, group: str, opened: Open, delay: float
) -> None:
    """Cancelling ends the outbox at whatever instant; the next owner sees no half flush."""
    state, name = await topic(partitions=3), unique("id")
    tp = TopicPartition(state, 0)
    box = await opened(name)
    flush = Flush([Record(state, b"v", b"%d" % n) for n in range(50)], offset=Offset(group, tp, 50))
    task = asyncio.create_task(box.commit(flush))
    await asyncio.sleep(delay)
    task.cancel()
    ended = (await asyncio.gather(task, return_exceptions=True))[0]
    await opened(name)
    seen = len(await values(kafka, state)), await committed(kafka, group, tp)
    assert seen in ((0, None), (50, 50))
    if ended is None:
        assert seen == (50, 50)
    else:
        assert isinstance(ended, asyncio.CancelledError)
        assert box.lost


async def test_a_commit_whose_outbox_is_closed_is_lost(
    kafka: Kafka, topic: Topic, opened: Open
) -> None:
    """Whoever waits for the end of its transaction was not cancelled, and must not believe it."""
    state, stored, frozen = await topic(), asyncio.Event(), asyncio.Event()

    async def write(producer: Producer, flush: Flush) -> None:
        await producer.begin()
        await producer.put(await producer.pack(flush.rows))
        stored.set()
        await frozen.wait()
        await producer.end()

    box = await opened(unique("id"), write=write)
    commit = asyncio.create_task(box.commit(Flush(rows=rows(state, 1))))
    await stored.wait()
    with kafka.frozen():
        frozen.set()
        await asyncio.sleep(0.1)
        await box.close()
        with pytest.raises(Lost, match="closed"):
            await commit
