"""What one flush of a partition holds: everything that becomes true together."""

from collections.abc import Sequence

import msgspec
from aiokafka import TopicPartition


class Lost(Exception):
    """The partition is no longer ours, or we cannot know: forget its state and claim it again.

    One answer for a fenced producer, a timeout, a broker that is gone and an unknown outcome:
    nothing of the flush may be taken for done, nor for undone.
    """


class Record(msgspec.Struct, frozen=True, gc=False):
    """One record to write. A null `value` is a tombstone."""

    topic: str
    value: bytes | None
    key: bytes | None = None
    partition: int | None = None
    """None: by the key, as every Kafka client places it (murmur2); without key by the value."""
    headers: Sequence[tuple[str, bytes]] = ()
    timestamp: int | None = None
    """Milliseconds UTC; None: now."""


class Offset(msgspec.Struct, frozen=True):
    """How far a group has read: `next` is the first offset that it has not folded."""

    group: str
    tp: TopicPartition
    next: int


class Flush(msgspec.Struct, frozen=True):
    """What a partition has to say since its last flush, in the order in which it must be kept.

    Where there are no transactions, `records` are stored before `rows` and `rows` before `offset`:
    a crash in between repeats, and never loses.
    """

    records: Sequence[Record] = ()
    """What leaves: deltas, updates, alerts, dead letters."""
    rows: Sequence[Record] = ()
    """State rows, the position among them."""
    offset: Offset | None = None

    @property
    def empty(self) -> bool:
        """Whether there is nothing to commit."""
        return not (self.records or self.rows or self.offset)
