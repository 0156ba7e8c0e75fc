"""What the transport delivers: records of one partition, as columns."""

import msgspec
from aiokafka import TopicPartition

TP = TopicPartition
"""A topic and partition; everywhere in this project it is aiokafka's named tuple."""


class Batch(msgspec.Struct):
    """Records of one partition, in order, with the offsets [first, next) that they cover.

    The range also covers what is no record for us: control batches, aborted transactions, offsets
    that compaction took. So `values` may be empty, and `next` of one batch is `first` of the one
    after it, unless somebody sought in between. The columns have one length; headers are dropped.
    """

    topic: str
    partition: int
    first: int
    next: int
    values: list[bytes | None]
    """The records' values; None is a tombstone."""
    keys: list[bytes | None]
    offsets: list[int]
    timestamps: list[int]
    """Milliseconds UTC: when the broker stored the record, or the producer's time, see below."""
    append_time: bool = False
    """Whether `timestamps` are the broker's (LogAppendTime); the same for all the records."""
    size: int = 0
    """Bytes of the values."""

    @property
    def tp(self) -> TP:
        """The partition as a key."""
        return TP(self.topic, self.partition)
