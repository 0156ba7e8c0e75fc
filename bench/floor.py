"""The floor: what reading costs at the very least in this language, without Faust and without us.

`python -m bench.floor BOOTSTRAP TOPIC EVENTS` reads a topic with aiokafka's consumer, takes the
values of whole record batches, decodes each with msgspec, counts by region, type and score, and
prints the CPU seconds, all threads, from the first fetch to the last event. No windows, no users,
no ids, nothing kept, nothing sent.
"""

import asyncio
import sys
import time
from collections import Counter, OrderedDict
from collections.abc import Iterator
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer.fetcher import FetchResult, PartitionRecords


class Answer(msgspec.Struct, gc=False):
    """What any count by segment and time would have to read."""

    id: str
    at: str
    customer_id: str
    type: str
    score: int
    dims: dict[str, str]


class Values(PartitionRecords):
    """A partition of a fetch response, as lists of values."""

    def _unpack_records(self) -> Iterator[list[bytes]]:
        while self._records.has_next():
            batch = self._records.next_batch()
            if not batch.validate_crc():
                raise ValueError("a checksum is wrong")
            self.next_fetch_offset = batch.next_offset
            if not batch.is_control_batch:
                yield [record.value for record in batch]


class Unpacking(OrderedDict[TopicPartition, Any]):
    """The fetcher's buffer."""

    def __setitem__(self, tp: TopicPartition, result: Any) -> None:
        """Keep a fetch result that yields lists of values."""
        if type(result) is FetchResult:
            held = result._partition_records
            rest: tuple[Any, ...] = ([], held.next_fetch_offset, None, None, True, 0)
            fresh = Values(tp, held._records, *rest)  # type: ignore[no-untyped-call]
            result._partition_records = fresh
        super().__setitem__(tp, result)


async def read(bootstrap: str, topic: str, events: int) -> float:
    """Read the topic; return CPU seconds."""
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest", check_crcs=False
    )
    await consumer.start()
    fetcher: Any = consumer._fetcher
    fetcher._records = Unpacking()
    counts: Counter[tuple[str, str, int]] = Counter()
    decode = msgspec.json.Decoder(Answer).decode
    started = time.process_time()
    while counts.total() < events:
        fetched: Any = await consumer.getmany(timeout_ms=1000)
        for batches in fetched.values():
            for values in batches:
                answers = list(map(decode, values))
                counts.update([(one.dims["region"], one.type, one.score) for one in answers])
    spent = time.process_time() - started
    await consumer.stop()
    return spent


if __name__ == "__main__":
    print(asyncio.run(read(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
