"""The owner of this worker's partitions: claims, folds, merges, flushes, and loses them.

It knows the transport only by the `Line`; `Claims` has what it holds.
"""

import asyncio
import math
import time
from collections.abc import Coroutine, Mapping
from typing import Any

import structlog

from stream.agent.fold import FoldShard
from stream.agent.merge import MergeShard
from stream.claims import Claims, said
from stream.ground import Ground, Shard
from stream.held import Held
from stream.sink.shown import Sink
from stream.state.flush import Lost
from stream.telemetry import Telemetry
from stream.timing import Timing
from stream.transport.batch import TP, Batch
from stream.transport.line import Line

FINAL = 20.0  # seconds: less than the group waits
BREAK_OFF = 3.0  # seconds, after which a publication is broken off when the group waits for it
TURN = 0.02  # seconds between looks at what is due
LOOK = 1.0  # seconds between looks at what waits

log = structlog.get_logger(__name__)


class Owner:
    """Keeps every partition that the group gives to this worker."""

    def __init__(self, ground: Ground, line: Line, timing: Timing, telemetry: Telemetry) -> None:
        self.claims = Claims(ground, line, timing.session, telemetry)
        self.held = self.claims.held
        self._ground = ground
        self._line = line
        self._timing = timing
        self._telemetry = telemetry
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy: dict[TP, float] = {}
        self._trims: dict[TP, int] = {}
        self._deadline = math.inf
        self._trimming: asyncio.Task[None] | None = None
        self.sinks: list[Sink] = []
        self.claimed = False  # whether an assignment ever was

    def busy_for(self) -> float:
        """Say for how many seconds the batch at hand has been worked on."""
        return time.monotonic() - min(self._busy.values(), default=time.monotonic())

    async def claim(self, assigned: frozenset[TP]) -> Mapping[TP, int]:
        """Keep what comes back, drop what does not, recover the rest; see `Claims.claim`."""
        await self.claims.claim(assigned)
        self.claimed = True
        self._telemetry.claims.inc()
        log.info("partitions claimed", count=len(self.held))
        return {tp: held.shard.position for tp, held in self.held.items()}

    async def revoke(self, revoked: frozenset[TP]) -> None:
        """Flush what can be in time; all stays here until the next assignment is known."""
        self.claims.release()
        await self._flush_all()

    async def stop(self) -> None:
        """Flush what can be in time, and close the outboxes."""
        self.claims.release()
        await self._flush_all()
        for task in list(self._tasks):
            task.cancel()
        await self.claims.end()

    async def gap(self, tp: TP, position: int) -> None:
        """Recover a partition of which nothing can be read; stop it if that changes nothing."""
        await self.claims.gap(tp, position)

    async def absorb(self, batch: Batch) -> None:
        """Fold or merge a batch; a full shard is flushed first, which slows reading down.

        One that does not fit was asked for while another was being worked on, across a rebalance:
        reading goes on from where the shard stands.
        """
        held = self.held.get(batch.tp)
        if held is None:
            return
        if batch.first != held.shard.position:
            await self._line.seek({batch.tp: held.shard.position})
            return
        self._busy[batch.tp] = time.monotonic()
        try:
            await self._take(held.shard, batch)
        except Exception as error:
            log.exception("batch not processed", topic=batch.topic, first=batch.first)
            await self.claims.lose(batch.tp, held, repr(error))
            return
        finally:
            self._busy.pop(batch.tp, None)
        if held.shard.full:  # the next batch waits
            await self._guarded(batch.tp, held)

    async def _take(self, shard: Shard, batch: Batch) -> None:
        if isinstance(shard, FoldShard):
            shard.absorb(batch)
            await asyncio.sleep(0)
        else:
            await shard.absorb(batch)

    async def run(self) -> None:
        """Flush, publish and keep checkpoints as they fall due, until cancelled."""
        looked = 0.0
        while True:
            await asyncio.sleep(TURN)
            now = time.monotonic()
            every = self._timing.flush_every(self.held.values())
            if now - looked >= LOOK:
                looked = now
                self._look()
            for tp, held in list(self.held.items()) if self.claims.assigned else ():
                if not held.lock.locked() and self._timing.is_due(held, now, every):
                    self._spawn(self._guarded(tp, held))

    def _look(self) -> None:
        """See which partitions have input that is not committed, and which stand still."""
        for tp, held in self.held.items():
            shard = held.shard
            end = self._line.end_offset(tp)
            if end is None:
                continue  # nothing was fetched yet
            held.look(end > shard.position)
            if isinstance(shard, FoldShard):
                shard.waiting = end > shard.committed.position
        if self._trims and (self._trimming is None or self._trimming.done()):
            trims, self._trims = self._trims, {}
            self._trimming = self._spawn(self._ground.trim(trims))

    async def _flush_all(self) -> None:
        """Flush everything; a long publication is broken off, whoever is next has the rest."""
        self._deadline = time.monotonic() + BREAK_OFF
        flushes = [self._guarded(tp, held, final=True) for tp, held in self.held.items()]
        try:
            await asyncio.gather(*flushes)
        finally:
            self._deadline = math.inf

    async def _guarded(self, tp: TP, held: Held, final: bool = False) -> None:
        """Flush a partition; lose it on any failure, the last time also if it takes too long."""
        try:
            async with asyncio.timeout(FINAL if final else None), held.lock:
                if self.held.get(tp) is held:
                    await self._flush(tp, held, final)
        except (Exception, asyncio.CancelledError) as error:  # fenced, no broker, a fault of ours
            if not isinstance(error, Lost | TimeoutError | asyncio.CancelledError):
                log.exception("flush failed", topic=tp.topic, partition=tp.partition)
            await self.claims.lose(tp, held, said(error))
            if isinstance(error, asyncio.CancelledError):
                raise

    async def _flush(self, tp: TP, held: Held, final: bool) -> None:
        shard = held.shard
        started = time.monotonic()
        held.flushed = started
        if isinstance(shard, FoldShard):
            end = self._line.end_offset(tp)
            shard.waiting = end is None or end > shard.position
            if shard.dirty:
                taken = shard.take(time.time_ns() // 1_000_000)
                await held.outbox.commit(taken.flush)
                shard.committed = taken.progress
                self._telemetry.events.committed(tp, taken)
        else:
            await self._publish(shard, held, final)
        self._telemetry.flush.observe(time.monotonic() - started)

    async def _publish(self, shard: MergeShard, held: Held, final: bool) -> None:
        now = time.time_ns() // 1_000_000
        if shard.ready:
            async for flush in shard.publish(now, lambda: time.monotonic() > self._deadline):
                await held.outbox.commit(flush)
                self._show(shard)
            held.cost = 0.0 if shard.owes else time.monotonic() - held.flushed
        due = final or shard.full or self._timing.is_checkpoint_due(held)
        if shard.ready and shard.dirty and due:
            position = shard.position
            await held.outbox.commit(await shard.checkpoint())
            held.checkpointed = time.monotonic()
            self._show(shard)
            self._trims[shard.tp] = position

    def _show(self, shard: MergeShard) -> None:
        """Offer the sinks what is committed, and count what was refused."""
        self._telemetry.count_refused(shard.gate.counted)
        shown, shard.shown = shard.shown, []
        for sink in self.sinks:
            sink.offer(shown)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
