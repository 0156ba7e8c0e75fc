"""How much memory a month of events takes: 100 x 100 leaf segments, 200,000 customers.

`python -m bench.memory` takes 30 M answers of 30 days, in order of time, each customer always in
the same leaf, through both stages of one worker that owns everything, in this process and without
Kafka: the state is the same, only clients and their buffers are missing. It is what a worker does
that begins with a month of history: now is the end of it. Once in a day of event time the rows that
changed are packed, and every five days everything due is evaluated. `--ids` gives each event an id.
"""

import argparse
import asyncio
import os
import random
import sys
import time
from collections.abc import Iterator

from bench.answer import CUSTOMERS, SCORES
from bench.config import plan
from bench.site import PARTITIONS, Site
from metrics import duration
from tests.service import life

LEAVES = 100 * 100
DAYS = 30
EVENTS = 30_000_000
PUBLISH_DAYS = 5
STEP = 100_000  # events between flushes of every partition


def values(count: int, end: int, ids: bool) -> Iterator[tuple[int, bytes]]:
    """Yield (customer, value), evenly over the days before `end`."""
    roll = random.Random(1).random
    types, span = list(SCORES), DAYS * duration.DAY
    for number in range(count):
        at = end - span + span * (number + 1) // count
        customer = int(roll() * CUSTOMERS)
        leaf = customer % LEAVES
        type_ = types[number % 3]
        scores = SCORES[type_]
        id_ = b'"id":"event-%010d",' % number if ids else b""
        yield (
            customer,
            b'{%b"at":%d,"customer_id":"customer-%06d","type":"%b","score":%d,"channel":"email",'
            b'"dims":{"region":"r%02d","product":"p%02d"}}'
            % (
                *(id_, at, customer, type_.encode(), scores[int(roll() * len(scores))]),
                *divmod(leaf, 100),
            ),
        )


async def run(count: int, ids: bool) -> tuple[Site, list[int]]:
    """Take all of them; return the site, and its resident memory each day, in MB."""
    site, now = Site(plan()), time.time_ns() // 1_000_000
    await site.publish(now)
    resident = [megabytes("VmRSS")]
    spread: list[list[bytes]] = [[] for _ in range(PARTITIONS)]
    day = taken = 0
    for customer, value in values(count, now, ids):
        spread[customer % PARTITIONS].append(value)
        taken += 1
        if taken % STEP and taken < count:
            continue
        for number, held in enumerate(spread):
            site.fold(number, held)
            await site.merge(site.take(number, now))
            held.clear()
        if taken * DAYS // count > day:
            day = taken * DAYS // count
            if day % PUBLISH_DAYS == 0:
                await site.publish(now)
            await site.checkpoint()
            resident.append(megabytes("VmRSS"))
            print(
                f"day {day:2}: {resident[-1]:5} MB, {time.process_time():6.0f} s", file=sys.stderr
            )
    return site, resident


def megabytes(field: str) -> int:
    """Read this process's resident memory, now (`VmRSS`) or at most (`VmHWM`)."""
    return int(life.resident(os.getpid(), field))


def main() -> None:
    """Read the options, measure, print a row of a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--ids", action="store_true", help="each event has an id")
    options = parser.parse_args()
    site, resident = asyncio.run(run(options.events, options.ids))
    segments = sum(len(shard.store.known) for shard in site.merges)
    print("| events | ids | segments | MB before | at the end | at most |")
    print("|---|---|---|---|---|---|")
    print(
        f"| {options.events:,} | {'with' if options.ids else 'without'} | {segments:,} "
        f"| {resident[0]} | {resident[-1]} | {megabytes('VmHWM')} |"
    )


if __name__ == "__main__":
    main()
