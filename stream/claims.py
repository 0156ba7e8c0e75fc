"""The partitions of this worker: how each is claimed, lost, and claimed again.

Each has an outbox of its own, opened before its state is recovered, so that the former owner is
fenced first. Whatever goes wrong with one, the answer is the same: forget it, wait until a zombie
would have noticed, and claim it again if it is still assigned. What comes back in a rebalance is
kept: had anybody else owned it in between, our outbox would be fenced and the next flush would lose
it.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping

import structlog

from stream import opinion
from stream.agent.fold import FoldShard
from stream.ground import Ground, Recovered
from stream.held import Held
from stream.state.outbox import close_all
from stream.telemetry import Telemetry
from stream.transport.batch import TP
from stream.transport.line import Line

RETRY = 2.0  # seconds, two heartbeats: by then a zombie knows that it is fenced
LONGEST_RETRY = 30.0

log = structlog.get_logger(__name__)


class Claims:
    """What is held of what is assigned, and why the rest is not.

    `session` is the number of seconds after which the group gives a silent worker's partitions to
    others.
    """

    def __init__(self, ground: Ground, line: Line, session: float, telemetry: Telemetry) -> None:
        self.assigned: frozenset[TP] = frozenset()
        self.held: dict[TP, Held] = {}
        self.stuck: dict[TP, str] = {}
        """Partitions that stopped for a reason that needs a person, with what to do."""
        self.doubts: dict[TP, str] = {}
        """Why partitions could not be recovered yet; they are tried again."""
        self._ground = ground
        self._line = line
        self._session = session
        self._telemetry = telemetry
        self._gaps: dict[TP, int] = {}
        self._under_way: set[TP] = set()
        self._reclaims: dict[TP, asyncio.Task[None]] = {}
        self._ending: set[asyncio.Task[None]] = set()

    async def claim(self, assigned: frozenset[TP]) -> None:
        """Keep what comes back, drop what does not, recover the rest.

        Without fences somebody else may have owned it in between unnoticed: nothing is kept. What
        cannot be recovered is tried again by itself. Raises if nothing is held then.
        """
        self.assigned = assigned
        await self._end_reclaims()
        for tp in self.stuck.keys() - assigned:
            del self.stuck[tp]  # whoever has it now looks for itself
        kept = assigned if self._ground.fences else frozenset()
        await self.drop(self.held.keys() - kept)
        self.stuck.update(opinion.grown(self._ground.names, assigned))
        self.doubts.clear()
        try:
            await self._recover(assigned)
        except Exception:  # each has its reason among `doubts` by now
            if not self.held:
                raise
        for tp in self.doubts:
            self._reclaim_later(tp)

    def release(self) -> None:
        """Nothing is assigned until the next claim; what is held stays so long."""
        self.assigned = frozenset()

    async def end(self) -> None:
        """Hold nothing any more."""
        self.release()
        await self._end_reclaims()
        await self.drop(list(self.held))

    async def drop(self, tps: Iterable[TP]) -> None:
        """Forget partitions, and close their outboxes."""
        dropped = [self.held.pop(tp) for tp in list(tps) if tp in self.held]
        await close_all(held.outbox for held in dropped)

    async def lose(self, tp: TP, held: Held, reason: str) -> None:
        """Forget a partition, and claim it again after a while if it is still ours."""
        if self.held.get(tp) is not held:
            return
        log.warning("partition lost", topic=tp.topic, partition=tp.partition, reason=reason)
        self._telemetry.losses.inc()
        self._reclaim_later(tp)
        await self.drop([tp])

    async def gap(self, tp: TP, position: int) -> None:
        """Recover a partition of which nothing can be read; stop it if that changes nothing."""
        if self._gaps.get(tp) != position:
            self._gaps[tp] = position  # who was frozen may be behind what another has deleted
            if held := self.held.get(tp):
                await self.lose(tp, held, f"nothing can be read at offset {position}")
            return
        self.stuck[tp] = opinion.unreadable(tp, position)
        await self.drop([tp])

    async def _recover(self, wanted: Collection[TP]) -> None:
        """Take the partitions that are neither held nor stuck, nor being recovered.

        What a second opinion speaks against is not held: it is among `doubts`, or `stuck`.
        """
        known = self.held.keys() | self.stuck.keys() | self._under_way
        free = sorted(self.assigned.intersection(wanted) - known)
        self._under_way.update(free)
        try:
            await self._hold(await self._ground.recover(free))
        except Exception as error:
            self.doubts.update(dict.fromkeys(free, said(error)))
            raise
        finally:
            self._under_way.difference_update(free)

    async def _hold(self, recovered: Mapping[TP, Recovered | Exception]) -> None:
        """Hold what may be held; the outboxes of the rest are closed."""
        try:
            for tp, found in recovered.items():
                await self._accept(tp, found)
        finally:
            ours = {held.outbox for held in self.held.values()}
            boxes = [found.outbox for found in recovered.values() if isinstance(found, Recovered)]
            await close_all(box for box in boxes if box not in ours)

    async def _accept(self, tp: TP, found: Recovered | Exception) -> None:
        """Hold a recovered partition that is still ours, unless something speaks against it."""
        if isinstance(found, Exception):
            self.doubts[tp] = reason = said(found)
            log.warning(
                "partition not recovered", topic=tp.topic, partition=tp.partition, reason=reason
            )
            return
        if found.fault:
            self.stuck[tp] = f"{tp.topic}[{tp.partition}]: {found.fault}"
            return
        try:
            if isinstance(found.shard, FoldShard) and self._ground.fences:
                await opinion.ask(self._line, found.shard, self._ground.state(tp))
        except Exception as error:
            self.doubts[tp] = said(error)
            return
        self.doubts.pop(tp, None)
        if tp in self.assigned:
            self.held[tp] = Held(found.shard, found.outbox)

    def _reclaim_later(self, tp: TP) -> None:
        if tp in self.assigned:
            if before := self._reclaims.get(tp):
                before.cancel()
                self._ending.add(before)
            self._reclaims[tp] = asyncio.create_task(self._reclaim(tp))

    async def _reclaim(self, tp: TP) -> None:
        """Claim a partition again as long as it is ours and not held; wait longer each time.

        Whom the group has not heard for a session waits on: somebody else has the partition by
        now, and would be fenced.
        """
        wait = RETRY
        while True:
            await asyncio.sleep(wait)
            if tp not in self.assigned or tp in self.held or tp in self.stuck:
                return
            if self._line.silence() > self._session:
                continue
            try:
                await self._recover([tp])
                if tp in self.held:
                    await self._line.seek({tp: self.held[tp].shard.position})
                    log.info("partition claimed again", topic=tp.topic, partition=tp.partition)
                    return
            except Exception as error:  # the broker may be away; the next try may succeed
                self.doubts[tp] = said(error)
            reason = self.doubts.get(tp)
            log.warning("claim failed, trying again", topic=tp.topic, reason=reason)
            wait = min(2 * wait, LONGEST_RETRY)

    async def _end_reclaims(self) -> None:
        for task in self._reclaims.values():
            task.cancel()  # once: what it cleans up is not to be cut short
        self._ending.update(self._reclaims.values())
        self._reclaims = {}
        if self._ending:  # also those of a claim that did not wait for them to the end
            await asyncio.wait(self._ending)
            self._ending.clear()


def said(error: BaseException) -> str:
    """Give the words of an error, or its name where it has none."""
    return str(error) or repr(error)
