"""The outbox without transactions: stage after stage, at least once."""

from collections.abc import Awaitable, Callable

import pytest
from aiokafka import TopicPartition

from stream.state.flush import Flush, Lost, Offset, Record
from stream.state.outbox import Outbox, acknowledged
from stream.state.producer import Limits
from tests.service.flush import rows
from tests.service.kafka import Kafka, unique
from tests.service.reader import values

Topic = Callable[..., Awaitable[str]]
Open = Callable[..., Awaitable[Outbox]]


async def test_at_least_once_stores_stage_after_stage(
    kafka: Kafka, topic: Topic, group: str, opened: Open
) -> None:
    """Without transactions, records and rows are stored when the offset is committed."""
    out, state = await topic(), await topic()
    seen: list[tuple[int, list[bytes | None], list[bytes | None]]] = []

    async def commit_offset(offset: Offset) -> None:
        seen.append((offset.next, await values(kafka, out), await values(kafka, state)))

    box = await opened(None, write=acknowledged(commit_offset))
    tp = TopicPartition(out, 0)
    await box.commit(Flush(rows(out, 2, "d"), rows(state, 1, "r"), Offset(group, tp, 7)))
    assert seen == [(7, [b"d0", b"d1"], [b"r0"])]


async def test_at_least_once_goes_no_further_than_what_failed(
    kafka: Kafka, topic: Topic, group: str, opened: Open
) -> None:
    """When the records cannot be stored, no row is written and no offset committed."""
    small, state = await topic(config={"max.message.bytes": "1000"}), await topic()

    async def commit_offset(offset: Offset) -> None:
        pytest.fail("the offset was committed")

    box = await opened(
        None, write=acknowledged(commit_offset), limits=Limits(timeout=3, compression=None)
    )
    offset = Offset(group, TopicPartition(small, 0), 7)
    with pytest.raises(Lost, match="MessageSizeTooLarge"):
        await box.commit(Flush([Record(small, b"x" * 2_000)], rows(state, 1), offset))
    assert await values(kafka, state) == []


async def test_close_may_be_called_again(opened: Open) -> None:
    """Closing twice is closing; a closed outbox commits nothing."""
    box = await opened(unique("id"))
    await box.close()
    await box.close()
    with pytest.raises(Lost, match="closed"):
        await box.commit(Flush([Record("any", b"v")]))
