"""The owner: what it holds when partitions come and go while it is busy with them."""

import asyncio
from collections.abc import Iterable, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from stream import owner as module
from stream.agent.merge import MergeShard, Target
from stream.ground import Recovered
from stream.health import Health
from stream.owner import Owner
from stream.state.flush import Flush
from stream.telemetry import Telemetry
from stream.timing import Timing
from stream.transport.batch import TP
from stream.transport.handover import Handover
from tests.data import plan as plans

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
    names = SimpleNamespace(partitions={}, partials="partials")

    def __init__(self) -> None:
        Outbox.open = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.assigned: frozenset[TP] = frozenset()

    async def recover(self, tps: Sequence[TP]) -> list[Recovered]:
        """Make empty shards."""
        await self.gate.wait()
        return [Recovered(self.shard(tp), self.outbox(), None) for tp in tps]

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

    async def seek(self, positions: Iterable[TP]) -> None:
        """Read from there."""

    def end_offset(self, tp: TP) -> int | None:
        """Nothing is known."""
        return None

    def silence(self) -> float:
        """The group has just heard of us."""
        return 0.0


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


async def test_a_partition_that_went_elsewhere_is_not_claimed_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It was lost, its recovery was under way, and the group gave it to another worker.

    lost ── wait ── recover ──────────────► not held, its outbox closed
                       group: elsewhere ┘
    """
    monkeypatch.setattr(module, "RETRY", 0.0)
    worker = Worker()
    await worker.rebalance(ONE)
    worker.stand.gate.clear()
    await worker.owner._lose(ONE, worker.owner.held[ONE], "timeout")
    await asyncio.sleep(0.01)
    rebalancing = asyncio.create_task(worker.rebalance(TWO))
    await asyncio.sleep(0.01)
    worker.stand.gate.set()
    await rebalancing
    await asyncio.sleep(0.01)
    assert worker.owner.held.keys() == {TWO} == worker.exported()
    assert Outbox.open == 1


async def test_a_worker_that_is_given_nothing_holds_nothing_and_is_ready() -> None:
    """There are more workers than partitions: a spare one waits, and shows no value."""
    worker = Worker()
    await worker.rebalance(ONE, TWO)
    assert worker.exported() == {ONE, TWO}
    await worker.rebalance()
    assert not worker.owner.held
    assert Outbox.open == 0
    assert not Health(worker.owner, worker.stand, 10.0).ready()


async def test_what_comes_back_is_kept_where_others_would_have_been_fenced_out() -> None:
    """And without fences it is recovered anew, as somebody may have had it in between."""
    worker = Worker()
    await worker.rebalance(ONE)
    held = worker.owner.held[ONE]
    await worker.rebalance(ONE, TWO)
    assert worker.owner.held[ONE] is held
    worker.stand.fences = False
    await worker.rebalance(ONE)
    assert worker.owner.held[ONE] is not held
    assert Outbox.open == 1


async def test_a_stop_closes_every_outbox() -> None:
    """In order, after a last flush."""
    worker = Worker()
    await worker.rebalance(ONE, TWO)
    await worker.handover.stop()
    assert Outbox.open == 0
