"""The owner of this worker's partitions: claims, folds, merges, flushes, and loses them.

It knows the transport only by the `Line`. Each partition has an outbox of its own, opened before
its state is recovered, so that the former owner is fenced first. Whatever goes wrong with one, the
answer is the same: forget it, wait until a zombie would have noticed, and claim it again if it is
still assigned. What comes back in a rebalance is kept: had anybody else owned it in between, our
outbox would be fenced and the next flush would lose it.
"""

import asyncio
import math
import time
from collections.abc import Coroutine, Iterable, Mapping
from typing import Any

import structlog

from stream import opinion
from stream.agent.fold import FoldShard
from stream.agent.merge import MergeShard
from stream.ground import Ground, Recovered, Shard
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
RETRY = 2.0  # two heartbeats: by then a zombie knows that it is fenced
LONGEST_RETRY = 30.0

log = structlog.get_logger(__name__)


class Owner:
    """Keeps every partition that the group gives to this worker."""

    def __init__(self, ground: Ground, line: Line, timing: Timing, telemetry: Telemetry) -> None:
        self.held: dict[TP, Held] = {}
        self.stuck: dict[TP, str] = {}
        """Partitions that stopped for a reason that needs a person, with what to do."""
        self.doubts: dict[TP, str] = {}
        """Why partitions could not be recovered yet; they are tried again."""
        self._gaps: dict[TP, int] = {}
        self._ground = ground
        self._line = line
        self._timing = timing
        self._telemetry = telemetry
        self._tasks: set[asyncio.Task[None]] = set()
        self._assigned: frozenset[TP] = frozenset()
        self._ended = False
        self._recovering = asyncio.Lock()
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
        """Keep what comes back, drop what does not, recover the rest.

        Without fences somebody else may have owned it in between unnoticed: nothing is kept.
        """
        self._assigned = assigned
        for tp in self.stuck.keys() - assigned:
            del self.stuck[tp]  # whoever has it now looks for itself
        kept = assigned if self._ground.fences else frozenset()
        await self._drop(self.held.keys() - kept)
        self.stuck |= opinion.grown(self._ground.names, assigned)
        await self._recover(assigned)
        for tp in assigned & self.doubts.keys():
            self._spawn(self._reclaim(tp))
        self.claimed = True
        self._telemetry.claims.inc()
        log.info("partitions claimed", count=len(self.held))
        return {tp: held.shard.position for tp, held in self.held.items()}

    async def revoke(self, revoked: frozenset[TP]) -> None:
        """Flush what can be in time; all stays here until the next assignment is known."""
        self._assigned = frozenset()
        await self._flush_all()

    async def stop(self) -> None:
        """Flush what can be in time, and close the outboxes."""
        self._ended = True
        self._assigned = frozenset()
        await self._flush_all()
        for task in list(self._tasks):
            task.cancel()
        await self._drop(list(self.held))

    async def gap(self, tp: TP, position: int) -> None:
        """Recover a partition of which nothing can be read; stop it if that changes nothing."""
        if self._gaps.get(tp) != position:
            self._gaps[tp] = position  # who was frozen may be behind what another has deleted
            if held := self.held.get(tp):
                await self._lose(tp, held, f"nothing can be read at offset {position}")
            return
        self.stuck[tp] = opinion.unreadable(tp, position)
        await self._drop([tp])

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
            await self._lose(batch.tp, held, repr(error))
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
            for tp, held in list(self.held.items()) if self._assigned else ():
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
            await self._lose(tp, held, str(error) or repr(error))
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

    async def _recover(self, wanted: Iterable[TP]) -> None:
        """Take the partitions that are not held and not stuck; one recovery at a time.

        What a second opinion speaks against is not held: it is among `doubts`, or `stuck`.
        """
        async with self._recovering:
            free = self._assigned.intersection(wanted) - self.held.keys() - self.stuck.keys()
            recovered = await self._ground.recover(sorted(free))
            try:
                for found in recovered:
                    await self._accept(found)
            finally:
                ours = {held.outbox for held in self.held.values()}
                spare = [found.outbox for found in recovered if found.outbox not in ours]
                await asyncio.gather(*(outbox.close() for outbox in spare))

    async def _accept(self, found: Recovered) -> None:
        """Hold a recovered partition that is still ours, unless something speaks against it."""
        shard, tp = found.shard, found.shard.tp
        if found.fault:
            self.stuck[tp] = f"{tp.topic}[{tp.partition}]: {found.fault}"
            return
        try:
            if isinstance(shard, FoldShard) and self._ground.fences:
                await opinion.ask(self._line, shard, self._ground.state(tp))
        except Exception as error:
            self.doubts[tp] = str(error) or repr(error)
            return
        self.doubts.pop(tp, None)
        if tp in self._assigned:
            self.held[tp] = Held(shard, found.outbox)

    async def _drop(self, tps: Iterable[TP]) -> None:
        dropped = [self.held.pop(tp) for tp in list(tps) if tp in self.held]
        await asyncio.gather(*(held.outbox.close() for held in dropped))

    async def _lose(self, tp: TP, held: Held, reason: str) -> None:
        """Forget a partition, and claim it again after a while if it is still ours."""
        if self.held.get(tp) is not held:
            return
        log.warning("partition lost", topic=tp.topic, partition=tp.partition, reason=reason)
        self._telemetry.losses.inc()
        await self._drop([tp])
        if not self._ended:
            self._spawn(self._reclaim(tp))

    async def _reclaim(self, tp: TP) -> None:
        """Claim a partition again as long as it is ours and not held; wait longer each time."""
        wait = RETRY
        while True:
            await asyncio.sleep(wait)
            if tp not in self._assigned or tp in self.held or tp in self.stuck:
                return
            try:
                await self._recover([tp])
                if tp in self.held:
                    await self._line.seek({tp: self.held[tp].shard.position})
                    log.info("partition claimed again", topic=tp.topic, partition=tp.partition)
                    return
            except Exception as error:  # the broker may be away; the next try may succeed
                self.doubts[tp] = str(error) or repr(error)
            reason = self.doubts.get(tp)
            log.warning("claim failed, trying again", topic=tp.topic, reason=reason)
            wait = min(2 * wait, LONGEST_RETRY)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
