"""The outbox on a real broker: a flush is visible whole or not at all, whatever happens."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

from stream.client import Client
from stream.state.flush import Flush, Lost, Offset, Record
from stream.state.outbox import Outbox, in_transaction
from stream.state.producer import Limits, Producer
from tests.service.flush import rows
from tests.service.kafka import Kafka, unique
from tests.service.process import free_port
from tests.service.reader import committed, records, values

Topic = Callable[..., Awaitable[str]]
Open = Callable[..., Awaitable[Outbox]]
QUICK = Limits(timeout=1.0)


async def put_and_fail(producer: Producer, flush: Flush) -> None:
    """Store all of a flush, and fail before the transaction ends."""
    await producer.begin()
    await producer.put(await producer.pack([*flush.records, *flush.rows]), flush.offset)
    raise OSError("power cut")


async def offset_first(producer: Producer, flush: Flush) -> None:
    """Commit the offset before what it stands for: the protocol broken on purpose."""
    await in_transaction(producer, Flush(offset=flush.offset))
    await put_and_fail(producer, Flush(flush.records, flush.rows))


async def test_a_flush_is_visible_with_its_offset(
    kafka: Kafka, topic: Topic, group: str, opened: Open
) -> None:
    """Records, rows and the group's offset of one flush are all there after the commit."""
    source, out, state = await topic(), await topic(partitions=4), await topic()
    tp, name = TopicPartition(source, 0), unique("id")
    box = await opened(name)
    await box.commit(Flush(rows(out, 3, "d"), rows(state, 2, "r"), Offset(group, tp, 17)))
    await box.commit(Flush(rows=rows(state, 1, "s"), offset=Offset(group, tp, 18)))
    await box.commit(Flush())
    await opened(name)  # waits until the markers are written
    assert await values(kafka, out) == [b"d0", b"d1", b"d2"]
    assert await values(kafka, state) == [b"r0", b"r1", b"s0"]
    assert await committed(kafka, group, tp) == 18


async def test_an_uncommitted_flush_stays_invisible_and_is_aborted_by_the_next_owner(
    kafka: Kafka, topic: Topic, group: str, opened: Open
) -> None:
    """What is stored but not committed is never read, neither before nor after the next start."""
    state, name = await topic(), unique("id")
    tp = TopicPartition(state, 0)
    box = await opened(name, write=put_and_fail)
    with pytest.raises(Lost, match="power cut"):
        await box.commit(Flush(rows=rows(state, 5), offset=Offset(group, tp, 5)))
    assert await values(kafka, state, "read_uncommitted") != []
    assert await values(kafka, state) == []
    successor = await opened(name)
    await successor.commit(Flush(rows=rows(state, 1, "w"), offset=Offset(group, tp, 1)))
    await opened(name)
    assert await values(kafka, state) == [b"w0"]
    assert await committed(kafka, group, tp) == 1


async def test_a_flush_that_breaks_the_order_is_seen_by_these_tests(
    kafka: Kafka, topic: Topic, group: str, opened: Open
) -> None:
    """A strategy that moves the offset first leaves it without its rows: the judge can fail."""
    state, name = await topic(), unique("id")
    tp = TopicPartition(state, 0)
    box = await opened(name, write=offset_first)
    with pytest.raises(Lost):
        await box.commit(Flush(rows=rows(state, 5), offset=Offset(group, tp, 5)))
    await opened(name)
    assert (await values(kafka, state), await committed(kafka, group, tp)) == ([], 5)


async def test_a_second_owner_fences_the_first(
    kafka: Kafka, topic: Topic, group: str, opened: Open
) -> None:
    """Who started last owns the partition: the other's flush is lost, and so is its outbox."""
    state, name = await topic(), unique("id")
    tp = TopicPartition(state, 0)
    first = await opened(name)
    await first.commit(Flush(rows=rows(state, 1, "a")))
    second = await opened(name)
    with pytest.raises(Lost):
        await first.commit(Flush(rows=rows(state, 1, "b"), offset=Offset(group, tp, 9)))
    with pytest.raises(Lost):
        await first.commit(Flush(rows=rows(state, 1, "c")))
    assert first.lost
    await second.commit(Flush(rows=rows(state, 1, "d")))
    assert await values(kafka, state) == [b"a0", b"d0"]
    assert await committed(kafka, group, tp) is None


async def test_two_thousand_rows_are_one_flush(kafka: Kafka, topic: Topic, opened: Open) -> None:
    """Many rows over many partitions, in several batches each, arrive once and in order."""
    state, other = await topic(), await topic(partitions=3)
    keyed = [Record(other, b"%d" % n * 40, key=b"key %d" % n) for n in range(2_000)]
    box = await opened(unique("id"), limits=Limits(batch_bytes=16_384))
    await box.commit(Flush(keyed, rows(state, 2_000)))
    assert await values(kafka, state) == [b"v%d" % n for n in range(2_000)]
    found = await records(kafka, other)
    assert sorted((r.key, r.value) for r in found) == sorted((r.key, r.value) for r in keyed)
    for partition in range(3):
        numbers = [int((r.key or b"").split()[1]) for r in found if r.partition == partition]
        assert numbers == sorted(numbers)


async def test_records_near_a_megabyte_go_by_themselves(
    kafka: Kafka, topic: Topic, opened: Open
) -> None:
    """Records larger than a batch leave alone, between small ones, in order."""
    state = await topic()
    big = [random.Random(n).randbytes(1_000_000) for n in range(3)]
    sent = [b"small", big[0], b"small", b"small", big[1], big[2], b"small"]
    box = await opened(unique("id"))
    await box.commit(Flush([Record(state, value, key=b"k") for value in sent]))
    assert await values(kafka, state) == sent


