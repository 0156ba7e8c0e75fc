"""The company's events on their way to the source topics: the past at once, then what happens."""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice

import msgspec

from metrics.duration import DAY
from stream.client import Client
from stream.company import Line, lines
from stream.demo.script import Script, history
from stream.state.flush import Record
from stream.state.producer import Limits, Producer

CHUNK = 200  # events made and written at a stretch, some 10 ms: the worker starts meanwhile
TICK_S = 0.1  # what happens in this time is written together
LONGEST = 3_650 * DAY


class Traffic(msgspec.Struct, frozen=True):
    """Writes events; `topics` by input."""

    producer: Producer
    topics: Mapping[str, str]

    async def fill(self, events: Iterator[Line]) -> None:
        """Write all of the events, as fast as it goes."""
        while chunk := list(islice(events, CHUNK)):
            await self.put(chunk)

    async def follow(self, events: Iterator[Line]) -> None:
        """Write each event when its time has come."""
        due: list[Line] = []
        for line in events:
            while line.at > time.time_ns() // 1_000_000:
                await self.put(due)
                due.clear()
                await asyncio.sleep(TICK_S)
            due.append(line)

    async def put(self, events: Sequence[Line]) -> None:
        """Write events and wait until they are stored."""
        topics = self.topics
        records = [Record(topics[one.source], one.value, one.key) for one in events]
        await self.producer.put(await self.producer.pack(records))


async def write(client: Client, topics: Mapping[str, str], script: Script) -> None:
    """Write the past, and from then on what happens, until cancelled."""
    producer = await Producer.start(client, None, Limits())
    traffic = Traffic(producer, topics)
    try:
        past = (lines(one.company, one.start, one.end) for one in history(script))
        await traffic.fill(chain.from_iterable(past))
        await traffic.follow(lines(script.live(), script.start, script.start + LONGEST))
    finally:
        await producer.close()
