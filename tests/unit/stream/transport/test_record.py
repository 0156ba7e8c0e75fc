"""Fetch responses made by hand become touching batches, whatever is in them."""

import struct
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.consumer.fetcher import READ_COMMITTED, Fetcher, FetchResult, PartitionRecords
from aiokafka.errors import CorruptRecordException
from aiokafka.record.control_record import ABORT_MARKER, COMMIT_MARKER, ControlRecord
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import calc_crc32c
from hypothesis import given
from hypothesis import strategies as st

from stream.transport import record
from stream.transport.batch import TP, Batch
from stream.transport.record import BatchRecords, Unpacking

HERE = TP("topic", 3)
PLAIN, APPEND_TIME, TRANSACTION, CONTROL = 0, 1 << 3, 1 << 4, 1 << 5


def source(
    base: int, offsets: list[int], last: int | None = None, flags: int = PLAIN, owner: int = -1
) -> bytes:
    """Return a record batch; `last` is its last offset when compaction took records at its end."""
    builder = DefaultRecordBatchBuilder(2, 0, bool(flags & TRANSACTION), owner, 0, 0, 1 << 20)
    for offset in offsets:
        builder.append(offset - base, 1_000 + offset - base, b"k%d" % offset, b"v%d" % offset, [])
    return _sealed(bytearray(builder.build()), base, last, flags)


def marker(base: int, owner: int, kind: ControlRecord) -> bytes:
    """Return the control batch that ends a transaction."""
    builder = DefaultRecordBatchBuilder(2, 0, 1, owner, 0, 0, 1 << 20)
    builder.append(0, 1_000, struct.pack(">hh", kind.version, kind.type_), b"", [])
    return _sealed(bytearray(builder.build()), base, None, TRANSACTION | CONTROL)


def _sealed(data: bytearray, base: int, last: int | None, flags: int) -> bytes:
    struct.pack_into(">q", data, 0, base)
    struct.pack_into(">h", data, 21, flags)
    if last is not None:
        struct.pack_into(">i", data, 23, last - base)
    struct.pack_into(">I", data, 17, calc_crc32c(bytes(data[21:])))
    return bytes(data)


def places(batch: Batch) -> list[int]:
    """Return where the records are."""
    return [record.offset for record in batch.records]


def unpack(*sources: bytes, start: int = 0, aborted: list[tuple[int, int]] = []) -> Iterator[Batch]:  # noqa: B006
    """Read a fetch response from `start`."""
    data = MemoryRecords(b"".join(sources))
    return BatchRecords(
        PartitionRecords(HERE, data, aborted, start, None, None, True, READ_COMMITTED)
    )


@given(
    groups=st.lists(st.lists(st.booleans(), min_size=1, max_size=12), min_size=1, max_size=20),
    data=st.data(),
)
def test_batches_touch_and_hold_every_record_at_or_past_the_start(
    groups: list[list[bool]], data: st.DataObject
) -> None:
    """With any gaps of compaction and any start: ranges touch, records are exactly those left."""
    sources, kept, base = [], [], 0
    for group in groups:
        offsets = [base + step for step, present in enumerate(group) if present]
        sources.append(source(base, offsets, last=base + len(group) - 1))
        kept += offsets
        base += len(group)
    start = data.draw(st.integers(0, len(groups[0]) - 1))
    batches = list(unpack(*sources, start=start))
    assert batches[0].first == start
    assert batches[-1].next == base
    assert [b.first for b in batches[1:]] == [b.next for b in batches[:-1]]
    assert [o for b in batches for o in places(b)] == [o for o in kept if o >= start]
    for batch in batches:
        assert batch.values == [b"v%d" % o for o in places(batch)]
        assert [r.key for r in batch.records] == [b"k%d" % o for o in places(batch)]
        assert all(batch.first <= o < batch.next for o in places(batch))


def test_small_sources_are_joined_and_large_ones_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every batch but the last holds the same number of records, across source borders."""
    monkeypatch.setattr(record, "RECORDS", 8)
    sources = [source(0, list(range(20))), *(source(20 + n, [20 + n]) for n in range(10))]
    batches = list(unpack(*sources))
    assert [(b.first, b.next) for b in batches] == [(0, 8), (8, 16), (16, 24), (24, 30)]


def test_many_bytes_are_not_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch takes no further source once its values reach the limit."""
    monkeypatch.setattr(record, "BYTES", 6)
    batches = list(unpack(*(source(n * 2, [n * 2, n * 2 + 1]) for n in range(3))))
    assert [(b.first, b.next, b.size) for b in batches] == [(0, 4, 8), (4, 6, 4)]


