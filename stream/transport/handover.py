"""Calls the owner when partitions come, go, or bring a batch."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from stream.transport.batch import TP
from stream.transport.intake import Intake, Parcel
from stream.transport.line import Line
from stream.transport.owner import Owner

CLAIM_PAUSE = 1.0  # seconds between a claim that failed and the next

log = structlog.get_logger(__name__)


class Handover:
    """Between Faust's signals and the owner; see `Owner` for what is promised to it."""

    def __init__(self, owner: Owner, line: Line, intake: Callable[[], Intake]) -> None:
        self.owner = owner
        self._line = line
        self._intake = intake
        self._claiming: asyncio.Task[None] | None = None
        self._stopping = False

    async def claim(self, *_: Any, **__: Any) -> None:
        """Have the assignment claimed (signal `on_rebalance_complete`); returns when it is read."""
        self._intake().close()
        assigned = self._line.assignment()
        if self._stopping:
            return
        self._claiming = asyncio.create_task(self._claim(assigned))
        try:
            await asyncio.wait([self._claiming])
        finally:
            await self._end_claim()

    async def revoke(self, *arguments: Any, **__: Any) -> None:
        """Have the assignment flushed (signal `on_partitions_revoked`); never raises."""
        revoked = frozenset(TP(*tp) for tp in arguments[1])
        self._intake().close()
        await self._end_claim()
        if revoked and not self._stopping:
            await self._guarded("revoke", self.owner.revoke(revoked))

    async def stop(self, *_: Any, **__: Any) -> None:
        """Have everything flushed, still in the group (signal `on_before_shutdown`)."""
        self._stopping = True
        self._intake().close()
        await self._end_claim()
        await self._guarded("stop", self.owner.stop())

    async def gap(self, tp: TP, position: int) -> None:
        """Tell the owner that its position cannot be read."""
        log.error("no records at the position", topic=tp.topic, partition=tp.partition, at=position)
        await self._guarded("gap", self.owner.gap(tp, position))

    async def deliver(self, parcel: Parcel) -> None:
        """Give one batch to the owner, if its reading is still on and nothing is missing."""
        reading, batch = parcel.reading, parcel.batch
        try:
            if self._intake().reading(batch.tp) is not reading:
                return  # it was fetched before a seek or a rebalance
            if batch.first == reading.position:
                reading.position = batch.next
                await self.owner.absorb(batch)
            else:
                await self._read_again(batch.tp, reading.position)
        finally:
            self._intake().take(parcel)

    async def _claim(self, assigned: frozenset[TP]) -> None:
        while True:
            try:
                positions = await self.owner.claim(assigned)
                return await self._line.seek(positions)
            except Exception as error:  # whatever it is, a later try may succeed
                log.exception("claim failed, trying again", error=repr(error))
                await asyncio.sleep(CLAIM_PAUSE)

    async def _end_claim(self) -> None:
        task, self._claiming = self._claiming, None
        if task:
            task.cancel()
            await asyncio.wait([task])

    async def _read_again(self, tp: TP, position: int) -> None:
        # Faust threw a batch away between fetch and delivery; no case is known, all are healed
        log.warning("a batch was lost on its way, reading again", topic=tp.topic, at=position)
        await self._line.seek({tp: position})

    async def _guarded(self, step: str, work: Awaitable[None]) -> None:
        try:
            await work
        except Exception as error:  # Faust ends the worker on any exception in a signal
            log.exception("the owner failed", step=step, error=repr(error))
