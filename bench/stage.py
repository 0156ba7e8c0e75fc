"""Where an event's time goes: each step of both stages by itself, in one process, without Kafka.

`python -m bench.stage` prints CPU microseconds per event of each step, the minimum of repetitions.
Batches of 5,000 events of 8 partitions are folded, flushed every 25,000 events of a partition,
merged, and published once for every 400,000 events: about what a worker does that catches up.
"""

import asyncio
import gc
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from bench.answer import answers, partitions
from bench.config import settings
from metrics.outcome import judge
from metrics.plan import Plan
from stream import partial
from stream.agent.fold import FoldShard
from stream.agent.fold import Target as FoldTarget
from stream.agent.merge import MergeShard
from stream.agent.merge import Target as MergeTarget
from stream.reader import Hashes, Reader, hash_key
from stream.transport.batch import TP

PARTITIONS = 8
SHARDS = 8
REPEATS = 5
FLUSH = 25_000  # events of a partition between flushes
PUBLISH = 400_000  # events between publications
STEPS = (
    *("read", "judge", "fold"),
    *("take", "pack", "rows"),
    *("unpack", "merge", "publish", "checkpoint"),
)


class Clock:
    """CPU time by step."""

    def __init__(self) -> None:
        self.spent: Counter[str] = Counter()

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        """Add the time of the block to a step."""
        started = time.thread_time_ns()
        yield
        self.spent[step] += time.thread_time_ns() - started


class Pipe:
    """Both stages of one worker, driven step by step."""

    def __init__(self, plan: Plan, clock: Clock) -> None:
        self.clock = clock
        self.updates = 0
        hashes = Hashes(hash_key("0123456789abcdef"))
        self.reader = Reader("survey_answers", plan, hashes)
        target = FoldTarget("g", "partials", SHARDS, "dead", "state")
        self.folds = [
            FoldShard(TP("survey.answers", number), self.reader, plan, target)
            for number in range(PARTITIONS)
        ]
        into = MergeTarget("g", "updates", "state", {"survey.answers": PARTITIONS}, SHARDS)
        self.merges = [MergeShard(TP("partials", number), plan, into) for number in range(SHARDS)]

    def fold(self, shard: FoldShard, values: list[bytes]) -> None:
        """Do what `FoldShard.absorb` does."""
        reader, clock = self.reader, self.clock
        with clock("read"):
            taken = reader.read(values)
        with clock("decode"):  # again, by itself: it is a part of "read"
            reader._codec.decode(values)
        with clock("judge"):
            now = time.time_ns() // 1_000_000 + 300_000
            outcome = judge(shard._admission, taken.columns, now)
        with clock("fold"):
            shard._overlay.add(taken.columns.only(outcome.folded))
        shard.position += len(values)
        shard.folded_since += len(values)

    def flush(self, shard: FoldShard) -> None:
        """Do what `FoldShard.take` does, and give the partials to the shards."""
        clock = self.clock
        with clock("take"):
            deltas, cells = shard._overlay.take()
            self.reader.categories(cells)
        with clock("pack"):
            records = list(partial.split(deltas, [shard.progress()], SHARDS))
        with clock("rows"):
            shard._rows()
        shard.folded_since = 0
        for number, record in records:
            with clock("unpack"):
                read = partial.decode(record)
            with clock("merge"):
                self.merges[number]._merge(self.merges[number].position, read)
            self.merges[number].position += 1

    async def publish(self) -> None:
        """Evaluate what is due on every shard."""
        with self.clock("publish"):
            for shard in self.merges:
                async for flush in shard.publish(time.time_ns() // 1_000_000):
                    self.updates += len(flush.records)

    async def checkpoint(self) -> None:
        """Pack the rows of every shard."""
        with self.clock("checkpoint"):
            for shard in self.merges:
                await shard.checkpoint()


async def run(pipe: Pipe, values: list[list[bytes]], batch: int) -> None:
    """Take all values through both stages."""
    done = published = 0
    longest = max(map(len, values))
    for start in range(0, longest, batch):
        for shard, held in zip(pipe.folds, values, strict=True):
            chosen = held[start : start + batch]
            if chosen:
                pipe.fold(shard, chosen)
                done += len(chosen)
            if shard.folded_since >= FLUSH:
                pipe.flush(shard)
        if done >= published + PUBLISH:
            published = done
            await pipe.publish()
    for shard in pipe.folds:
        pipe.flush(shard)
    await pipe.publish()
    await pipe.checkpoint()


def main(count: int, batch: int = 5_000) -> None:
    """Measure and print."""
    values = partitions(answers(count, time.time_ns() // 1_000_000), PARTITIONS)
    gc.collect()
    gc.freeze()
    best: dict[str, int] = {}
    for _ in range(REPEATS):
        clock = Clock()
        pipe = Pipe(settings().plan(), clock)
        asyncio.run(run(pipe, values, batch))
        best = {step: min(best.get(step, spent), spent) for step, spent in clock.spent.items()}
        print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    for step in STEPS:
        print(f"{step:12} {best[step] / count / 1000:6.3f} us")
    print(f"{'all':12} {sum(map(best.__getitem__, STEPS)) / count / 1000:6.3f} us")
    print(f"{'(decode)':12} {best['decode'] / count / 1000:6.3f} us, a part of read")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000, *map(int, sys.argv[2:3]))