def test_sources_under_different_clocks_are_not_joined() -> None:
    """`append_time` holds for all records of a batch; the broker's time is one for the source."""
    batches = list(unpack(source(0, [0, 1]), source(2, [2, 3], flags=APPEND_TIME), source(4, [4])))
    assert [(b.first, b.next, b.append_time) for b in batches] == [
        (0, 2, False),
        (2, 4, True),
        (4, 5, False),
    ]
    assert [[r.timestamp for r in b.records] for b in batches] == [
        [1_000, 1_001],
        [1_001, 1_001],
        [1_000],
    ]


def test_aborted_transactions_and_markers_are_covered_but_not_delivered() -> None:
    """Producer 7 aborts, then commits; producer 8's records between them stay."""
    response = (
        source(0, [0, 1], flags=TRANSACTION, owner=7),
        source(2, [2], flags=TRANSACTION, owner=8),
        marker(3, 7, ABORT_MARKER),
        source(4, [4], flags=TRANSACTION, owner=7),
        marker(5, 7, COMMIT_MARKER),
        marker(6, 8, COMMIT_MARKER),
    )
    (batch,) = unpack(*response, aborted=[(7, 0)])
    assert (batch.first, batch.next, places(batch)) == (0, 7, [2, 4])


def test_a_response_of_aborted_records_is_one_batch_without_records() -> None:
    """The range is reported although nothing is left of it."""
    (batch,) = unpack(source(5, [5, 6], flags=TRANSACTION, owner=7), start=5, aborted=[(7, 5)])
    assert (batch.first, batch.next, batch.values) == (5, 7, [])


class State:
    """What aiokafka knows of an assigned partition."""

    paused = False

    def __init__(self) -> None:
        self.position = 0

    def consumed_to(self, position: int) -> None:
        """Move on."""
        self.position = position


def corrupt() -> bytes:
    """Two records whose checksum is wrong."""
    data = bytearray(source(2, [2, 3]))
    data[-1] ^= 1
    return bytes(data)


def unreadable() -> bytes:
    """A record with a header whose name is not UTF-8, which aiokafka cannot decode."""
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, 0, 0, 1 << 20)
    builder.append(0, 1_000, b"k", b"v", [("header", b"v")])
    data = bytearray(builder.build())
    at = data.index(b"header")
    data[at : at + 6] = b"\xff" * 6
    return _sealed(data, 2, None, PLAIN)


@pytest.mark.parametrize("bad", [corrupt(), unreadable()], ids=["checksum", "header"])
async def test_what_cannot_be_read_costs_other_partitions_nothing(bad: bytes) -> None:
    """What stands before it is delivered, and what the same call drew; the next call raises.

    0: good, bad ··· 1: good ──► good of 0 and 1 ──► error of 0 ──► nothing, and no error
    """
    data = [[source(0, [0, 1]), bad, source(4, [4])], [source(0, [0])]]
    states = {TP("topic", number): State() for number in range(2)}
    assignment = SimpleNamespace(active=True, state_value=states.__getitem__)
    fetcher: Any = Fetcher.__new__(Fetcher)
    fetcher._records = Unpacking()
    fetcher._subscriptions = SimpleNamespace(reassignment_in_progress=False)
    fetcher._wait_consume_future = None
    for tp, sources in zip(states, data, strict=True):
        read = MemoryRecords(b"".join(sources))
        records = PartitionRecords(tp, read, [], 0, None, None, True, READ_COMMITTED)
        fetcher._records[tp] = FetchResult(
            tp, assignment=assignment, partition_records=records, backoff=0
        )
    found = await fetcher.fetched_records(states.keys())
    assert {tp: [batch.next for batch in batches] for tp, batches in found.items()} == {
        TP("topic", 0): [2],
        TP("topic", 1): [1],
    }
    with pytest.raises(CorruptRecordException):
        await fetcher.fetched_records(states.keys())
    assert not await fetcher.fetched_records(states.keys())
    assert states[TP("topic", 0)].position == 2


def test_the_fetcher_position_moves_with_each_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fetcher compares `next_fetch_offset` with its position: it must not run ahead."""
    monkeypatch.setattr(record, "RECORDS", 2)
    batches = unpack(source(0, [0, 1, 2, 3, 4]))
    assert isinstance(batches, BatchRecords)
    for batch in batches:
        assert batches.next_fetch_offset == batch.next


def test_unpacking_converts_results_and_keeps_errors() -> None:
    """A fetch result that enters the buffer yields batches; an error stays what it is."""
    plain = PartitionRecords(
        HERE, MemoryRecords(source(0, [0])), [], 0, None, None, True, READ_COMMITTED
    )
    buffer = Unpacking()
    buffer[HERE] = FetchResult(HERE, assignment=None, partition_records=plain, backoff=0)
    assert [places(b) for b in buffer[HERE]._partition_records] == [[0]]
    buffer[HERE] = "error"
    assert buffer[HERE] == "error"
