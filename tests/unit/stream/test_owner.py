"""The owner: what it holds when partitions come and go while it is busy with them."""

import asyncio
from typing import Any, cast

import pytest

from stream import claims
from stream import owner as module
from stream.agent import merge
from stream.ground import Ground
from stream.health import Health
from stream.transport.batch import TP
from tests.data import plan as plans
from tests.data.stand import ONE, TWO, Outbox, Worker, deltas


async def test_a_partition_that_went_elsewhere_is_not_claimed_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It was lost, its recovery was under way, and the group gave it to another worker.

    lost ── wait ── recover ──────────────► not held, its outbox closed
                       group: elsewhere ┘
    """
    monkeypatch.setattr(claims, "RETRY", 0.0)
    worker = Worker()
    await worker.rebalance(ONE)
    worker.stand.gate.clear()
    await worker.owner.claims.lose(ONE, worker.owner.held[ONE], "timeout")
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


async def test_a_long_publication_holds_no_rebalance_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not flushed in time is lost, and recovered by whoever has it next."""
    monkeypatch.setattr(module, "FINAL", 0.01)
    worker = Worker()
    await worker.rebalance(ONE, TWO)
    async with worker.owner.held[ONE].lock:  # it is being published
        await worker.handover.revoke(None, worker.stand.assigned)
    assert worker.owner.held.keys() == {TWO}
    assert Outbox.open == 1


async def test_a_stop_closes_every_outbox() -> None:
    """In order, after a last flush."""
    worker = Worker()
    await worker.rebalance(ONE, TWO)
    await worker.handover.stop()
    assert Outbox.open == 0


async def test_what_is_at_hand_in_a_rebalance_is_neither_merged_twice_nor_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A shard that catches up comes back in the middle of a batch; its new reading begins there.

    absorb [0, 10) ── 0 1 2 ─── claim: go on at 3 ── 3 ... 9
                                 absorb [3, 20): does not fit ── read on from 10
    """
    monkeypatch.setattr(merge, "TURN_S", 0.0)
    worker, merged = Worker(), list[int]()
    await worker.rebalance(ONE)
    shard = worker.owner.held[ONE].shard
    shard.published = 100  # type: ignore[union-attr] # a shard of deltas
    monkeypatch.setattr(shard, "_merge", lambda offset, record: merged.append(offset))
    first = asyncio.create_task(worker.owner.absorb(deltas(0, 10)))
    while shard.position < 3:  # noqa: ASYNC110 # a turn of the loop for each record
        await asyncio.sleep(0)
    await worker.rebalance(ONE)
    assert 3 <= worker.stand.sought[ONE] < 10
    await asyncio.gather(first, worker.owner.absorb(deltas(worker.stand.sought[ONE], 20)))
    await worker.owner.absorb(deltas(20, 30))
    assert worker.stand.sought[ONE] == shard.position == 10
    await worker.owner.absorb(deltas(10, 30))
    assert merged == list(range(30))


async def test_who_finds_nothing_to_read_looks_at_the_state_before_it_stops(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A worker that was frozen may be behind; if it is not, records are gone."""
    monkeypatch.setattr(claims, "RETRY", 0.0)
    worker = Worker()
    await worker.rebalance(ONE, TWO)
    held = worker.owner.held[ONE]
    await worker.owner.gap(ONE, 0)
    await asyncio.sleep(0.01)
    assert worker.owner.held[ONE] is not held
    assert not worker.owner.claims.stuck
    await worker.owner.gap(ONE, 0)
    await asyncio.sleep(0.01)
    assert worker.owner.held.keys() == {TWO}
    assert "nothing can be read at offset 0" in worker.owner.claims.stuck[ONE]


async def test_more_partitions_than_shards_stop_nothing_else() -> None:
    """Somebody gave the topic of partials another one: it has no state."""
    worker = Worker()
    await worker.rebalance(ONE, TP("partials", 2))
    assert worker.owner.held.keys() == {ONE}
    assert "had 2 partitions" in worker.owner.claims.stuck[TP("partials", 2)]


async def test_a_claim_that_is_cancelled_leaves_no_outbox_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One was open already, the other was still being opened."""
    opening = asyncio.Event()

    async def opened(tp: TP) -> Outbox:
        if tp == TWO:
            opening.set()
            await asyncio.sleep(60)
        return Outbox()

    ground = Ground(cast(Any, None), cast(Any, None), plans.whole(), {})
    monkeypatch.setattr(ground, "_open", opened)
    monkeypatch.setattr(Outbox, "open", 0)
    claim = asyncio.create_task(ground.recover([ONE, TWO]))
    await opening.wait()
    assert Outbox.open == 1
    claim.cancel()
    with pytest.raises(asyncio.CancelledError):
        await claim
    assert Outbox.open == 0
