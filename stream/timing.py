"""When a partition's flush is due, so that a worker makes a bounded number of them."""

from collections.abc import Collection

import msgspec

from stream.agent.merge import MergeShard
from stream.held import Held

REST = 30  # times as long as it took, a shard waits before it publishes again: it is catching up
LONGEST_REST = 20.0  # seconds
MOST_FLUSHES = 20  # a second, of a worker, all its partitions together
FEWEST_FLUSHES = 5  # that are left to source partitions, however many shards there are


class Timing(msgspec.Struct, frozen=True):
    """How often things leave, in seconds."""

    flush: float = 0.2
    publish: float = 1.0
    checkpoint: float = 20.0

    def flush_every(self, held: Collection[Held]) -> float:
        """Say how often a source partition flushes: what shards publish leaves of the most."""
        shards = sum(isinstance(one.shard, MergeShard) for one in held)
        left = max(FEWEST_FLUSHES, MOST_FLUSHES - shards / self.publish)
        return max(self.flush, (len(held) - shards) / left)

    def is_due(self, held: Held, now: float, every: float) -> bool:
        """Say whether a partition has something to flush, and waited for it long enough."""
        if isinstance(held.shard, MergeShard):
            wait = max(self.publish, min(REST * held.cost, LONGEST_REST))
            return held.shard.ready and now - held.flushed >= wait
        return held.shard.dirty and now - held.flushed >= every
