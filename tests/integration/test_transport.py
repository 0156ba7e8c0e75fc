"""Whole batches through Faust against a real broker: every record, every offset, once."""

import asyncio
from functools import partial
from typing import cast

import pytest

from stream.transport.batch import TP, Batch
from stream.transport.consumer import Consumer
from stream.transport.intake import Intake
from tests.integration.transport_owner import (
    Create,
    Ledger,
    Recorder,
    producer,
    read_plainly,
    running,
    send_batch,
    settings,
    until,
)
from tests.service.kafka import Kafka, unique


@pytest.fixture
def ledger() -> Ledger:
    """What the test's owners absorb."""
    return Ledger()


def _values(count: int, tag: str = "") -> list[bytes | None]:
    return [b"%s-%d" % (tag.encode(), n) if n % 7 else None for n in range(count)]


async def _fill(kafka: Kafka, tp: TP) -> None:
    """Write every kind of batch: all codecs, tombstones, null keys, headers, transactions."""
    for codec in (None, "gzip", "snappy", "lz4", "zstd"):
        async with producer(kafka, compression_type=codec) as client:
            await send_batch(client, tp, _values(50, codec or "plain"))
            await client.send_and_wait(tp.topic, b"h", partition=tp.partition, headers=[("a", b"")])
    async with producer(kafka, transactional_id=unique("tx"), acks="all") as client:
        for kept in (True, False, True, False, False):
            await client.begin_transaction()
            await send_batch(client, tp, _values(20, "tx"))
            await client.flush()
            await (client.commit_transaction() if kept else client.abort_transaction())


async def test_batches_hold_what_a_plain_consumer_reads(
    kafka: Kafka, topic: Create, group: str, ledger: Ledger
) -> None:
    """Columns equal aiokafka's records; the ranges touch and reach the end behind aborted ones."""
    tp = TP(await topic(), 0)
    await _fill(kafka, tp)
    rows, end = await read_plainly(kafka, tp)
    async with running(settings(kafka, group, tp.topic), partial(Recorder, ledger=ledger)):
        await until(lambda: ledger.positions[tp] >= end)
    assert ledger.rows[tp] == rows
    assert len(rows) == 5 * 51 + 2 * 20
    assert ledger.positions[tp] == end
    assert not ledger.faults
    assert all(batch.size == sum(len(v or b"") for v in batch.values) for batch in ledger.batches)


async def test_an_aborted_transaction_alone_is_a_batch_without_records(
    kafka: Kafka, topic: Create, group: str, ledger: Ledger
) -> None:
    """Positions pass over what was aborted although no record comes."""
    tp = TP(await topic(), 0)
    async with producer(kafka, transactional_id=unique("tx"), acks="all") as client:
        await client.begin_transaction()
        await send_batch(client, tp, _values(20))
        await client.flush()
        await client.abort_transaction()
    async with running(settings(kafka, group, tp.topic), partial(Recorder, ledger=ledger)):
        await until(lambda: ledger.positions[tp] == 21)
    assert ledger.batches
    assert not any(batch.values for batch in ledger.batches)


@pytest.mark.parametrize("clock", ["LogAppendTime", "CreateTime"])
async def test_a_batch_says_whose_clock_its_timestamps_are(
    kafka: Kafka, topic: Create, group: str, ledger: Ledger, clock: str
) -> None:
    """Timestamps are those of a plain consumer under either type, and the type is known."""
    tp = TP(await topic(1, {"message.timestamp.type": clock}), 0)
    async with producer(kafka) as client:
        await send_batch(client, tp, _values(30))
    rows, _ = await read_plainly(kafka, tp)
    async with running(settings(kafka, group, tp.topic), partial(Recorder, ledger=ledger)):
        await until(lambda: ledger.count == 30)
    assert ledger.rows[tp] == rows
    assert [batch.append_time for batch in ledger.batches] == [clock == "LogAppendTime"]


async def test_a_seek_into_the_middle_of_a_batch_begins_there(
    kafka: Kafka, topic: Create, group: str, ledger: Ledger
) -> None:
    """After `seek` the next batch begins at the offset asked for, forwards and back."""
    tp = TP(await topic(), 0)
    async with producer(kafka) as client:
        await send_batch(client, tp, _values(100))
    async with running(settings(kafka, group, tp.topic), partial(Recorder, ledger=ledger)) as (
        app,
        _,
    ):
        await until(lambda: ledger.count == 100)
        for start in (37, 99, 0):
            ledger.positions[tp] = start
            ledger.rows[tp].clear()
            await app.line.seek({tp: start})
            await until(lambda: ledger.positions[tp] == 100)
            assert [row[0] for row in ledger.rows[tp]] == list(range(start, 100))
    assert not ledger.faults


async def test_a_seek_voids_what_was_fetched_before(
    kafka: Kafka, topic: Create, group: str, ledger: Ledger
) -> None:
    """An owner that loses its state in `absorb` and seeks gets none of the waiting batches."""
    tp = TP(await topic(), 0)

    class Losing(Recorder):
        lost = False

        async def absorb(self, batch: Batch) -> None:
            await asyncio.sleep(0.1)
            if batch.next >= 50 and not self.lost:
                self.lost = True
                ledger.positions[tp] = 5
                return await self.line.seek({tp: 5})
            return await super().absorb(batch)

    async with (
        producer(kafka) as client,
        running(settings(kafka, group, tp.topic), partial(Losing, ledger=ledger)),
    ):
        for _ in range(20):
            await send_batch(client, tp, _values(10))
            await client.flush()
            await asyncio.sleep(0.02)
        await until(lambda: ledger.positions[tp] == 200)
    assert not ledger.faults


