"""Workers without Kafka: real shards whose flushes go to journals in memory.

What a flush holds is all that outlives a crash, as it is on a broker: partials, state rows and
updates. A shard that crashed is made anew from its rows and reads on from the position in them.
"""

from collections import Counter
from collections.abc import Iterable
from operator import itemgetter
from typing import NamedTuple

import msgspec

from metrics.plan import Plan
from stream.agent import fold, merge
from stream.agent.fold import FoldShard
from stream.agent.merge import MergeShard
from stream.reader import Reader, hash_key
from stream.state.flush import Flush, Record
from stream.transport.batch import TP, Batch

PARTIALS, UPDATES, LETTERS, STATE = "partials", "updates", "letters", "state"
LONG_AFTER = 4_102_444_800_000  # when the broker got the events: none is in the future
KEY = hash_key("a secret of many letters")


class Kept(NamedTuple):
    """A record as far as a batch needs it."""

    offset: int
    timestamp: int = 0
    key: bytes | None = None


def batch(tp: TP, first: int, values: Iterable[bytes | None], timestamp: int = LONG_AFTER) -> Batch:
    """Records of a partition as the transport delivers them, with the broker's time."""
    held = list(values)
    return Batch(
        *(tp.topic, tp.partition, first, first + len(held)),
        values=held,
        records=[Kept(offset, timestamp) for offset in range(first, first + len(held))],
        append_time=True,
    )


class Journal:
    """Source partitions by input and number, shards, and everything that was committed."""

    def __init__(self, plan: Plan, sources: dict[TP, list[bytes]], shards: int = 2) -> None:
        self.plan = plan
        self.sources = sources
        self.partials: list[list[bytes]] = [[] for _ in range(shards)]
        self.updates: dict[bytes, bytes | None] = {}
        self.letters: list[Record] = []
        self.elapsed = 0  # milliseconds, by the clock of all workers
        self.rows: dict[TP, dict[bytes, bytes]] = {}
        self.folds = {tp: self._fold(tp) for tp in sources}
        self.merges = [self._merge(number) for number in range(shards)]

    def _fold(self, tp: TP) -> FoldShard:
        reader = Reader(tp.topic, self.plan, KEY)
        target = fold.Target("group", PARTIALS, len(self.partials), LETTERS, STATE)
        return FoldShard(tp, reader, self.plan, target).restore(self.rows.get(tp, {}), 0)

    def _merge(self, number: int) -> MergeShard:
        tp = TP(PARTIALS, number)
        partitions = Counter(tp.topic for tp in self.sources)
        target = merge.Target("group", UPDATES, STATE, partitions, len(self.partials))
        return MergeShard(tp, self.plan, target).restore(self.rows.get(tp, {}), 0)

    def commit(self, tp: TP, flush: Flush) -> None:
        """Keep what a flush holds."""
        for record in flush.records:
            if record.topic == PARTIALS:
                self.partials[record.partition or 0].append(record.value or b"")
            elif record.topic == UPDATES:
                self.updates[record.key or b""] = record.value
            else:
                self.letters.append(record)
        rows = self.rows.setdefault(tp, {})
        for record in flush.rows:
            if record.value is None:
                rows.pop(record.key or b"", None)
            else:
                rows[record.key or b""] = record.value

    def absorb(self, tp: TP, most: int) -> None:
        """Fold up to so many records of a source partition."""
        first = self.folds[tp].position
        self.folds[tp].absorb(batch(tp, first, self.sources[tp][first : first + most]))

    def flush(self, tp: TP, now: int = 0) -> None:
        """Commit what a source partition has folded, as of `now`."""
        shard = self.folds[tp]
        shard.waiting = shard.position < len(self.sources[tp])
        self.commit(tp, shard.take(now).flush)

    async def merge(self, number: int, most: int) -> None:
        """Merge up to so many partials of a shard."""
        shard = self.merges[number]
        some = self.partials[number][shard.position : shard.position + most]
        await shard.absorb(batch(shard.tp, shard.position, some))

    async def publish(
        self, number: int, now: int, most: int | None = None, late: bool = False
    ) -> None:
        """Publish what is due of a shard, if it has caught up; at most so many flushes of it.

        When it is `late`, one segment.
        """
        shard = self.merges[number]
        if shard.ready:
            flushes = [flush async for flush in shard.publish(now, lambda: late)]
            for flush in flushes[:most]:
                self.commit(shard.tp, flush)

    async def checkpoint(self, number: int) -> None:
        """Keep a checkpoint of a shard, if there is something to keep."""
        shard = self.merges[number]
        if shard.dirty:
            self.commit(shard.tp, await shard.checkpoint())

    def crash_fold(self, tp: TP) -> None:
        """Forget a source partition and recover it."""
        self.folds[tp] = self._fold(tp)

    def crash_merge(self, number: int) -> None:
        """Forget a shard and recover it."""
        self.merges[number] = self._merge(number)

    async def finish(self, now: int) -> None:
        """Let everything run dry, and publish as of `now`."""
        for tp in self.sources:
            self.absorb(tp, len(self.sources[tp]))
        await self.settle(now)

    async def settle(self, now: int) -> None:
        """Let what is folded get to where it belongs, and publish as of `now`."""
        for tp in self.sources:
            self.flush(tp, now)
        while True:
            for number, partials in enumerate(self.partials):
                await self.merge(number, len(partials))
                await self.publish(number, now)
            ends = map(len, self.partials)
            if all(one.position == end for one, end in zip(self.merges, ends, strict=True)):
                break  # nothing was sent on

    def contents(self) -> dict[str, dict[str, object]]:
        """What readers of the updates hold: by key, without the fields that only time moves."""
        held = {key.decode(): value for key, value in self.updates.items() if value is not None}
        return {key: content(value) for key, value in sorted(held.items(), key=itemgetter(0))}


def content(update: bytes) -> dict[str, object]:
    """An update's fields without its times and revision."""
    fields: dict[str, object] = msgspec.json.decode(update)
    for name in ("as_of", "revision", "window_start", "window_end"):
        del fields[name]
    return fields
