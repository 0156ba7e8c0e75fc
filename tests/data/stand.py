"""An owner on a stand: without a broker, its outboxes commit nothing."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, cast

from metrics.segment import key
from stream import partial
from stream.agent.merge import MergeShard, Target
from stream.ground import Recovered
from stream.health import Health
from stream.owner import Owner
from stream.state.flush import Flush
from stream.telemetry import Telemetry
from stream.timing import Timing
from stream.transport.batch import TP, Batch
from stream.transport.handover import Handover
from tests.data import plan as plans

NOW = time.time_ns() // 1_000_000
ALL, FRANCE = key([]), key([("region", "fr")])
ONE, TWO = TP("partials", 0), TP("partials", 1)


class Outbox:
    """Commits nothing; `open` counts those that are not closed."""

    open = 0

    def __init__(self) -> None:
        Outbox.open += 1
        self._closed = False

    async def commit(self, flush: Flush) -> None:
        """Take a flush."""

    async def close(self) -> None:
        """End it."""
        Outbox.open -= not self._closed
        self._closed = True


class Stand:
    """The ground and the line of one worker, without a broker; recovery waits for `gate`."""

    fences = True
    names = SimpleNamespace(partitions={}, partials="partials", shards=2)

    def __init__(self) -> None:
        Outbox.open = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.assigned: frozenset[TP] = frozenset()
        self.sought: dict[TP, int] = {}
        self.away: dict[TP, Exception] = {}
        self.silent = 0.0

    async def recover(self, tps: Sequence[TP]) -> dict[TP, Recovered | Exception]:
        """Make empty shards, but of those that are `away`; if all are, raise as the ground does."""
        await self.gate.wait()
        if tps and self.away.keys() >= set(tps):
            raise self.away[tps[0]]
        return {
            tp: self.away.get(tp) or Recovered(self.shard(tp), self.outbox(), None) for tp in tps
        }

    def shard(self, tp: TP) -> MergeShard:
        """An empty shard."""
        target = Target("group", "updates", "state", {"usage": 1}, 2)
        return MergeShard(tp, plans.whole(), target).restore({}, 0)

    def outbox(self) -> Any:
        """One that is open."""
        return Outbox()

    def assignment(self) -> frozenset[TP]:
        """What the group gives."""
        return self.assigned

    async def seek(self, positions: Mapping[TP, int]) -> None:
        """Read from there."""
        self.sought.update(positions)

    def end_offset(self, tp: TP) -> int | None:
        """Nothing is known."""
        return None

    def silence(self) -> float:
        """How long ago the group heard of us."""
        return self.silent


class Worker:
    """An owner on its stand, and what is around it."""

    def __init__(self) -> None:
        self.stand = cast(Any, Stand())
        self.owner = Owner(self.stand, self.stand, Timing(), Telemetry())
        intake: Any = SimpleNamespace(close=lambda: None)
        self.handover = Handover(self.owner, self.stand, lambda: intake)

    async def rebalance(self, *tps: TP) -> None:
        """The group gives these partitions."""
        await self.handover.revoke(None, self.stand.assigned)
        self.stand.assigned = frozenset(tps)
        await self.handover.claim()

    def exported(self) -> set[TP]:
        """The shards whose values are shown."""
        return {shard.tp for shard in Health(self.owner, self.stand, 10.0).exported()}


def deltas(first: int, end: int, *segments: str) -> Batch:
    """Partials that tell of one answer in each of the segments."""
    places = range(first, end)
    told = [(segment, [partial.Part(NOW, {"nps/0-10/9": 1}, {})]) for segment in segments]
    values: list[bytes | None] = [partial.encode(partial.Partial([], told)) for _ in places]
    records = [cast(Any, SimpleNamespace(offset=place)) for place in places]
    return Batch(*ONE, first, end, values, records)
