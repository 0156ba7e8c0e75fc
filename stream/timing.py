"""When a partition's flush is due, so that a worker makes a bounded number of them."""

import time
from collections.abc import Collection

import msgspec

from stream.agent.merge import MergeShard
from stream.held import Held

REST = 10  # times as long as it took, a shard waits before it publishes again
REST_BEHIND = 30  # while a source is far behind: what the shard shows is old anyway
FAR_BEHIND_MS = 10_000
LONGEST_REST = 20.0  # seconds
MOST_FLUSHES = 20  # a second, of a worker, all its partitions together
FEWEST_FLUSHES = 5  # that are left to source partitions, however many shards there are


class Timing(msgspec.Struct, frozen=True):
    """How often things leave, and how long the group waits for a silent worker, in seconds."""

    flush: float = 0.2
    publish: float = 1.0
    checkpoint: float = 20.0
    session: float = 10.0

    def flush_every(self, held: Collection[Held]) -> float:
        """Say how often a source partition flushes: what shards publish leaves of the most."""
        shards = sum(isinstance(one.shard, MergeShard) for one in held)
        left = max(FEWEST_FLUSHES, MOST_FLUSHES - shards / self.publish)
        return max(self.flush, (len(held) - shards) / left)

    def is_due(self, held: Held, now: float, every: float) -> bool:
        """Say whether a partition has something to flush, and waited for it long enough."""
        waited, shard = now - held.flushed, held.shard
        if isinstance(shard, MergeShard):
            return shard.ready and waited >= self.publish and waited >= _rest(held, shard)
        return shard.dirty and waited >= every

    def is_checkpoint_due(self, held: Held) -> bool:
        """Say whether a shard's last checkpoint is old enough for another."""
        return time.monotonic() - held.checkpointed >= self.checkpoint


def _rest(held: Held, shard: MergeShard) -> float:
    times = REST_BEHIND if _is_far_behind(shard) else REST
    return min(times * held.cost, LONGEST_REST)


def _is_far_behind(shard: MergeShard) -> bool:
    oldest = shard.sources.behind()
    return oldest is not None and oldest < time.time_ns() // 1_000_000 - FAR_BEHIND_MS
