"""Where an event's time goes: each step of both stages by itself, in one process, without Kafka.

`python -m bench.stage` prints CPU microseconds per event, the least of the repetitions. Events are
folded in pieces as a worker's, each partition is flushed every 25,000 events, its partials are
merged, and everything is published once for every 400,000 events: about what a worker does that
catches up.
What ids and active users cost is the difference to the same run without them.
"""

import argparse
import asyncio
import gc
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from bench.answer import answers, partitions
from bench.config import NO_USERS, plan
from bench.site import PARTITIONS, Site
from stream.codec import Codec
from stream.transport.record import RECORDS

FLUSH = 25_000  # events of a partition between flushes
PUBLISH = 400_000  # events of all between publications
STEPS = {
    "decode": "bytes to checked events",
    "fold": "columns, hashes, admission, counts",
    "take": "roll-up, partials, state rows",
    "merge": "partials into slices",
    "publish": "windows, values, updates",
    "checkpoint": "rows of slices packed",
}
_ID = re.compile(rb'"id":"[^"]*",')

Spread = list[list[bytes]]


class Clock:
    """CPU time by step, in nanoseconds."""

    def __init__(self) -> None:
        self.spent: Counter[str] = Counter()

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        """Add the time of the block to a step."""
        started = time.thread_time_ns()
        yield
        self.spent[step] += time.thread_time_ns() - started


async def run(site: Site, spread: Spread, size: int) -> Counter[str]:
    """Take all values through both stages; return the time by step."""
    clock = Clock()
    codec = Codec("survey_answers", plan().rules(), plan().dimensions)
    done, since = 0, Counter[int]()
    for start in range(0, max(map(len, spread)), size):
        for number, held in enumerate(spread):
            values = held[start : start + size]
            with clock("decode"):
                codec.decode(values)
            with clock("fold"):  # decodes again: taken off below
                site.fold(number, values)
            since[number] += len(values)
            if since[number] >= FLUSH:
                since[number] = 0
                await _flush(site, number, clock)
        before, done = done, done + sum(len(held[start : start + size]) for held in spread)
        if done // PUBLISH > before // PUBLISH:
            await _publish(site, clock)
    for number in since:
        await _flush(site, number, clock)
    await _publish(site, clock)
    with clock("checkpoint"):
        await site.checkpoint()
    clock.spent["fold"] -= clock.spent["decode"]
    return clock.spent


async def _flush(site: Site, number: int, clock: Clock) -> None:
    with clock("take"):
        partials = site.take(number)
    with clock("merge"):
        await site.merge(partials)


async def _publish(site: Site, clock: Clock) -> None:
    with clock("publish"):
        await site.publish(time.time_ns() // 1_000_000)


def measure(spread: Spread, size: int, repeats: int) -> dict[str, float]:
    """Return microseconds per event of each step, and of the runs without a feature."""
    count = sum(map(len, spread))
    nameless = [[_ID.sub(b"", value) for value in values] for values in spread]
    gc.collect()
    gc.freeze()
    best: dict[str, float] = {}
    for _ in range(repeats):
        found = asyncio.run(run(Site(plan()), spread, size))
        bare = asyncio.run(run(Site(plan(NO_USERS)), spread, size))
        none = asyncio.run(run(Site(plan()), nameless, size))
        found["all"] = found.total()
        found.update({"no users": bare.total(), "no ids": none.total()})
        for step, spent in found.items():
            best[step] = min(best.get(step, float("inf")), spent / count / 1000)
        print(f"all {found['all'] / count / 1000:.2f} us", file=sys.stderr, flush=True)
    return best


def table(best: dict[str, float]) -> Iterator[str]:
    """Write the result as a table in Markdown."""
    yield "| step | us an event |"
    yield "|---|---|"
    for step, meaning in STEPS.items():
        yield f"| {step}: {meaning} | {best[step]:.2f} |"
    yield f"| both stages | {best['all']:.2f} |"
    yield f"| of which active users | {best['all'] - best['no users']:.2f} |"
    yield f"| of which duplicates removed by id | {best['all'] - best['no ids']:.2f} |"


def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=400_000)
    parser.add_argument("--batch", type=int, default=RECORDS, help="events folded at once")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    spread = partitions(answers(options.events, time.time_ns() // 1_000_000), PARTITIONS)
    print("\n".join(table(measure(spread, options.batch, options.repeats))))


if __name__ == "__main__":
    main()
