"""What the transport delivers: records of one partition, as columns."""

from typing import Protocol

import msgspec
from aiokafka import TopicPartition

TP = TopicPartition
"""A topic and partition; everywhere in this project it is aiokafka's named tuple."""


class Stored(Protocol):
    """A record as aiokafka reads it."""

    @property
    def offset(self) -> int:
        """Where it is in its partition."""

    @property
    def timestamp(self) -> int:
        """Milliseconds UTC: when the broker stored it, or the producer's time."""

    @property
    def key(self) -> bytes | None:
        """What its producer chose the partition by."""


class Batch(msgspec.Struct):
    """Records of one partition, in order, with the offsets [first, next) that they cover.

    The range also covers what is no record for us: control batches, aborted transactions, offsets
    that compaction took. So `values` may be empty, and `next` of one batch is `first` of the one
    after it, unless somebody sought in between. `values` is a column, since all of it is read; what
    is asked for of few records is left in `records`.
    """

    topic: str
    partition: int
    first: int
    next: int
    values: list[bytes | None]
    """The records' values; None is a tombstone."""
    records: list[Stored]
    append_time: bool = False
    """Whether timestamps are the broker's (LogAppendTime); the same for all the records."""
    size: int = 0
    """Bytes of the values, and of headers."""

    @property
    def tp(self) -> TP:
        """The partition as a key."""
        return TP(self.topic, self.partition)
