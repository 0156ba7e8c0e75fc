"""A reader who follows topics from their first record: committed records only, without a group."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from tests.service.kafka import Kafka


class Follower:
    """Hands every record of the topics to `take`; open it once they are there."""

    def __init__(
        self,
        kafka: Kafka,
        topics: Sequence[str],
        take: Callable[[ConsumerRecord[bytes, bytes]], None],
    ) -> None:
        self._kafka = kafka
        self._topics = topics
        self._take = take

    async def __aenter__(self) -> Self:
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=self._kafka.bootstrap,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )
        await self._consumer.start()
        for topic in self._topics:
            await self._consumer._client._wait_on_metadata(topic)
        self._consumer.assign([*self._partitions()])
        self._following = asyncio.create_task(self._follow())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._following.cancel()
        with suppress(asyncio.CancelledError):
            await self._following
        await self._consumer.stop()

    def _partitions(self) -> Iterator[TopicPartition]:
        for topic in self._topics:
            for number in self._consumer.partitions_for_topic(topic) or ():
                yield TopicPartition(topic, number)

    async def _follow(self) -> None:
        while True:
            for fetched in (await self._consumer.getmany(timeout_ms=300)).values():
                for record in fetched:
                    self._take(record)


class Rows(Follower):
    """Follows compacted topics; `keys` are those there, by topic: no tombstone took them back."""

    def __init__(self, kafka: Kafka, topics: Sequence[str]) -> None:
        super().__init__(kafka, topics, self._note)
        self.keys: dict[str, set[tuple[int, bytes]]] = {topic: set() for topic in topics}
        self.gone = 0
        """How many tombstones there were."""

    def _note(self, record: ConsumerRecord[bytes, bytes]) -> None:
        key = record.partition, record.key or b""
        if record.value is None:
            self.gone += 1
            self.keys[record.topic].discard(key)
        else:
            self.keys[record.topic].add(key)
