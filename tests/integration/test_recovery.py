"""Recovery on a real broker: exactly what was committed, and never a wait without end."""

import asyncio
import gc
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping

import pytest
from aiokafka import TopicPartition

from stream.client import Client
from stream.state.flush import Flush, Lost, Record
from stream.state.outbox import Outbox
from stream.state.producer import Limits, Producer
from stream.state.recovery import read_rows
from tests.service.kafka import Kafka, unique
from tests.service.process import free_port
from tests.service.reader import records

Topic = Callable[..., Awaitable[str]]
State = Mapping[bytes, bytes]
COMPACT = {"cleanup.policy": "compact"}

HANGING_OWNER = """
import asyncio, sys
from stream.client import Client
from stream.state.flush import Flush, Record
from stream.state.outbox import Outbox

bootstrap, name, topic = sys.argv[1:]

async def never_end(producer, flush):
    await producer.begin()
    await producer.put(await producer.pack(flush.rows))
    print("open", flush=True)
    await asyncio.sleep(60)

async def main():
    box = await Outbox.open(Client(bootstrap), name, never_end)
    await box.commit(Flush(rows=[Record(topic, b"half", b"%d" % n, 0) for n in range(50)]))

asyncio.run(main())
"""


def row(topic: str, key: str, value: str | None, partition: int = 0) -> Record:
    """Return a state row."""
    return Record(topic, value.encode() if value is not None else None, key.encode(), partition)


async def write(kafka: Kafka, name: str, rows: Iterable[Record]) -> None:
    """Commit rows as the owner `name`, in one flush, and fence it, as recovery demands."""
    box = await Outbox.open(Client(kafka.bootstrap), name)
    await box.commit(Flush(rows=list(rows)))
    await box.close()
    await fence(kafka, name)


async def fence(kafka: Kafka, name: str) -> None:
    """Start as the owner `name`: what it left open is aborted, what it committed is visible."""
    await (await Outbox.open(Client(kafka.bootstrap), name)).close()


async def abandon(kafka: Kafka, name: str, rows: Iterable[Record]) -> None:
    """Store rows as the owner `name` and leave their transaction open."""
    limits = Limits(transaction_ms=60_000)
    producer = await Producer.start(Client(kafka.bootstrap), name, limits)
    await producer.begin()
    await producer.put(await producer.pack(rows))
    await producer.close()


async def recover(
    kafka: Kafka, topic: str, *partitions: int
) -> Mapping[int, Mapping[bytes, bytes]]:
    """Read the rows of some partitions of a topic, by partition."""
    wanted = [TopicPartition(topic, number) for number in partitions or (0,)]
    found = await read_rows(Client(kafka.bootstrap), wanted, patience=10)
    assert set(found) == set(wanted)
    return {tp.partition: state for tp, state in found.items()}


async def test_the_last_row_of_each_key_is_recovered(kafka: Kafka, topic: Topic) -> None:
    """Later rows replace earlier ones, tombstones remove them, an empty value is a value."""
    name = await topic(config=COMPACT)
    await write(kafka, "a", [row(name, "x", "1"), row(name, "y", "1"), row(name, "z", "1")])
    await write(kafka, "a", [row(name, "x", "2"), row(name, "y", None), row(name, "w", "")])
    await write(kafka, "a", [row(name, "z", None), row(name, "z", "3"), row(name, "none", None)])
    assert await recover(kafka, name) == {0: {b"x": b"2", b"z": b"3", b"w": b""}}


async def test_partitions_are_recovered_apart(kafka: Kafka, topic: Topic) -> None:
    """The same key on two partitions is two rows; an empty partition has none."""
    name = await topic(partitions=3, config=COMPACT)
    await write(kafka, "a", [row(name, "k", "zero", 0), row(name, "k", "two", 2)])
    assert await recover(kafka, name, 0, 1, 2) == {0: {b"k": b"zero"}, 1: {}, 2: {b"k": b"two"}}
    assert await read_rows(Client(kafka.bootstrap), []) == {}


@pytest.mark.parametrize("tail", ["aborted", "open", "committed after open", "aborted only"])
async def test_uncommitted_rows_are_never_recovered(kafka: Kafka, topic: Topic, tail: str) -> None:
    """However the log ends, recovery ends and sees only what is committed before the first gap."""
    name, mine, other = await topic(config=COMPACT), unique("id"), unique("id")
    if tail != "aborted only":
        await write(kafka, mine, [row(name, "k", "good"), row(name, "l", "good")])
    await abandon(
        kafka, other, [row(name, "k", "bad"), row(name, "l", None), row(name, "m", "bad")]
    )
    if tail == "committed after open":
        await write(kafka, mine, [row(name, "k", "later")])
    if tail.startswith("aborted"):
        await fence(kafka, other)
    expected = {} if tail == "aborted only" else {b"k": b"good", b"l": b"good"}
    assert await recover(kafka, name) == {0: expected}
    if tail == "committed after open":
        await fence(kafka, other)
        assert await recover(kafka, name) == {0: {b"k": b"later", b"l": b"good"}}


