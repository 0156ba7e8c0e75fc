"""Several workers, and a broker that goes away: partitions change hands, nothing is lost."""

import asyncio
import time
from collections.abc import Mapping
from functools import partial

import pytest
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from stream.transport.app import build
from stream.transport.batch import TP, Batch
from tests.integration.transport_owner import (
    Create,
    Ledger,
    Recorder,
    producer,
    running,
    send_batch,
    settings,
    until,
)
from tests.service.kafka import Kafka

PARTITIONS = 6


@pytest.fixture
def ledger() -> Ledger:
    """What the test's owners absorb."""
    return Ledger()


async def _send(kafka: Kafka, name: str, rounds: int, pause: float = 0.0) -> None:
    async with producer(kafka) as client:
        for number in range(rounds):
            for partition in range(PARTITIONS):
                await send_batch(client, TP(name, partition), [b"%d" % number] * 10)
            await asyncio.sleep(pause)


async def test_partitions_change_hands_without_loss_or_repeat(
    kafka: Kafka, topic: Create, group: str, ledger: Ledger
) -> None:
    """Workers come and go while records flow: every record once, one owner at a time, even."""
    name = await topic(PARTITIONS)
    given, employ = settings(kafka, group, name), partial(Recorder, ledger=ledger)
    sending = asyncio.create_task(_send(kafka, name, rounds=300, pause=0.03))
    async with running(given, employ) as (first, _):
        await until(lambda: ledger.count > 200)
        async with running(given, employ) as (second, _), running(given, employ) as (third, _):
            apps = (first, second, third)
            await until(lambda: [len(app.line.assignment()) for app in apps] == [2, 2, 2])
            here = ledger.count
            await until(lambda: ledger.count > here + 500)
        began = time.monotonic()
        await until(lambda: len(first.line.assignment()) == PARTITIONS)
        assert time.monotonic() - began < 4  # they left the group: no session has to run out
        await sending
        await until(lambda: ledger.count == 300 * PARTITIONS * 10)
    assert not ledger.faults
    for partition in range(PARTITIONS):
        assert [row[0] for row in ledger.rows[TP(name, partition)]] == list(range(3_000))


async def test_a_worker_without_partitions_takes_over_without_loss(
    kafka: Kafka, topic: Create, group: str, ledger: Ledger
) -> None:
    """One partition, two workers: the idle one reads on where the other stopped.

    Faust lets the idle one's flow run on during the claim; still nothing is read before its end.
    """
    tp = TP(await topic(), 0)

    class Hasty(Recorder):
        claiming = False

        async def claim(self, assigned: frozenset[TP]) -> Mapping[TP, int]:
            self.claiming = True
            positions = await super().claim(assigned)
            await self.line.seek(positions)
            await asyncio.sleep(0.5)
            self.claiming = False
            return positions

        async def absorb(self, batch: Batch) -> None:
            if self.claiming:
                ledger.faults.append("a batch came before the claim was over")
            await super().absorb(batch)

    given, employ = settings(kafka, group, tp.topic), partial(Hasty, ledger=ledger)
    async with (
        producer(kafka) as client,
        running(given, employ) as (first, _),
        running(given, employ) as (second, _),
    ):
        await until(lambda: first.line.assignment() | second.line.assignment())
        reader = first if first.line.assignment() else second
        idle = second if reader is first else first
        for number in range(50):
            await send_batch(client, tp, [b"%d" % number] * 10)
        await until(lambda: ledger.count == 500)
        await reader.stop()
        for number in range(50):  # before the other one has noticed
            await send_batch(client, tp, [b"%d" % number] * 10)
        await until(lambda: ledger.count == 1_000)
        assert idle.line.assignment() == {tp}
    assert not ledger.faults


class Hesitant(Recorder):
    """An owner whose first claims fail, or never end."""

    failures = 0
    hangs = False

    async def claim(self, assigned: frozenset[TP]) -> Mapping[TP, int]:
        """Fail, hang, or claim all but partition 1."""
        self.failures -= 1
        if self.failures >= 0:
            raise OSError("no state")
        if self.hangs:
            self.events.append("hang")
            try:
                await asyncio.Event().wait()
            finally:
                self.events.append("cancelled")
        positions = await super().claim(assigned)
        return {tp: positions[tp] for tp in assigned if tp.partition != 1}


async def test_a_failed_claim_is_tried_again_and_an_unclaimed_partition_is_not_read(
    kafka: Kafka, topic: Create, group: str, ledger: Ledger
) -> None:
    """A claim that raises comes again; a partition it leaves out is silent until it is sought."""
    name = await topic(PARTITIONS)
    await _send(kafka, name, rounds=10)

    class Failing(Hesitant):
        failures = 1

    async with running(settings(kafka, group, name), partial(Failing, ledger=ledger)) as (app, _):
        await until(lambda: ledger.count == 10 * (PARTITIONS - 1) * 10)
        await asyncio.sleep(0.5)
        assert ledger.positions[TP(name, 1)] == 0
        await app.line.seek({TP(name, 1): 0})
        await until(lambda: ledger.count == 10 * PARTITIONS * 10)
    assert not ledger.faults


