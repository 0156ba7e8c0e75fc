"""Owners for tests of the transport, and what is around them."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar, cast

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from stream.transport.app import App, TransportSettings, build
from stream.transport.batch import TP, Batch
from stream.transport.line import Line
from tests.service.kafka import Kafka

Row = tuple[int, bytes | None, bytes | None, int]
"""Offset, key, value, timestamp."""

Create = Callable[..., Awaitable[str]]
"""Makes a topic: the fixture `topic`."""

Employed = TypeVar("Employed", bound="Recorder")


class Ledger:
    """What all owners of a test have absorbed: positions, rows, and the order of events."""

    def __init__(self) -> None:
        self.positions: dict[TP, int] = defaultdict(int)
        self.rows: dict[TP, list[Row]] = defaultdict(list)
        self.batches: list[Batch] = []
        self.holder: dict[TP, object] = {}
        self.faults: list[str] = []

    def add(self, batch: Batch) -> None:
        """Book a batch; one that does not touch the one before is a fault."""
        if batch.first != self.positions[batch.tp]:
            self.faults.append(f"{batch.tp} at {self.positions[batch.tp]}, got {batch.first}")
        self.positions[batch.tp] = batch.next
        self.rows[batch.tp] += (
            (record.offset, record.key, value, record.timestamp)
            for record, value in zip(batch.records, batch.values, strict=True)
        )
        self.batches.append(batch)

    @property
    def count(self) -> int:
        """Records so far."""
        return sum(map(len, self.rows.values()))


class Recorder:
    """An owner that books everything in a ledger."""

    def __init__(self, line: Line, ledger: Ledger) -> None:
        self.line = line
        self.ledger = ledger
        self.events: list[str] = []
        self.gaps: dict[TP, int] = {}
        self.held: frozenset[TP] = frozenset()

    async def claim(self, assigned: frozenset[TP]) -> Mapping[TP, int]:
        """Take everything, from where the ledger stands."""
        self.events.append("claim")
        for tp in assigned:
            if self.ledger.holder.get(tp):
                self.ledger.faults.append(f"{tp} claimed while somebody has it")
            self.ledger.holder[tp] = self
        self.held = assigned
        return {tp: self.ledger.positions[tp] for tp in assigned}

    async def revoke(self, revoked: frozenset[TP]) -> None:
        """Give everything back, not at once."""
        await asyncio.sleep(0.2)
        self.events.append("revoke")
        self.let_go()

    async def absorb(self, batch: Batch) -> None:
        """Book the batch."""
        if self.ledger.holder.get(batch.tp) is not self:
            self.ledger.faults.append(f"{batch.tp} absorbed by a stranger")
        self.ledger.add(batch)

    async def gap(self, tp: TP, position: int) -> None:
        """Remember the gap."""
        self.gaps[tp] = position

    async def stop(self) -> None:
        """Give everything back."""
        self.events.append("stop")
        self.let_go()

    def let_go(self) -> None:
        """Be nobody's owner."""
        for tp in self.held:
            if self.ledger.holder.get(tp) is self:
                self.ledger.holder[tp] = None
        self.held = frozenset()


@asynccontextmanager
async def running(
    settings: TransportSettings, employ: Callable[[Line], Employed]
) -> AsyncIterator[tuple[App, Employed]]:
    """Run an application; yields it and its owner."""
    app = build(settings, employ)
    await app.start()
    try:
        yield app, cast(Employed, app.handover.owner)
    finally:
        await app.stop()


def settings(kafka: Kafka, group: str, *topics: str, **changes: Any) -> TransportSettings:
    """Return settings with a short session, one lane for all the topics."""
    given: dict[str, Any] = {"lanes": (topics,), "session_timeout_ms": 6_000, **changes}
    return TransportSettings(
        bootstrap=kafka.bootstrap, group=group, heartbeat_interval_ms=200, **given
    )


@asynccontextmanager
async def producer(kafka: Kafka, **options: Any) -> AsyncIterator[AIOKafkaProducer]:
    """Run a producer."""
    client = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, **options)
    await client.start()
    try:
        yield client
    finally:
        await client.stop()


async def send_batch(client: AIOKafkaProducer, tp: TP, values: Iterable[bytes | None]) -> None:
    """Send the values as one record batch, with and without a key in turn."""
    batch = client.create_batch()
    for number, value in enumerate(values):
        key = b"key-%d" % number if number % 3 else None
        if not batch.append(key=key, value=value, timestamp=1_700_000_000_000 + number):
            raise ValueError("the values are too many for one batch")
    await client.send_batch(batch, tp.topic, partition=tp.partition)


async def until(happens: Callable[[], object], seconds: float = 30) -> None:
    """Wait until it is so; `TimeoutError` when it never is."""
    deadline = time.monotonic() + seconds
    while not happens():
        if time.monotonic() > deadline:
            raise TimeoutError("it did not happen")
        await asyncio.sleep(0.01)


async def read_plainly(kafka: Kafka, tp: TP) -> tuple[list[Row], int]:
    """Read a partition with aiokafka alone: its committed records and its end."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka.bootstrap,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        consumer.assign([tp])
        consumer.seek(tp, 0)
        end = (await consumer.end_offsets([tp]))[tp]
        rows: list[Row] = []
        deadline = time.monotonic() + 30
        while await consumer.position(tp) < end and time.monotonic() < deadline:
            fetched = (await consumer.getmany(timeout_ms=200)).get(tp, [])
            rows += [(each.offset, each.key, each.value, each.timestamp) for each in fetched]
        return rows, end
    finally:
        await consumer.stop()
