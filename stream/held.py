"""One owned partition: its shard, its outbox, and when it last did what."""

import asyncio
import time

from stream.ground import Shard
from stream.state.outbox import Outbox


class Held:
    """One owned partition; flushes take turns by `lock`."""

    __slots__ = ("checkpointed", "cost", "flushed", "lock", "moved", "outbox", "seen", "shard")

    def __init__(self, shard: Shard, outbox: Outbox) -> None:
        self.shard = shard
        self.outbox = outbox
        self.lock = asyncio.Lock()
        now = time.monotonic()
        self.flushed = 0.0
        self.checkpointed = self.moved = now
        self.seen = -1
        self.cost = 0.0
        """How long a shard's last publication took, in seconds."""

    def look(self, waiting: bool) -> None:
        """Note the time unless input is waiting and the position stands still."""
        if not waiting or self.seen != self.shard.position:
            self.moved = time.monotonic()
        self.seen = self.shard.position
