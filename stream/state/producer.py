"""A Kafka producer that never waits for ever: bounded start, whole batches, and a quick end.

aiokafka's own `start()` and `stop()` wait as long as the broker is away, so the end is done here on
its private parts; the tests of the outbox show that they are still there.
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import zip_longest
from typing import Any, Self

import msgspec
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.partitioner import murmur2
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import DefaultRecordBatch

from stream.client import Client, calm
from stream.state.flush import Offset, Record

GRACE = 2.0  # seconds that each of the two steps of `close` may take
RETRY_MS = 5  # the broker refuses the first records of a transaction until it has verified it

Batches = dict[TopicPartition, list[BatchBuilder]]


class Limits(msgspec.Struct, frozen=True):
    """What bounds a producer in time and space."""

    timeout: float = 10.0
    """Seconds that starting, or one commit, may take."""
    transaction_ms: int = 10_000
    """After this the broker aborts an open transaction; until then its readers wait."""
    batch_bytes: int = 900_000
    """A batch is closed at this size before compression; a larger record goes by itself. Below the
    brokers' usual `max.message.bytes` (1,048,588)."""
    compression: str | None = "snappy"


class Producer:
    """The few steps from which a commit is made: pack, begin, put, end."""

    def __init__(self, kafka: AIOKafkaProducer) -> None:
        self._kafka = kafka

    @classmethod
    async def start(cls, client: Client, transactional_id: str | None, limits: Limits) -> Self:
        """Connect; with a transactional id also fence its former owner and abort what it left open.

        Any failure closes it again: `TimeoutError` or aiokafka's own error.
        """
        calm()
        kafka = AIOKafkaProducer(
            **client.options(),
            transactional_id=transactional_id,
            transaction_timeout_ms=limits.transaction_ms,
            enable_idempotence=transactional_id is not None,  # some brokers have neither
            acks="all",
            linger_ms=0,
            max_batch_size=limits.batch_bytes,
            compression_type=limits.compression,
            request_timeout_ms=round(limits.timeout * 1000),
            retry_backoff_ms=RETRY_MS,
        )
        producer = cls(kafka)
        try:
            async with asyncio.timeout(limits.timeout):
                await kafka.start()
        except BaseException:
            await producer.close()
            raise
        return producer

    async def pack(self, records: Iterable[Record]) -> Batches:
        """Build the batches of each partition, in order; waits for a topic that is not there."""
        records = list(records)
        counts = {
            topic: len(await self._kafka.partitions_for(topic))
            for topic in {record.topic for record in records}
        }
        batches: Batches = {}
        for record in records:
            built = batches.setdefault(_place(record, counts[record.topic]), [])
            if not built or not _append(built[-1], record):
                built.append(self._batch(record))
                _append(built[-1], record)
        return batches

    def _batch(self, record: Record) -> BatchBuilder:
        """Begin a batch; a record that is one by itself is compressed, as it may have come so.

        What brokers bound is the size of a batch as it is stored.
        """
        kafka: Any = self._kafka
        most = kafka._message_accumulator._batch_size
        batch: BatchBuilder = kafka.create_batch()
        if len(record.value or b"") > most:
            transactional = kafka._txn_manager is not None
            batch = BatchBuilder(
                most, DefaultRecordBatch.CODEC_GZIP, is_transactional=transactional
            )
        return batch

    async def begin(self) -> None:
        """Begin a transaction."""
        await self._kafka.begin_transaction()

    async def put(self, batches: Batches, offset: Offset | None = None) -> None:
        """Write the batches and wait until all are stored; `offset` joins the transaction.

        The first batch of every partition is queued before anything is awaited, so that all
        partitions join the transaction in one request.
        """
        stored: list[asyncio.Future[Any]] = []
        if offset:
            moved = {offset.tp: offset.next}
            sending = self._kafka.send_offsets_to_transaction(moved, offset.group)
            stored.append(asyncio.ensure_future(sending))
        try:
            for turn in zip_longest(*_queues(batches)):
                for tp, batch in filter(None, turn):
                    done = await self._kafka.send_batch(batch, tp.topic, partition=tp.partition)
                    stored.append(done)
            await asyncio.gather(*stored)
        finally:
            _settle(stored)

    async def end(self) -> None:
        """Commit the transaction. It checks nothing: everything `put` must be stored before."""
        await self._kafka.commit_transaction()

    async def close(self) -> None:
        """Drop the connection and whatever is unsent, in at most two times `GRACE`; never raises.

        An open transaction stays open, to be aborted by whoever starts next or by its timeout.
        """
        self._kafka._closed = True
        tasks = _tasks(self._kafka._sender)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=GRACE)
        with suppress(Exception):
            async with asyncio.timeout(GRACE):
                await self._kafka.client.close()
        _settle([*tasks, *_waiter(self._kafka)])


def _queues(batches: Batches) -> Iterable[Sequence[tuple[TopicPartition, BatchBuilder]]]:
    return [[(tp, batch) for batch in built] for tp, built in batches.items()]


def _append(batch: BatchBuilder, record: Record) -> bool:
    headers = list(record.headers)
    appended = batch.append(
        timestamp=record.timestamp, key=record.key, value=record.value, headers=headers
    )
    return appended is not None


def _place(record: Record, partitions: int) -> TopicPartition:
    if record.partition is not None:
        return TopicPartition(record.topic, record.partition)
    key = record.value if record.key is None else record.key
    return TopicPartition(record.topic, _hash(key or b"") % partitions)


@lru_cache(maxsize=1 << 16)  # pure Python, and the same keys come with every flush
def _hash(key: bytes) -> int:
    return int(murmur2(key)) & 0x7FFFFFFF


def _tasks(sender: object) -> list[asyncio.Task[Any]]:
    """Return the sender's own task and those it started: it keeps their names to itself."""
    return [task for task in asyncio.all_tasks() if _owner(task) is sender]


def _owner(task: asyncio.Task[Any]) -> object:
    frame = getattr(task.get_coro(), "cr_frame", None)
    # a task that is cancelled before its first step has a frame, one that is done has none
    return frame.f_locals.get("self") if frame else None


def _waiter(kafka: AIOKafkaProducer) -> list[asyncio.Future[Any]]:
    waiter = kafka._txn_manager and kafka._txn_manager._transaction_waiter
    return [waiter] if waiter else []


def _settle(futures: Iterable[asyncio.Future[Any]]) -> None:
    """Leave none of the futures waiting, and no error that nobody has looked at."""
    for future in futures:
        if not future.cancel() and not future.cancelled():
            future.exception()
