"""Publications that are broken off: a rebalance or a stop waits for none."""

import asyncio
import json
from collections.abc import Iterable

import pytest

from metrics.segment import key
from stream import owner as module
from stream.agent import merge
from stream.sink.shown import Shown
from tests.data.stand import ALL, FRANCE, ONE, Outbox, Worker, deltas


class Said:
    """What a worker's shard publishes of two segments, by key and in order."""

    def __init__(self, worker: Worker) -> None:
        self.keys: list[str] = []
        worker.owner.sinks.append(self)

    def offer(self, shown: Iterable[Shown]) -> None:
        """Note updates."""
        self.keys += [one.update.key() for one in shown]

    def segments(self) -> set[str]:
        """Those that something was said of."""
        return {key(list(json.loads(one)[3].items())) for one in self.keys}


async def test_a_publication_is_broken_off_and_goes_on_afterwards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A rebalance waits for no publication: what is left is published when it is over, once."""
    monkeypatch.setattr(module, "BREAK_OFF", 0.0)
    worker = Worker()
    said = Said(worker)
    await worker.rebalance(ONE)
    held = worker.owner.held[ONE]
    await worker.owner.absorb(deltas(0, 1, ALL, FRANCE))
    running = asyncio.create_task(worker.owner.run())
    await worker.handover.revoke(None, worker.stand.assigned)
    assert held.shard.owes  # type: ignore[union-attr] # a shard of deltas
    assert not held.shard.dirty, "a checkpoint would pass over the other one"
    assert held.cost == 0.0, "the other one would wait"
    held.flushed = 0.0  # a second ago
    await asyncio.sleep(0.1)
    assert len(said.segments()) == 1, "nothing new is begun while nobody knows who has it next"
    await worker.handover.claim()
    assert worker.owner.held[ONE] is held
    held.flushed = 0.0
    await asyncio.sleep(0.1)
    assert said.segments() == {ALL, FRANCE}
    assert len(said.keys) == len(set(said.keys))
    assert not held.shard.owes  # type: ignore[union-attr] # a shard of deltas
    running.cancel()


async def test_a_publication_that_is_cancelled_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was noted as said, and nobody was told: the shard is recovered."""
    monkeypatch.setattr(merge, "PAUSE_AFTER", 0)
    worker = Worker()
    await worker.rebalance(ONE)
    held = worker.owner.held[ONE]
    await worker.owner.absorb(deltas(0, 1, ALL, FRANCE))
    flush = asyncio.create_task(worker.owner._guarded(ONE, held))
    await asyncio.sleep(0)
    flush.cancel()
    with pytest.raises(asyncio.CancelledError):
        await flush
    assert ONE not in worker.owner.held
    assert Outbox.open == 0