async def test_what_came_compressed_may_leave(kafka: Kafka, topic: Topic, opened: Open) -> None:
    """Brokers bound what they store, so a value may be several megabytes; neighbours go as ever."""
    letters = await topic()
    sent = [b"small", b"x" * 5_000_000, b"small"]
    box = await opened(unique("id"), limits=Limits(compression=None))
    await box.commit(Flush([Record(letters, value, key=b"k") for value in sent]))
    assert await values(kafka, letters) == sent


async def test_a_record_that_the_broker_refuses_loses_the_whole_flush(
    kafka: Kafka, topic: Topic, opened: Open
) -> None:
    """A batch that failed is never committed around: its neighbours stay invisible, too."""
    state, small = await topic(), await topic(config={"max.message.bytes": "1000"})
    box = await opened(unique("id"), limits=Limits(compression=None))
    with pytest.raises(Lost, match="MessageSizeTooLarge"):
        await box.commit(Flush([Record(small, b"x" * 2_000)], rows(state, 3)))
    await box.close()
    assert await values(kafka, state) == []


async def test_keys_go_where_other_clients_send_them(
    kafka: Kafka, topic: Topic, opened: Open
) -> None:
    """Without a partition, the key decides as in aiokafka's own producer; headers and time stay."""
    ours, theirs = await topic(partitions=7), await topic(partitions=7)
    keys = [f"clé {n}".encode() for n in range(50)]
    box = await opened(unique("id"))
    head = (("reason", b"json"),)
    await box.commit(Flush([Record(ours, b"v", k, headers=head, timestamp=12_345) for k in keys]))
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap) as producer:
        for key in keys:
            await producer.send(theirs, b"v", key)
    found = await records(kafka, ours)
    expected = {r.key: r.partition for r in await records(kafka, theirs)}
    assert {r.key: r.partition for r in found} == expected
    assert {(r.headers, r.timestamp) for r in found} == {(head, 12_345)}


async def test_a_record_without_key_goes_somewhere(
    kafka: Kafka, topic: Topic, opened: Open
) -> None:
    """A dead letter may have neither a key nor a partition."""
    out = await topic(partitions=5)
    box = await opened(unique("id"))
    await box.commit(Flush([Record(out, b"one"), Record(out, b"two")]))
    assert sorted(v for v in await values(kafka, out) if v) == [b"one", b"two"]


async def test_a_missing_topic_is_lost_in_time(kafka: Kafka, opened: Open) -> None:
    """A flush to a topic that does not exist ends at the timeout, without a transaction."""
    box = await opened(unique("id"), limits=QUICK)
    begun = time.monotonic()
    with pytest.raises(Lost):
        await box.commit(Flush([Record(unique("nowhere"), b"v")]))
    assert time.monotonic() - begun < 3


async def test_a_broker_that_does_not_answer_bounds_every_step(
    kafka: Kafka, topic: Topic, opened: Open
) -> None:
    """Commit, open and close end in time although the broker is frozen; nothing is kept."""
    state, name = await topic(), unique("id")
    box = await opened(name, limits=QUICK)
    await box.commit(Flush(rows=rows(state, 1)))
    with kafka.frozen():
        begun = time.monotonic()
        with pytest.raises(Lost, match="commit failed"):
            await box.commit(Flush(rows=rows(state, 10, "w")))
        with pytest.raises(Lost, match="did not start"):
            await opened(name, limits=QUICK)
        assert time.monotonic() - begun < 3
    await opened(name)
    assert await values(kafka, state) in ([b"v0"], [b"v0", *(b"w%d" % n for n in range(10))])


async def test_without_a_broker_nothing_hangs() -> None:
    """Opening an outbox where nobody listens is lost at once, not waited for."""
    with pytest.raises(Lost, match="did not start"):
        await Outbox.open(Client(f"127.0.0.1:{free_port()}"), "id", limits=QUICK)


@pytest.mark.parametrize("seconds", [10, 1])
async def test_a_broker_restart_never_leaves_half_a_flush(
    kafka: Kafka, topic: Topic, group: str, opened: Open, seconds: int
) -> None:
    """Commits around a kill of the broker succeed or are lost; rows, copies and offset agree."""
    state, copies, name = await topic(), await topic(partitions=3), unique("id")
    tp, sure, longest = TopicPartition(state, 0), set(), 0.0
    box = await opened(name, limits=Limits(timeout=seconds))
    restart = asyncio.create_task(asyncio.to_thread(killed_and_started, kafka))
    after = number = 0
    while after < 20:
        number += 1
        value, begun = b"%d" % number, time.monotonic()
        spread = [Record(copies, value, b"%d" % n) for n in range(6)]
        row = Record(state, value, b"@", 0)
        try:
            await box.commit(Flush(spread, [row], Offset(group, tp, number)))
        except Lost:
            box = await reopened(opened, name)
        else:
            sure.add(value)
            after += restart.done()
        longest = max(longest, time.monotonic() - begun)
    stored = await values(kafka, state)
    assert Counter(await values(kafka, copies)) == dict.fromkeys(stored, 6)
    assert sure <= set(stored)
    assert longest > 1, "the kill met no commit: the test proved nothing"
    offset = await committed(kafka, group, tp)
    while offset is None and time.monotonic() - begun < 10:  # just started, it may know none yet
        offset = await committed(kafka, group, tp)
    assert offset == int(stored[-1] or 0)


def killed_and_started(kafka: Kafka) -> None:
    """Kill the broker while commits go on, and start it again."""
    time.sleep(0.3)
    kafka.kill()
    kafka.start()


async def reopened(opened: Open, name: str) -> Outbox:
    """Open the outbox as soon as the broker lets us."""
    while True:
        try:
            return await opened(name, limits=Limits(timeout=5))
        except Lost:
            await asyncio.sleep(0.2)
