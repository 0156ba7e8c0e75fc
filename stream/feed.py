"""The feed: lines of a company written to topics, each when it is time for it.

What is in the past is written at once, as fast as the broker takes it; the rest live.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from aiokafka.errors import KafkaError

from stream import broker
from stream.client import Client
from stream.company import Line
from stream.state.flush import Record
from stream.state.producer import Limits, Producer

MOST = 500  # lines made and written at a time, some 20 ms: others have their turns
PATIENCE = 600.0  # seconds that a broker may be away
GRACE = 3.0  # seconds that the broker may take to store the last lines
TICK = 0.05  # seconds that live lines are gathered for, at least


class Feed:
    """Writes lines to the topics of their inputs, until they end or `ended` is done."""

    def __init__(
        self, client: Client, topics: Mapping[str, str], ended: asyncio.Future[None]
    ) -> None:
        self.written: Counter[str] = Counter()
        """Lines that the broker has stored, by topic."""
        self._client = client
        self._topics = topics
        self._ended = ended
        self._reached: int | None = None

    async def run(
        self, lines: Iterable[Line], advance: Callable[[int], None] = lambda _: None
    ) -> None:
        """Wait for the broker and write; `advance` is told by how many ms of arrival.

        A broker that goes away is waited for, ten minutes. Raises `TopicError` when a topic is not
        there, `BrokerError` when the broker stays away, or refuses us or a line.
        """
        producer: Producer | None = None
        try:
            producer = await self._start()
            if producer:
                await self._write_all(producer, lines, advance)
        except (KafkaError, TimeoutError, OSError) as error:
            raise broker.BrokerError(f"{self._client.bootstrap}: {error!r}") from error
        finally:
            if producer:
                await producer.close()

    async def _start(self) -> Producer | None:
        """Start the producer; None when the end came first."""
        starting = asyncio.create_task(self._prepare())
        self._ended.add_done_callback(lambda _: starting.cancel())
        await asyncio.wait([starting])
        return None if starting.cancelled() else starting.result()

    async def _prepare(self) -> Producer:
        await broker.wait_for_broker(self._client)
        await broker.sources(self._client, self._topics.values())
        return await Producer.start(self._client, None, Limits(timeout=PATIENCE))

    async def _write_all(
        self, producer: Producer, lines: Iterable[Line], advance: Callable[[int], None]
    ) -> None:
        batch: list[Line] = []
        due = _now()
        for line in lines:
            if line.at > due or len(batch) == MOST:
                await self._write(producer, batch, advance)
                batch, due = [], await self._wait(line.at)
            if self._ended.done():
                return
            batch.append(line)
        await self._write(producer, batch, advance)

    async def _write(
        self, producer: Producer, batch: Sequence[Line], advance: Callable[[int], None]
    ) -> None:
        if not batch:
            return
        records = [Record(self._topics[line.source], line.value, line.key) for line in batch]
        if await self._stored(producer, records):
            self.written.update(record.topic for record in records)
            advance(batch[-1].at - (self._reached or batch[0].at))
            self._reached = batch[-1].at

    async def _stored(self, producer: Producer, records: Sequence[Record]) -> bool:
        """Wait until the broker has stored records, however long it is away, or until the end."""
        storing = asyncio.create_task(_store(producer, records))
        await asyncio.wait([storing, self._ended], return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait([storing], timeout=GRACE)
        if not storing.done():
            storing.cancel()
            return False
        storing.result()
        return True

    async def _wait(self, at: int) -> int:
        """Wait for a moment, a tick at least, or not at all if it is past; return the time then."""
        seconds = (at - _now()) / 1000
        if seconds > 0:
            await asyncio.wait([self._ended], timeout=max(seconds, TICK))
        return _now()


async def _store(producer: Producer, records: Sequence[Record]) -> None:
    await producer.put(await producer.pack(records))


def _now() -> int:
    return time.time_ns() // 1_000_000
