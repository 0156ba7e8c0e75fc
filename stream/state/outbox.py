"""The outbox: what a partition has to say leaves in one transaction, or not at all."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Self

from stream.client import Client
from stream.state.flush import Flush, Lost, Offset
from stream.state.producer import Limits, Producer

Write = Callable[[Producer, Flush], Awaitable[None]]
"""Makes a flush durable through a producer; returns only when all of it is."""

CommitOffset = Callable[[Offset], Awaitable[None]]
"""Commits an offset for the group, as the member of it who owns the partition."""


async def in_transaction(producer: Producer, flush: Flush) -> None:
    """Write all of a flush in one transaction: readers of committed data see all of it or none."""
    batches = await producer.pack([*flush.records, *flush.rows])
    await producer.begin()
    await producer.put(batches, flush.offset)
    await producer.end()


def acknowledged(commit_offset: CommitOffset) -> Write:
    """Write stage after stage, each stored before the next begins: at least once.

    For brokers without transactions. A crash between two stages repeats one flush.
    """

    async def write(producer: Producer, flush: Flush) -> None:
        for stage in (flush.records, flush.rows):
            await producer.put(await producer.pack(stage))
        if flush.offset:
            await commit_offset(flush.offset)

    return write


class Outbox:
    """The one producer of one owned partition.

    It lives until the first failure. After `Lost` it is closed for good: a transaction is never
    aborted and tried again, for who cannot commit may not know who owns the partition now.
    """

    def __init__(self, producer: Producer, write: Write, timeout: float) -> None:
        self._producer = producer
        self._write = write
        self._timeout = timeout
        self._lost: str | None = None

    @classmethod
    async def open(
        cls,
        client: Client,
        transactional_id: str | None,
        write: Write = in_transaction,
        limits: Limits | None = None,
    ) -> Self:
        """Start the producer; its former owner is fenced and what it left open is aborted.

        Do this before recovering the state. Without `transactional_id` nobody is fenced and `write`
        must be `acknowledged(...)`. Raises `Lost`.
        """
        limits = limits or Limits()
        try:
            producer = await Producer.start(client, transactional_id, limits)
        except Exception as error:
            raise Lost(f"producer {transactional_id} did not start: {_said(error)}") from error
        return cls(producer, write, limits.timeout)

    @property
    def lost(self) -> str | None:
        """Why nothing can be committed any more; None as long as it can."""
        return self._lost

    async def commit(self, flush: Flush) -> None:
        """Make a flush durable; one at a time.

        Readers see it when the broker has marked the transaction's end in every partition, some
        milliseconds later; whoever opens the outbox next waits for that.
        Raises `Lost` on any failure, in at most the timeout and the time to close: the flush may
        then be stored or not. Cancelling it ends the outbox, too.
        """
        if self._lost:
            raise Lost(self._lost)
        if flush.empty:
            return
        try:
            async with asyncio.timeout(self._timeout):
                await self._write(self._producer, flush)
        except Exception as error:
            await self._end(f"commit failed: {_said(error)}")
            raise Lost(self._lost) from error
        except asyncio.CancelledError as cancelled:
            await self._end("a commit was cancelled")
            task = asyncio.current_task()
            if task and task.cancelling():
                raise
            raise Lost(self._lost) from cancelled  # by `close`, which cancels what aiokafka awaits

    async def close(self) -> None:
        """End the producer, in a few seconds even without a broker; may be called again."""
        await self._end("closed")

    async def _end(self, reason: str) -> None:
        self._lost = self._lost or reason
        await self._producer.close()


async def close_all(outboxes: Iterable[Outbox]) -> None:
    """Close outboxes; when we are cancelled meanwhile they are closed all the same."""
    await asyncio.shield(asyncio.gather(*(outbox.close() for outbox in outboxes)))


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")
