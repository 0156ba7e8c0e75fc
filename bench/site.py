"""Both stages of one worker that owns everything, in this process and without Kafka."""

from collections.abc import Sequence

from metrics.plan import Plan
from stream.agent.fold import FoldShard
from stream.agent.fold import Target as FoldTarget
from stream.agent.merge import MergeShard
from stream.agent.merge import Target as MergeTarget
from stream.reader import Reader, hash_key
from stream.state.flush import Record
from stream.transport.batch import TP, Batch, Stored
from stream.transport.record import RECORDS
from tests.data.journal import Kept

PARTITIONS = 8
SHARDS = 8


class Site:
    """Every source partition and every shard, driven by hand: nothing leaves."""

    def __init__(self, plan: Plan) -> None:
        self.reader = Reader("survey_answers", plan, hash_key("0123456789abcdef"))
        fold = FoldTarget("g", "partials", SHARDS, "dead", "state")
        merge = MergeTarget("g", "updates", "state", {"a": PARTITIONS}, SHARDS)
        self.folds = [FoldShard(TP("a", n), self.reader, plan, fold) for n in range(PARTITIONS)]
        self.merges = [MergeShard(TP("partials", n), plan, merge) for n in range(SHARDS)]

    def fold(self, number: int, values: list[bytes]) -> None:
        """Fold the next values of a partition."""
        shard = self.folds[number]
        shard.absorb(batch(shard.tp, shard.position, values))

    def take(self, number: int, now: int = 0) -> list[Record]:
        """Flush a partition, as of now; return its partials."""
        return list(self.folds[number].take(now).flush.records)

    async def merge(self, partials: list[Record]) -> None:
        """Merge partials, each into its shard."""
        for record in partials:
            shard = self.merges[record.partition or 0]
            await shard.absorb(batch(shard.tp, shard.position, [record.value or b""]))

    async def publish(self, now: int) -> int:
        """Evaluate what is due on every shard; return the number of updates."""
        updates = 0
        for shard in self.merges:
            async for flush in shard.publish(now):
                updates += len(flush.records)
            shard.shown.clear()
        return updates

    async def advance(self, spread: Sequence[list[bytes]], now: int) -> None:
        """Take the next values of every partition through both stages; publish as of now."""
        for number, held in enumerate(spread):
            for start in range(0, len(held), RECORDS):
                self.fold(number, held[start : start + RECORDS])
            await self.merge(self.take(number, now))
        await self.publish(now)

    async def checkpoint(self) -> list[Record]:
        """Pack the rows of every shard that changed; return them, with the position's."""
        return [row for shard in self.merges for row in (await shard.checkpoint()).rows]


def batch(tp: TP, first: int, values: Sequence[bytes | None]) -> Batch:
    """Make what the transport would deliver."""
    end = first + len(values)
    records: list[Stored] = [Kept(offset) for offset in range(first, end)]
    return Batch(*tp, first, end, [*values], records, size=sum(map(len, filter(None, values))))
