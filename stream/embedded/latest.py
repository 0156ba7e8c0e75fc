"""The end of a partition, for consumers of the embedded broker.

Asked for LATEST it answers with the first offset of the last batch, plus one, so that who reads up
to there misses the rest of that batch without an error. Its fetch responses are right: they bring
the end as the high watermark.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.errors import LeaderNotAvailableError, for_code
from aiokafka.protocol.fetch import FetchRequest

LATEST = -1
WAIT_MS = 1_000  # a broker that is asked to wait for nothing answers nothing
LEAST_BYTES = 1

Found = dict[TopicPartition, tuple[int, int | None]]
Asked = Mapping[str, Sequence[tuple[int, int]]]


@contextmanager
def corrected() -> Iterator[None]:
    """Have every consumer of this process ask a fetch where a partition ends."""
    fetcher: Any = Fetcher
    stock = fetcher._proc_offset_request

    async def request(self: Any, node_id: int, topics: Asked) -> Found:
        found: Found = await stock(self, node_id, topics)
        ends = await _ends(self._client, node_id, _suspect(topics, found))
        return {**found, **{tp: (end, None) for tp, end in ends.items()}}

    fetcher._proc_offset_request = request
    try:
        yield
    finally:
        fetcher._proc_offset_request = stock


def _suspect(topics: Asked, found: Found) -> dict[str, list[tuple[int, int, int]]]:
    """List where to fetch the last batch of each partition that was asked for its end.

    An empty partition has none, and its end is right.
    """
    places: dict[str, list[tuple[int, int, int]]] = {}
    for topic, partitions in topics.items():
        for partition, timestamp in partitions:
            end, _ = found[TopicPartition(topic, partition)]
            if timestamp == LATEST and end > 0:
                places.setdefault(topic, []).append((partition, end - 1, LEAST_BYTES))
    return places


async def _ends(
    client: AIOKafkaClient, node_id: int, places: dict[str, list[tuple[int, int, int]]]
) -> dict[TopicPartition, int]:
    if not places:
        return {}
    fetch = FetchRequest(WAIT_MS, LEAST_BYTES, LEAST_BYTES, 0, list(places.items()), rack_id="")
    response = await client.send(node_id, fetch)
    ends: dict[TopicPartition, int] = {}
    for topic, partitions in response.topics:
        for partition, code, end, *_ in partitions:
            if code:
                raise for_code(code)(topic, partition)
            ends[TopicPartition(topic, partition)] = end
    wanted = {TopicPartition(topic, one[0]) for topic, ones in places.items() for one in ones}
    if ends.keys() != wanted:
        raise LeaderNotAvailableError(f"no end of {wanted - ends.keys()}")  # it is asked again
    return ends
