"""The heartbeat: once a second a worker tells every shard how far its source partitions are.

Without it a shard could not tell a silent segment from a source that is behind. It is a plain
record outside transactions: it says only what is committed anyway, and a repeated or lost one does
no harm.
"""

import asyncio
from contextlib import suppress

import structlog

from stream.agent.fold import FoldShard
from stream.client import Client
from stream.layout import Names
from stream.owner import Owner
from stream.partial import Partial, encode
from stream.state.flush import Record
from stream.state.producer import Limits, Producer
from stream.transport.line import Line

EVERY_S = 1.0

log = structlog.get_logger(__name__)


class Heartbeat:
    """Beats until it is cancelled; the broker being away only pauses it."""

    def __init__(self, client: Client, owner: Owner, line: Line, names: Names) -> None:
        self._client = client
        self._owner = owner
        self._line = line
        self._names = names

    async def run(self) -> None:
        """Beat once a second."""
        while True:
            with suppress(Exception):  # the next round starts anew, with a new producer
                await self._until_failure()
            await asyncio.sleep(EVERY_S)

    async def _until_failure(self) -> None:
        producer = await Producer.start(self._client, None, Limits())
        try:
            while True:
                async with asyncio.timeout(Limits().timeout):
                    await producer.put(await producer.pack(self._records()))
                await asyncio.sleep(EVERY_S)
        finally:
            await producer.close()

    def _records(self) -> list[Record]:
        shards = [
            (tp, held.shard)
            for tp, held in self._owner.held.items()
            if isinstance(held.shard, FoldShard)
        ]
        for tp, shard in shards:
            end = self._line.end_offset(tp)
            shard.waiting = end is not None and end > shard.position
        value = encode(Partial([shard.progress() for _, shard in shards], []))
        return [
            Record(self._names.partials, value, partition=number)
            for number in range(self._names.shards)
        ]
