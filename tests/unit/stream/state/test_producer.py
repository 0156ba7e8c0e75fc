"""Placing records: as every other Kafka client does."""

from aiokafka import TopicPartition
from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from stream.state.flush import Record
from stream.state.producer import _place


@given(st.binary(max_size=80), st.integers(1, 64))
def test_a_key_has_the_partition_that_other_clients_give_it(key: bytes, partitions: int) -> None:
    """The hash and its sign bit are those of the default partitioner."""
    every = list(range(partitions))
    expected = DefaultPartitioner()(key, every, every)
    assert _place(Record("t", b"v", key), partitions) == TopicPartition("t", expected)


@given(st.none() | st.binary(max_size=8), st.none() | st.binary(max_size=8), st.integers(0, 9))
def test_a_partition_that_is_named_is_kept(
    key: bytes | None, value: bytes | None, partition: int
) -> None:
    """A named partition goes before the key."""
    record = Record("t", value, key, partition)
    assert _place(record, 10) == TopicPartition("t", partition)


@given(st.none() | st.binary(max_size=8), st.integers(1, 9))
def test_a_record_without_key_has_a_partition(value: bytes | None, partitions: int) -> None:
    """Without key it is some partition of the topic, the same each time."""
    first, again = (_place(Record("t", value), partitions) for _ in range(2))
    assert first == again
    assert 0 <= first.partition < partitions
