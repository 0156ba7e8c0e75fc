"""Claims: one partition that cannot be had keeps no other, and nobody is robbed."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from stream import claims
from stream.ground import Ground, Recovered
from stream.health import Health
from stream.state.flush import Lost
from stream.transport.batch import TP
from tests.data import plan as plans
from tests.data.stand import ONE, TWO, Outbox, Worker


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "RETRY", 0.01)


async def test_a_partition_that_is_away_keeps_no_other() -> None:
    """Its reason is told; when it is back it is claimed, without another rebalance."""
    worker = Worker()
    worker.stand.away[TWO] = Lost("no leader")
    await worker.rebalance(ONE, TWO)
    assert worker.owner.held.keys() == {ONE}
    assert any("no leader" in one for one in Health(worker.owner, worker.stand, 10.0).ready())
    worker.stand.away.clear()
    await asyncio.sleep(0.1)
    assert worker.owner.held.keys() == {ONE, TWO}
    assert worker.stand.sought.keys() == {ONE, TWO}
    assert not worker.owner.claims.doubts
    assert Outbox.open == 2


async def test_what_is_held_goes_on_though_nothing_new_can_be_had() -> None:
    """A rebalance gives one partition back and another that is away: the one is read."""
    worker = Worker()
    await worker.rebalance(ONE)
    worker.stand.away[TWO] = Lost("no leader")
    worker.stand.sought.clear()
    await asyncio.wait_for(worker.rebalance(ONE, TWO), 0.5)
    assert worker.stand.sought.keys() == worker.owner.held.keys() == {ONE}
    worker.stand.away.clear()
    await asyncio.sleep(0.1)
    assert worker.owner.held.keys() == {ONE, TWO}


async def test_a_claim_of_nothing_that_can_be_had_has_failed_and_says_why() -> None:
    """The broker may be away as a whole: the claim is called again."""
    worker = Worker()
    worker.stand.away |= {ONE: Lost("nobody there"), TWO: Lost("nobody there")}
    with pytest.raises(Lost):
        await worker.owner.claim(frozenset([ONE, TWO]))
    assert worker.owner.claims.doubts == {ONE: "nobody there", TWO: "nobody there"}


async def test_a_claim_that_is_cancelled_while_a_recovery_ends_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The recovery takes a while to clean up; the claim after waits for it, and has its turn.

    recovery ──────── cancelled ── cleans up ──┐
             claim A ─ cancelled ┘   claim B ──┴── recovers
    """
    worker = Worker()
    recover = worker.stand.recover

    async def slow(tps: Sequence[TP]) -> Any:
        try:
            return await recover(tps)
        except asyncio.CancelledError:
            await asyncio.sleep(0.1)
            raise

    monkeypatch.setattr(worker.stand, "recover", slow)
    await worker.rebalance(ONE)
    worker.stand.gate.clear()
    await worker.owner.claims.lose(ONE, worker.owner.held[ONE], "timeout")
    await asyncio.sleep(0.05)
    first = asyncio.create_task(worker.owner.claim(frozenset([ONE])))
    await asyncio.sleep(0.01)
    first.cancel()
    await asyncio.wait([first])
    worker.stand.gate.set()
    await worker.owner.claim(frozenset([ONE]))
    assert worker.owner.held.keys() == {ONE}
    assert Outbox.open == 1


async def test_whom_the_group_does_not_hear_fences_nobody() -> None:
    """What it lost has another owner by now; when it is heard it claims again."""
    worker = Worker()
    await worker.rebalance(ONE)
    worker.stand.silent = 11.0
    await worker.owner.claims.lose(ONE, worker.owner.held[ONE], "fenced")
    await asyncio.sleep(0.1)
    assert not worker.owner.held
    worker.stand.silent = 0.0
    await asyncio.sleep(0.1)
    assert worker.owner.held.keys() == {ONE}


async def test_a_claim_ends_what_was_tried_before_it() -> None:
    """A recovery that hangs holds no rebalance up, and the partition is recovered once."""
    worker = Worker()
    await worker.rebalance(ONE)
    worker.stand.gate.clear()
    await worker.owner.claims.lose(ONE, worker.owner.held[ONE], "timeout")
    await asyncio.sleep(0.05)  # it hangs
    worker.stand.gate.set()
    await worker.rebalance(ONE, TWO)
    await asyncio.sleep(0.05)
    assert worker.owner.held.keys() == {ONE, TWO}
    assert Outbox.open == 2


def ground(monkeypatch: pytest.MonkeyPatch, away: set[TP]) -> Ground:
    """Ground on which some partitions cannot be had, neither alone nor with others."""
    made = Ground(cast(Any, None), cast(Any, None), plans.whole(), {})

    async def together(tps: Sequence[TP]) -> list[Recovered]:
        await asyncio.sleep(0)
        if away.intersection(tps):
            raise Lost(f"{sorted(away)} away")
        shards = [cast(Any, SimpleNamespace(tp=tp)) for tp in tps]
        return [Recovered(shard, cast(Any, Outbox()), None) for shard in shards]

    monkeypatch.setattr(made, "_together", together)
    monkeypatch.setattr(Outbox, "open", 0)
    return made


async def test_what_fails_together_is_tried_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are had; if none can be, the claim as a whole has failed."""
    found = await ground(monkeypatch, {TWO}).recover([ONE, TWO])
    assert isinstance(found[ONE], Recovered)
    assert isinstance(found[TWO], Lost)
    with pytest.raises(Lost):
        await ground(monkeypatch, {ONE, TWO}).recover([ONE, TWO])
    assert await ground(monkeypatch, {TWO}).recover([]) == {}


async def test_a_claim_cancelled_while_each_is_tried_leaves_no_outbox_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One was recovered already, the other was still on its way."""
    made = ground(monkeypatch, {TWO})
    together = made._together

    async def slow(tps: Sequence[TP]) -> list[Recovered]:
        if tps == [TWO]:
            await asyncio.sleep(60)
        return await together(tps)

    monkeypatch.setattr(made, "_together", slow)
    claim = asyncio.create_task(made.recover([ONE, TWO]))
    while Outbox.open == 0:  # noqa: ASYNC110 # a turn of the loop for each step
        await asyncio.sleep(0)
    claim.cancel()
    with pytest.raises(asyncio.CancelledError):
        await claim
    assert Outbox.open == 0


async def test_a_cancellation_that_nobody_asked_for_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Aiokafka lets out that of a task of its own; the claim must not take it for its end."""
    made = ground(monkeypatch, set())

    async def opened(tp: TP) -> Outbox:
        raise asyncio.CancelledError

    monkeypatch.setattr(made, "_open", opened)
    with pytest.raises(Lost):
        await made._fence([ONE])

    async def together(tps: Sequence[TP]) -> list[Recovered]:
        raise asyncio.CancelledError

    monkeypatch.setattr(made, "_together", together)
    with pytest.raises(Lost):
        await made.recover([ONE])
