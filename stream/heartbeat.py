"""The heartbeat: once a second a worker tells every shard how far its source partitions are.

Without it a shard could not tell a silent segment from a source that is behind. It is a plain
record outside transactions: it says only what is committed already, so it never runs ahead of the
deltas, and a repeated or lost one does no harm.
"""

import asyncio
from contextlib import suppress

import structlog
from msgspec.structs import replace

from stream.agent.fold import FoldShard
from stream.client import Client
from stream.layout import Names
from stream.owner import Owner
from stream.partial import Partial, encode
from stream.state.flush import Record
from stream.state.producer import Limits, Producer

EVERY_S = 1.0

log = structlog.get_logger(__name__)


class Heartbeat:
    """Beats until it is cancelled; the broker being away only pauses it."""

    def __init__(self, client: Client, owner: Owner, names: Names) -> None:
        self._client = client
        self._owner = owner
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
        held = [held.shard for held in self._owner.held.values()]
        shards = [shard for shard in held if isinstance(shard, FoldShard)]
        told = [replace(shard.committed, waiting=shard.waiting) for shard in shards]
        value = encode(Partial(told, []))
        return [
            Record(self._names.partials, value, partition=number)
            for number in range(self._names.shards)
        ]
