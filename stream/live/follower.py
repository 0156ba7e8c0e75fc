"""The follower: keeps a board of the updates topic, from the first time it is asked for.

It reads committed records of all partitions from the beginning, without a group, and goes on for
as long as the worker lives. Nothing it meets is raised: it starts anew until it succeeds. It shares
the loop with the fold, so it works in short stretches.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from stream.client import Client, calm
from stream.live.board import Arrival, Board, Change
from stream.state.recovery import close

AT_ONCE = 500  # records between two turns of the event loop: some 8 ms
POLL_MS = 200
SETTLED_S = 1.0  # after the ends were reached, if there never is a quiet moment
EXPIRE_EVERY_S = 30.0
PATIENCE_S = 10.0  # to connect
FETCH_BYTES = 1 << 20  # of one partition at a time
FIRST_WAIT_S, LONGEST_WAIT_S = 0.2, 5.0

Ends = Mapping[TopicPartition, int]
Fetched = Mapping[TopicPartition, Sequence[ConsumerRecord[bytes, bytes]]]

log = structlog.get_logger(__name__)


class Follower:
    """Follows one topic; `watchers` are told of each change, and must return at once.

    Closed windows are kept for `kept` milliseconds before the newest.
    """

    def __init__(self, client: Client, topic: str, kept: int) -> None:
        self.board = Board(kept)
        self.watchers: list[Callable[[Change], None]] = []
        self.caught_up = asyncio.Event()
        """Set once the board holds all that was published before it was asked for."""
        self._client = client
        self._topic = topic
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, unless begun."""
        if self._task is None:
            log.info("following updates", topic=self._topic)
            self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Close the reader, in some seconds at the most."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        expiring = asyncio.create_task(self._expire())
        wait = FIRST_WAIT_S
        try:
            while True:
                try:
                    async with self._reader() as reader:
                        wait = FIRST_WAIT_S
                        await self._follow(reader)
                except Exception as error:  # the broker may be away; the next try may succeed
                    log.warning("updates not read, trying again", reason=repr(error))
                await asyncio.sleep(wait)
                wait = min(2 * wait, LONGEST_WAIT_S)
        finally:
            expiring.cancel()

    @asynccontextmanager
    async def _reader(self) -> AsyncIterator[AIOKafkaConsumer]:
        calm()
        reader = AIOKafkaConsumer(  # without a group it is given all partitions, new ones too
            self._topic,
            **self._client.options(),
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            max_partition_fetch_bytes=FETCH_BYTES,
        )
        try:
            async with asyncio.timeout(PATIENCE_S):
                await reader.start()
            yield reader
        finally:
            await close(reader)

    async def _follow(self, reader: AIOKafkaConsumer) -> None:
        """Read for good; say when all that was there at the beginning is read."""
        async with asyncio.timeout(PATIENCE_S):
            ends: Ends = await reader.end_offsets(reader.assignment())
        settled: float | None = None
        while True:
            fetched = await reader.getmany(timeout_ms=POLL_MS, max_records=AT_ONCE)
            self._absorb(fetched, ends)
            await self._drop(self.board.forget())
            await asyncio.sleep(0)
            if not self.caught_up.is_set() and await _reached(reader, ends):
                # a demo's broker understates its ends: a quiet moment says that all is here
                settled = settled or time.monotonic()
                if not fetched or time.monotonic() - settled > SETTLED_S:
                    await self._drop(self.board.expire(time.monotonic()))
                    self.caught_up.set()
                    log.info("updates read", topic=self._topic, keys=len(self.board))

    def _absorb(self, fetched: Fetched, ends: Ends) -> None:
        now = time.monotonic()
        old, new = Arrival(now, was_there=True), Arrival(now, was_there=False)
        for tp, records in fetched.items():
            end = ends.get(tp, 0)
            for record in records:
                arrival = old if record.offset < end else new
                if change := self.board.absorb(record.key or b"", record.value, arrival):
                    self._tell(change)

    async def _drop(self, changes: AsyncIterator[Change]) -> None:
        """Have the board drop what it drops, and tell of it."""
        async for change in changes:
            self._tell(change)

    def _tell(self, change: Change) -> None:
        for watcher in self.watchers:
            watcher(change)

    async def _expire(self) -> None:
        while True:
            await asyncio.sleep(EXPIRE_EVERY_S)
            await self._drop(self.board.expire(time.monotonic()))


async def _reached(reader: AIOKafkaConsumer, ends: Ends) -> bool:
    for tp, end in ends.items():
        if await reader.position(tp) < end:
            return False
    return True