async def test_a_killed_owner_leaves_nothing_of_its_open_transaction(
    kafka: Kafka, topic: Topic
) -> None:
    """After SIGKILL inside a transaction the next owner aborts it and recovers the rest."""
    state, name = await topic(config=COMPACT), unique("id")
    await write(kafka, name, [row(state, "3", "whole"), row(state, "60", "whole")])
    victim = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", HANGING_OWNER, kafka.bootstrap, name, state),
        stdout=asyncio.subprocess.PIPE,
    )
    assert victim.stdout
    assert await asyncio.wait_for(victim.stdout.readline(), 20) == b"open\n"
    victim.kill()
    await victim.wait()
    assert len(await records(kafka, state, "read_uncommitted")) == 52
    box = await Outbox.open(Client(kafka.bootstrap), name)
    assert await recover(kafka, state) == {0: {b"3": b"whole", b"60": b"whole"}}
    await box.commit(Flush(rows=[row(state, "3", "next")]))
    await box.close()
    await fence(kafka, name)
    assert await recover(kafka, state) == {0: {b"3": b"next", b"60": b"whole"}}


async def test_many_flushes_are_recovered_exactly(kafka: Kafka, topic: Topic) -> None:
    """60 flushes over three partitions, some abandoned: the rows equal a plain replay of them."""
    state, name = await topic(partitions=3, config=COMPACT), unique("id")
    expected: dict[int, dict[bytes, bytes]] = {0: {}, 1: {}, 2: {}}
    box = await Outbox.open(Client(kafka.bootstrap), name)
    for turn in range(60):
        rows = [
            row(state, str((turn * n) % 97), None if n % 5 == 0 else f"{turn}/{n}", n % 3)
            for n in range(120)
        ]
        if turn % 10 == 9:
            await abandon(kafka, name, rows)
            await box.close()
            box = await Outbox.open(Client(kafka.bootstrap), name)
            continue
        await box.commit(Flush(rows=rows))
        for one in rows:
            assert one.partition is not None
            assert one.key is not None
            if one.value is None:
                expected[one.partition].pop(one.key, None)
            else:
                expected[one.partition][one.key] = one.value
    await box.close()
    await fence(kafka, name)
    assert await recover(kafka, state, 0, 1, 2) == expected


@pytest.mark.timeout(180)
async def test_a_compacted_log_is_recovered(kafka: Kafka, topic: Topic) -> None:
    """Compaction takes rows, tombstones and markers away; what is recovered stays the same."""
    eager = {
        "segment.ms": "200",
        "min.cleanable.dirty.ratio": "0.0",
        "delete.retention.ms": "0",
        "max.compaction.lag.ms": "200",
    }
    state, name = await topic(config=COMPACT | eager), unique("id")
    expected = {}
    for turn in range(8):
        await write(kafka, name, [row(state, f"{n}", f"{turn}/{n}") for n in range(40)])
        await write(
            kafka, name, [row(state, f"gone {turn}", "x"), row(state, f"gone {turn}", None)]
        )
        await abandon(kafka, name, [row(state, "3", "bad")])
        expected = {b"%d" % n: b"%d/%d" % (turn, n) for n in range(40)}
        assert await recover(kafka, state) == {0: expected}
        await asyncio.sleep(0.25)
    async with asyncio.timeout(120):
        while len(await records(kafka, state)) > 200:  # of 336
            await asyncio.sleep(1)
            await write(kafka, name, [row(state, "0", "7/0")])
    assert await recover(kafka, state) == {0: expected}


async def test_no_broker_and_no_topic_end_in_time(kafka: Kafka) -> None:
    """What cannot be read is lost after the patience, not waited for."""
    nowhere = [TopicPartition(unique("nowhere"), 0)]
    begun = time.monotonic()
    with pytest.raises(Lost, match="nowhere"):
        await read_rows(Client(kafka.bootstrap), nowhere, patience=1)
    with pytest.raises(Lost):
        await read_rows(Client(f"127.0.0.1:{free_port()}"), nowhere, patience=1)
    assert time.monotonic() - begun < 10


async def test_a_frozen_broker_ends_recovery_in_time(kafka: Kafka, topic: Topic) -> None:
    """A broker that answers nothing makes the state lost, never empty."""
    name = await topic(config=COMPACT)
    await write(kafka, "a", [row(name, "k", "v")])
    with kafka.frozen(), pytest.raises(Lost):
        await read_rows(Client(kafka.bootstrap), [TopicPartition(name, 0)], patience=1)
    assert await recover(kafka, name) == {0: {b"k": b"v"}}
    gc.collect()  # a connection that aiokafka has forgotten is closed here, on its own loop
