"""Health: whether this process is alive, and whether its numbers are whole and fresh.

Liveness asks only whether the worker itself still works: its loop turns and no batch is stuck in
it. A slow or lost broker is no reason to restart, so it shows in readiness alone.
"""

import time
from collections.abc import Iterator, Mapping

import msgspec

from stream.agent.fold import FoldShard
from stream.agent.merge import MergeShard
from stream.owner import Owner
from stream.transport.batch import TP
from stream.transport.line import Line

STUCK_S = 60.0  # a fold or flush that takes longer is stuck
BEHIND_S = 120.0  # input waits and nothing of it was committed for so long


class Health(msgspec.Struct, frozen=True):
    """Reads the state of a worker; each check returns what is wrong, in words."""

    owner: Owner
    line: Line
    session: float
    """Seconds after which the group takes a silent worker's partitions away."""

    def live(self) -> list[str]:
        """List why the process should be restarted; empty when it is well."""
        return list(self._stuck())

    def ready(self) -> list[str]:
        """List why the worker's values are not whole or not fresh; empty when they are."""
        return [*self._stuck(), *self._stopped(), *self._contact(), *self._partitions()]

    def exported(self) -> list[MergeShard]:
        """List the shards whose values may be shown: whole, and certainly ours.

        Fencing protects Kafka, not a scrape, so a worker out of contact for a session shows none.
        """
        if self.line.silence() > self.session:
            return []
        shards = (held.shard for held in self.owner.held.values())
        return [shard for shard in shards if isinstance(shard, MergeShard) and shard.ready]

    def _stuck(self) -> Iterator[str]:
        if (age := self.owner.busy_for()) > STUCK_S:
            yield f"a batch or flush has been worked on for {age:.0f} s"

    def _stopped(self) -> Iterator[str]:
        for tp in sorted(self.owner.claims.stuck.keys() & self.line.assignment()):
            yield self.owner.claims.stuck[tp]

    def _contact(self) -> Iterator[str]:
        silence = self.line.silence()
        if self.owner.claimed and silence > self.session:
            yield f"the group has not heard of us for {silence:.0f} s"

    def _partitions(self) -> Iterator[str]:
        assigned = self.line.assignment()
        if not self.owner.claimed:
            yield "no partitions are claimed yet"
        for tp in sorted(assigned - self.owner.held.keys() - self.owner.claims.stuck.keys()):
            reason = self.owner.claims.doubts.get(tp)
            yield f"{tp.topic}[{tp.partition}] is not recovered yet" + (
                f": {reason}" if reason else ""
            )
        lags = self.lags()
        for tp, held in self.owner.held.items():
            if isinstance(held.shard, MergeShard) and not held.shard.ready:
                yield f"{tp.topic}[{tp.partition}] is catching up with what was published"
            lag = lags.get(tp, 0)
            if lag and time.monotonic() - held.moved > BEHIND_S:
                yield f"{tp.topic}[{tp.partition}] has {lag} records waiting and does not move"

    def lags(self) -> Mapping[TP, int]:
        """Count the records that each partition has not processed yet."""
        lags: dict[TP, int] = {}
        for tp, held in self.owner.held.items():
            end = self.line.end_offset(tp)
            if end is not None:
                lags[tp] = max(0, end - held.shard.position)
        return lags

    def lag(self) -> int:
        """Count the events that wait on this worker's source partitions."""
        held = self.owner.held
        return sum(
            lag
            for tp, lag in self.lags().items()
            if tp in held and isinstance(held[tp].shard, FoldShard)
        )

    def watermark_lag(self) -> float:
        """Say how old the oldest watermark with input waiting is, in seconds; 0 without any."""
        marks = [
            shard.watermark
            for held in self.owner.held.values()
            if isinstance(shard := held.shard, FoldShard)
            and shard.waiting
            and shard.watermark is not None
        ]
        return time.time() - min(marks) / 1000 if marks else 0.0
