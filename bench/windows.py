"""What an event costs against the length of the window: a minute, a day, thirty days.

`python -m bench.windows` drives a site for each window, in this process and without Kafka, and
gives all of them the same events: 60 days of them spread evenly, so that each window and the one
before it has some, then 10,000 a second, which are measured. After each second of event time every
site in turn folds, merges and publishes it, and its checkpoints fall due as a worker's do. So every
second is a repetition, and the ratio to the shortest window is formed within it.

Each site has one window only, for active users too, once with and once without those. In the middle
of what is measured an hour begins, so that every window moves on at least once: those of 30 days
move as often as in an hour, which makes them worse than they are.
"""

import argparse
import asyncio
import gc
import statistics
import time
from collections.abc import Iterator
from itertools import islice

from bench.answer import RATE, answers, partitions, past
from bench.config import MEASURED, NO_USERS, plan
from bench.site import PARTITIONS, Site
from metrics import duration

WINDOWS = ("1m", "24h", "30d")
WARM = 30  # seconds that do not count: until then a minute is not full
CHECKPOINT = 20  # seconds of event time, as of a worker

Answers = Iterator[tuple[int, bytes]]
Place = tuple[str, str]
"""What a site measures: users or none, and its window."""

Found = dict[Place, list[float]]
"""By site, CPU microseconds per event of each second."""


def sites() -> dict[Place, Site]:
    """Make a site for each window, with and without users."""
    return {
        (name, window): Site(plan(metrics, WINDOWS).only(windows={window}))
        for name, metrics in (("without", NO_USERS), ("with", MEASURED))
        for window in WINDOWS
    }


async def measure(measured: dict[Place, Site], found: Answers, start: int, seconds: int) -> Found:
    """Return by site the CPU microseconds an event of each second; they take turns to be first."""
    spent: Found = {place: [] for place in measured}
    order = list(measured)
    for second in range(WARM + seconds):
        spread = partitions(islice(found, RATE), PARTITIONS)
        order.append(order.pop(0))
        for place in order:
            began = time.thread_time_ns()
            await measured[place].advance(spread, start + (second + 1) * duration.SECOND)
            if second % CHECKPOINT == CHECKPOINT - 1:
                await measured[place].checkpoint()
            spent[place].append((time.thread_time_ns() - began) / RATE / 1000)
    return {place: found[WARM:] for place, found in spent.items()}


async def run(history: int, seconds: int) -> Found:
    """Fill the sites and measure them; the middle is the beginning of the newest hour that fits."""
    half, total = (seconds + 1) // 2 * duration.SECOND, (WARM + seconds) * duration.SECOND
    now = time.time_ns() // 1_000_000 - half
    start = now - now % duration.HOUR + half - total
    measured = sites()
    for spread, at in past(history, start, PARTITIONS):
        for site in measured.values():
            await site.advance(spread, at)
            await site.checkpoint()
    gc.collect()
    gc.freeze()
    live = answers((WARM + seconds) * RATE, start + total - 1)
    return await measure(measured, live, start, seconds)


def table(found: Found) -> Iterator[str]:
    """Write the result as a table in Markdown; the spread is that of the middle half of seconds."""
    yield "| users | window | us an event: mean | least | median | spread | of 1m: mean | median |"
    yield "|---|---|---|---|---|---|---|---|"
    for (users, window), spent in found.items():
        shortest = found[users, WINDOWS[0]]
        ratios = [one / other for one, other in zip(spent, shortest, strict=True)]
        low, middle, high = statistics.quantiles(spent, n=4)
        mean = statistics.mean(spent)
        cells = (mean, min(spent), middle, high - low)
        ratio = (mean / statistics.mean(shortest), statistics.median(ratios))
        yield f"| {users} | {window} | {' | '.join(f'{one:.2f}' for one in (*cells, *ratio))} |"


def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--history", type=int, default=120_000, help="events before those measured")
    parser.add_argument("--seconds", type=int, default=60, help=f"of {RATE:,} events each")
    options = parser.parse_args()
    print("\n".join(table(asyncio.run(run(options.history, options.seconds)))))


if __name__ == "__main__":
    main()