async def test_a_rebalance_cancels_a_claim_before_it_revokes(
    kafka: Kafka, topic: Create, group: str, ledger: Ledger
) -> None:
    """A claim that hangs holds nobody up: it is cancelled, revoked, and called again."""
    name = await topic(PARTITIONS)
    given = settings(kafka, group, name)

    class Hanging(Hesitant):
        hangs = True

    stuck = build(given, partial(Hanging, ledger=ledger))
    await stuck.start()
    owner = stuck.handover.owner
    assert isinstance(owner, Hanging)
    await until(lambda: owner.events == ["hang"])
    async with running(given, partial(Recorder, ledger=ledger)) as (other, _):
        await until(lambda: len(other.line.assignment()) == PARTITIONS // 2)
        await until(lambda: len(owner.events) > 3)
        assert owner.events[:4] == ["hang", "cancelled", "revoke", "hang"]
        await stuck.stop()
        assert owner.events[4:] == ["cancelled", "stop"]


async def test_deleted_records_are_a_gap_and_not_skipped(
    kafka: Kafka, topic: Create, group: str, ledger: Ledger
) -> None:
    """The owner hears which position is gone; nothing is read until it seeks."""
    tp = TP(await topic(), 0)
    async with producer(kafka) as client:
        await send_batch(client, tp, [b"x"] * 100)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        await admin.delete_records({tp: RecordsToDelete(before_offset=60)})
    finally:
        await admin.close()
    async with running(settings(kafka, group, tp.topic), partial(Recorder, ledger=ledger)) as (
        app,
        owner,
    ):
        await until(lambda: owner.gaps == {tp: 0})
        await asyncio.sleep(0.3)
        assert ledger.batches == []
        ledger.positions[tp] = 60
        await app.line.seek({tp: 60})
        await until(lambda: ledger.count == 40)
    assert not ledger.faults


async def test_a_batch_that_is_lost_on_its_way_is_read_again(
    kafka: Kafka, topic: Create, group: str, ledger: Ledger
) -> None:
    """Whatever empties Faust's queues: the next batch shows the hole, and it is filled."""
    tp = TP(await topic(), 0)

    class Slow(Recorder):
        async def absorb(self, batch: Batch) -> None:
            await asyncio.sleep(0.2)
            await super().absorb(batch)

    async with (
        producer(kafka) as client,
        running(settings(kafka, group, tp.topic), partial(Slow, ledger=ledger)) as (app, _),
    ):
        for number in range(1, 20):
            await send_batch(client, tp, [b"x"] * 10)
            await client.flush()
            await asyncio.sleep(0.05)
            if number == 10:
                assert ledger.count < 50
                app.flow_control.clear()
        await until(lambda: ledger.count == 190)
    assert not ledger.faults


async def test_an_owner_that_raises_in_absorb_ends_the_application(
    kafka: Kafka, topic: Create, group: str, ledger: Ledger
) -> None:
    """`watch` raises what `absorb` raised: nothing is passed over in silence."""
    tp = TP(await topic(), 0)

    class Broken(Recorder):
        async def absorb(self, batch: Batch) -> None:
            raise ZeroDivisionError

    async with producer(kafka) as client:
        await send_batch(client, tp, [b"x"])
    async with running(settings(kafka, group, tp.topic), partial(Broken, ledger=ledger)) as (
        app,
        _,
    ):
        with pytest.raises(ZeroDivisionError):
            await asyncio.wait_for(app.watch(), 10)


async def test_an_owner_that_raises_in_revoke_does_not_end_the_application(
    kafka: Kafka, topic: Create, group: str, ledger: Ledger
) -> None:
    """The exception is logged, the rebalance goes on."""
    name = await topic(PARTITIONS)

    class Broken(Recorder):
        async def revoke(self, revoked: frozenset[TP]) -> None:
            self.let_go()
            raise AssertionError("aiokafka raises such things")

    given = settings(kafka, group, name)
    await _send(kafka, name, rounds=5)
    async with (
        running(given, partial(Broken, ledger=ledger)) as (first, _),
        running(given, partial(Recorder, ledger=ledger)) as (second, _),
    ):
        await until(lambda: [len(a.line.assignment()) for a in (first, second)] == [3, 3])
        await _send(kafka, name, rounds=5)
        await until(lambda: ledger.count == 10 * PARTITIONS * 10)
    assert not ledger.faults


@pytest.mark.parametrize("crash", [False, True], ids=["stopped", "killed"])
async def test_reading_goes_on_after_a_broker_restart(
    kafka: Kafka, topic: Create, group: str, ledger: Ledger, crash: bool
) -> None:
    """The worker comes back by itself and reads on where it was."""
    name = await topic(PARTITIONS)
    await _send(kafka, name, rounds=10)
    async with running(settings(kafka, group, name), partial(Recorder, ledger=ledger)):
        await until(lambda: ledger.count == 10 * PARTITIONS * 10)
        await asyncio.to_thread(kafka.kill if crash else kafka.stop)
        await asyncio.sleep(1)
        await asyncio.to_thread(kafka.start)
        await _send(kafka, name, rounds=10)
        await until(lambda: ledger.count == 20 * PARTITIONS * 10, seconds=60)
    assert not ledger.faults


async def test_stopping_while_the_broker_is_down_takes_no_session(
    kafka: Kafka, topic: Create, group: str, ledger: Ledger
) -> None:
    """`stop` flushes and returns within seconds although nobody answers."""
    tp = TP(await topic(), 0)
    app = build(settings(kafka, group, tp.topic), partial(Recorder, ledger=ledger))
    await app.start()
    owner = app.handover.owner
    assert isinstance(owner, Recorder)
    await until(lambda: owner.events == ["claim"])
    await asyncio.to_thread(kafka.stop)
    await asyncio.sleep(1)
    await asyncio.wait_for(app.stop(), 5)
    assert owner.events == ["claim", "stop"]
    await asyncio.to_thread(kafka.start)
