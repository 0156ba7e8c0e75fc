"""What a flush is."""

import pytest
from aiokafka import TopicPartition

from stream.state.flush import Flush, Offset, Record


def test_a_flush_without_anything_is_empty() -> None:
    """Nothing to say needs no transaction."""
    assert Flush().empty


@pytest.mark.parametrize(
    "flush",
    [
        Flush(records=[Record("t", b"")]),
        Flush(rows=[Record("t", None, b"k")]),
        Flush(offset=Offset("g", TopicPartition("t", 0), 0)),
    ],
)
def test_a_flush_with_anything_is_not_empty(flush: Flush) -> None:
    """A tombstone is something, and so is the offset 0."""
    assert not flush.empty