async def test_tiny_batches_are_joined_and_none_is_lost(
    kafka: Kafka, topic: Create, group: str, ledger: Ledger
) -> None:
    """50,000 records in batches of ten arrive once each, in far fewer batches than were sent."""
    name = await topic(2)
    async with producer(kafka) as client:
        for number in range(2_500):
            for partition in (0, 1):
                tp = TP(name, partition)
                await send_batch(client, tp, [b"%d" % (number * 10 + n) for n in range(10)])
    async with running(settings(kafka, group, name), partial(Recorder, ledger=ledger)):
        await until(lambda: ledger.count >= 50_000)
    for partition in (0, 1):
        rows = ledger.rows[TP(name, partition)]
        assert [row[2] for row in rows] == [b"%d" % number for number in range(25_000)]
    assert not ledger.faults
    assert len(ledger.batches) < 500


def _held(intake: Intake, name: str) -> list[int]:
    readings = [intake.reading(TP(name, partition)) for partition in range(4)]
    return [reading.records for reading in readings if reading]


class Gated(Recorder):
    """An owner that absorbs only while its gate is open."""

    gate: asyncio.Event

    async def absorb(self, batch: Batch) -> None:
        """Book the batch once the gate is open."""
        await self.gate.wait()
        await super().absorb(batch)


async def test_a_slow_owner_slows_fetching_and_memory_stays_bounded(
    kafka: Kafka, topic: Create, group: str, ledger: Ledger
) -> None:
    """Held records stay at the bound plus one fetch a partition; then everything flows on."""
    name = await topic(4)
    async with producer(kafka, linger_ms=5) as client:
        for number in range(60):
            for partition in range(4):
                await send_batch(client, TP(name, partition), [b"%d" % number] * 400)
    Gated.gate = asyncio.Event()
    limits = settings(kafka, group, name, buffer_records=8_000)
    async with running(limits, partial(Gated, ledger=ledger)) as (app, _):
        intake = cast(Consumer, app.consumer).intake
        await until(lambda: intake.reading(TP(name, 0)) and not intake.wanted())
        await asyncio.sleep(1)
        assert max(_held(intake, name)) <= 2_000 + 4 * 5_000
        assert ledger.count == 0
        Gated.gate.set()
        await until(lambda: ledger.count == 96_000)
        assert _held(intake, name) == [0] * 4
    assert not ledger.faults


async def test_a_slow_lane_does_not_hold_up_another(
    kafka: Kafka, topic: Create, group: str, ledger: Ledger
) -> None:
    """While the first lane's owner waits, what is sent to the second arrives within a second."""
    slow, quick = await topic(), await topic()

    class HalfGated(Recorder):
        async def absorb(self, batch: Batch) -> None:
            if batch.topic == slow:
                await asyncio.Event().wait()
            await super().absorb(batch)

    async with producer(kafka) as client:
        for _ in range(20):
            await send_batch(client, TP(slow, 0), [b"x"] * 1_000)
        limits = settings(kafka, group, lanes=((slow,), (quick,)), buffer_records=4_000)
        async with running(limits, partial(HalfGated, ledger=ledger)):
            for number in range(1, 6):
                await send_batch(client, TP(quick, 0), [b"x"] * 100)
                await until(lambda n=number: ledger.count == n * 100, seconds=1)  # type: ignore[misc]


async def test_the_line_knows_position_end_and_commit(
    kafka: Kafka, topic: Create, group: str, ledger: Ledger
) -> None:
    """`position`, `end_offset`, `committed` and `assignment` tell the truth, None if unknown."""
    tp, other = TP(await topic(), 0), TP("elsewhere", 3)
    async with producer(kafka) as client:
        await send_batch(client, tp, _values(100))
        async with running(settings(kafka, group, tp.topic), partial(Recorder, ledger=ledger)) as (
            app,
            _,
        ):
            await until(lambda: ledger.count == 100)
            line = app.line
            assert line.assignment() == {tp}
            assert (line.position(tp), line.end_offset(tp)) == (100, 100)
            assert (line.position(other), line.end_offset(other)) == (None, None)
            assert await line.committed(tp) is None
            await line.pause([tp])
            await send_batch(client, tp, _values(10))
            await asyncio.sleep(0.5)
            assert (ledger.count, line.position(tp)) == (100, None)
            await line.seek({tp: 100, other: 5})
            await until(lambda: ledger.count == 110)


async def test_nothing_is_created_on_the_broker(
    kafka: Kafka, topic: Create, group: str, ledger: Ledger
) -> None:
    """Faust makes neither a leader topic nor any other."""
    name = await topic()
    async with producer(kafka) as client:
        await client.send_and_wait(name, b"x", partition=0)
        before = (await client.client.fetch_all_metadata()).topics()
        async with running(settings(kafka, group, name), partial(Recorder, ledger=ledger)):
            await until(lambda: ledger.count == 1)
            after = (await client.client.fetch_all_metadata()).topics()
    assert after - before <= {"__consumer_offsets", "__transaction_state"}
