"""Record batches of a fetch response as columns, without an object for each record.

aiokafka's `PartitionRecords` knows transactions, control batches and checksums; it is kept, only
what it yields changes: `Batch` for `ConsumerRecord`. `Unpacking` takes the place of the fetcher's
buffer and converts each response on its way in.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from itertools import chain, dropwhile, islice
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.fetcher import READ_COMMITTED, FetchError, FetchResult, PartitionRecords
from aiokafka.errors import CorruptRecordException, KafkaError

from stream.transport.batch import TP, Batch

RECORDS = 4_000  # fewer cost the loop, the threads and numpy more calls; more hold the loop up
BYTES = 1 << 20  # of values: from here on nothing is joined


class BatchRecords(PartitionRecords):
    """One partition of a fetch response: an iterator over touching batches.

    Small record batches are joined, large ones cut, at `RECORDS`. It ends before one that cannot be
    read (its checksum is wrong, it cannot be decompressed), and `error` says why.
    """

    error: KafkaError | None = None

    def __init__(self, origin: PartitionRecords) -> None:
        super().__init__(  # type: ignore[no-untyped-call]
            origin._tp,
            origin._records,
            origin._aborted_transactions,
            origin.next_fetch_offset,
            origin._key_deserializer,
            origin._value_deserializer,
            origin._check_crcs,
            origin._isolation_level,
        )

    def _unpack_records(self) -> Iterator[Batch]:
        batch = self._begin()
        try:
            while self._records.has_next():
                source = self._records.next_batch()
                if self._check_crcs and not source.validate_crc():
                    raise CorruptRecordException(f"Invalid CRC - {self._tp}")
                if not self._is_skipped(source):
                    if _is_closed(batch, source):
                        yield from self._end(batch)
                        batch = self._begin()
                    records = _unread(source, batch.next)
                    while _fill(batch, source, records):
                        yield from self._end(batch)
                        batch = self._begin()
                batch.next = max(batch.next, source.next_offset)
        except KafkaError as error:
            self.error = error
        except Exception as error:  # of what decompresses and decodes
            self.error = CorruptRecordException(f"{self._tp}: {error!r}")
        yield from self._end(batch)

    def _begin(self) -> Batch:
        start = self.next_fetch_offset
        return Batch(self._tp.topic, self._tp.partition, start, start, [], [])

    def _end(self, batch: Batch) -> Iterator[Batch]:
        # the fetcher compares this with its position before it asks for the next batch
        self.next_fetch_offset = batch.next
        if batch.next > batch.first:
            yield batch

    def _is_skipped(self, source: Any) -> bool:
        ours: Any = self  # aiokafka's methods have no types
        if self._isolation_level == READ_COMMITTED and source.producer_id is not None:
            ours._consume_aborted_up_to(source.base_offset)
            if source.is_control_batch and ours._contains_abort_marker(source):
                self._aborted_producers.discard(source.producer_id)
            if source.is_transactional and source.producer_id in self._aborted_producers:
                return True
        return bool(source.is_control_batch)


class Unpacking(OrderedDict[TP, Any]):
    """A buffer for aiokafka's fetcher: partition -> its fetch result, which yields batches.

    An error that a result ends with takes its place, as one of a response does: it is raised by the
    next call that has nothing else to give. Raised at once, it would take with it what the same
    call has drawn from other partitions.
    """

    def __init__(self) -> None:
        super().__init__()
        self._begun: dict[TP, BatchRecords] = {}

    def __setitem__(self, tp: TP, result: Any) -> None:
        """Keep the result (or the error) of one partition."""
        if type(result) is FetchResult:
            result._partition_records = self._begun[tp] = BatchRecords(result._partition_records)
        super().__setitem__(tp, result)

    def clear(self) -> None:
        """Forget everything."""
        super().clear()
        self._begun.clear()

    def __delitem__(self, tp: TP) -> None:
        """Forget a result that is used up, unless it ended with an error."""
        super().__delitem__(tp)
        begun = self._begun.pop(tp, None)
        if begun and begun.error:
            self[tp] = FetchError(error=begun.error, backoff=0.0)


def unpack(consumer: AIOKafkaConsumer) -> None:
    """Have the responses to a consumer that is started unpacked into batches."""
    fetcher: Any = consumer._fetcher
    fetcher._records = Unpacking()


def _is_closed(batch: Batch, source: Any) -> bool:
    changed = batch.append_time != bool(source.timestamp_type)
    return bool(batch.values) and (changed or batch.size >= BYTES)


def _unread(source: Any, position: int) -> Iterator[Any]:
    if source.base_offset < position:
        return dropwhile(lambda record: record.offset < position, source)
    return chain(source)  # a record batch answers iter() only once, a chain each time


def _fill(batch: Batch, source: Any, records: Iterator[Any]) -> bool:
    """Take records until the batch is full; say whether it is."""
    had = len(batch.values)
    batch.append_time = bool(source.timestamp_type)
    taken = list(islice(records, RECORDS - had))
    batch.records += taken
    values = [record.value for record in taken]
    batch.values += values
    batch.size += sum(map(len, filter(None, values))) + _headers(taken)
    if len(batch.values) < RECORDS:
        return False
    batch.next = taken[-1].offset + 1
    return True


def _headers(records: Sequence[Any]) -> int:
    """Count the bytes of headers, which nobody reads, but which are held with their records."""
    held = [headers for record in records if (headers := record.headers)]
    return sum(len(value or b"") for headers in held for _, value in headers)
