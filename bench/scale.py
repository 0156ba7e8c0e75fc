"""What an event costs with more partitions, smaller record batches, and another worker.

`python -m bench.scale` measures in turn, several times, as `bench.worker` does: the whole worker
with few and many source partitions, with record batches of ten, and two workers that share the
work, whose CPU is added up; and each time the floor, on the same records. It also prints how long
they took by the wall: the cores hold the broker, too, so two workers are not twice as fast.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.answer import answers, partitions
from bench.worker import HEADING, PARTITIONS, Bench, Spent, row
from tests.service.kafka import Kafka

WHOLE = 1_000  # records in a record batch


class Case(NamedTuple):
    """What is measured: source partitions, records in a batch, workers."""

    partitions: int = PARTITIONS
    batch: int = WHOLE
    workers: int = 1

    def __str__(self) -> str:
        """Name it in a table."""
        return f"{self.partitions} | {self.batch:,} | {self.workers}"


CASES = (
    Case(),
    Case(partitions=1),
    Case(partitions=16),
    Case(partitions=64),
    Case(batch=10),
    Case(workers=2),
)

Found = dict[Case, list[tuple[Spent, float]]]
"""By what was measured, the workers and the floor of each repetition."""


async def turn(bench: Bench, workers: int) -> tuple[Spent, float]:
    """Measure workers, and the floor on the same records."""
    async with bench.topic() as (topic, show):
        return await bench.worker(topic, show, count=workers), await bench.floor(topic)


async def measure(benches: Mapping[Case, Bench], repeats: int) -> Found:
    """Measure every case in turn, `repeats` times."""
    found: Found = {case: [] for case in benches}
    for _ in range(repeats):
        for case, bench in benches.items():
            spent, floor = await turn(bench, case.workers)
            found[case].append((spent, floor))
            said = f"{case}: {spent.us:.2f} us in {spent.seconds:.1f} s, floor {floor:.2f} us"
            print(said, file=sys.stderr, flush=True)
    return found


def table(found: Found) -> Iterator[str]:
    """Write the result as a table in Markdown."""
    heading, rule = HEADING
    yield f"| partitions | records a batch | workers {heading[2:]} by the wall: least |"
    yield f"|---|---{rule}---|"
    for case, turns in found.items():
        spent = [workers.us for workers, _ in turns]
        least = min(workers.seconds for workers, _ in turns)
        yield f"{row(str(case), spent, [floor for _, floor in turns])} {least:.1f} s |"


def benches(kafka: Kafka, home: Path, found: Sequence[tuple[int, bytes]]) -> dict[Case, Bench]:
    """Spread the same answers for every case."""
    return {
        case: Bench(kafka, home, partitions(iter(found), case.partitions), case.batch)
        for case in CASES
    }


async def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    found = list(answers(options.events, time.time_ns() // 1_000_000))
    with tempfile.TemporaryDirectory() as folder, Kafka(Path(folder)) as kafka:
        turns = await measure(benches(kafka, Path(folder), found), options.repeats)
    print(f"{options.events:,} events\n")
    print("\n".join(table(turns)))


if __name__ == "__main__":
    asyncio.run(main())
