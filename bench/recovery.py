"""How long a worker takes to recover a million rows of state.

`python -m bench.recovery` writes rows to the state topics of a real Kafka, as workers do: a tenth
of them hold the ids that source partitions remember, ten in each; the others slices of 60 days, of
100 leaf segments and of copies of them under other names, until there are enough. Then it starts a
worker that owns everything, with that state and without any in turn, several times, and prints the
seconds until it is ready, from the start of the process, and its CPU seconds. The difference is
what recovering takes.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import chain, count, islice
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from bench import cpu
from bench.answer import past
from bench.config import plan
from bench.process import worker
from bench.site import PARTITIONS, SHARDS, Site
from metrics import duration, segment
from metrics.admission import Chunk
from metrics.row import RowKey
from stream import topic
from stream.agent.checkpoint import CHECKPOINT, Checkpoint, Published, new_epoch
from stream.agent.fold import IDS, POSITION, Place
from stream.agent.merge import KNOWN, PUBLISHED, ROW
from stream.client import Client
from stream.state.flush import Record
from stream.state.producer import Limits, Producer
from tests.service.kafka import Kafka

SOURCE = "survey.answers"
EMPTY, FULL = "empty", "full"  # groups
EVENTS = 120_000  # of the segments that are copied
IDS_EACH = 10
AT_ONCE = 20_000  # records written before the next are made

_pack = msgspec.msgpack.Encoder().encode


class Sample(NamedTuple):
    """The rows of some segments, by segment: those of slices, and the names of its cells."""

    slices: dict[str, dict[RowKey, bytes]]
    known: dict[str, bytes]


async def sample(now: int) -> Sample:
    """Make rows of the days before now."""
    site, held = Site(plan()), dict[bytes, bytes | None]()
    for spread, at in past(EVENTS, now, PARTITIONS):
        await site.advance(spread, at)
        held.update((row.key or b"", row.value) for row in await site.checkpoint())
    slices: dict[str, dict[RowKey, bytes]] = {}
    for name, row in held.items():
        if row is not None and name[:1] == ROW:
            key = msgspec.msgpack.decode(name[1:], type=RowKey)
            slices.setdefault(key.segment, {})[key] = row
    stores = (shard.store for shard in site.merges)
    known = {name: _pack([*cells]) for store in stores for name, cells in store.known.items()}
    return Sample(slices, known)


def slices(made: Sample) -> Iterator[Record]:
    """Yield the rows of shards without end: those of the sample, then those of its copies."""
    state = topic.merge_state(FULL)
    for number in count():
        for name in made.slices.keys() - {segment.key([])}:
            copy = segment.key([(key, f"{value}-{number}") for key, value in segment.pairs(name)])
            place = segment.shard(copy, SHARDS)
            yield Record(state, made.known[name], key=KNOWN + copy.encode(), partition=place)
            for key, row in made.slices[name].items():
                named = ROW + _pack(replace(key, segment=copy))
                yield Record(state, row, key=named, partition=place)


def chunks(number: int, now: int) -> Iterator[Record]:
    """Yield rows of ids, those of a day, for every source partition in turn."""
    for one in range(number):
        at = now - duration.DAY + duration.DAY * one // number
        chunk = Chunk(at, os.urandom(16 * IDS_EACH), at.to_bytes(8, "little") * IDS_EACH)
        at_chunk, partition = divmod(one, PARTITIONS)
        yield Record(
            topic.fold_state(FULL, SOURCE),
            _pack(chunk),
            key=IDS + b"%d" % at_chunk,
            partition=partition,
        )


def positions(number: int, now: int) -> Iterator[Record]:
    """Yield the rows that make the others whole: nothing is read yet of empty topics."""
    epoch, place = new_epoch(), Place(0, now, number // PARTITIONS + 1)
    for partition in range(PARTITIONS):
        state = topic.fold_state(FULL, SOURCE)
        yield Record(state, _pack(place), key=POSITION, partition=partition)
    checkpoint, published = Checkpoint(0, epoch, now, now, [], {}), Published(0, epoch)
    for partition in range(SHARDS):
        for key, row in ((CHECKPOINT, checkpoint), (PUBLISHED, published)):
            yield Record(topic.merge_state(FULL), _pack(row), key=key, partition=partition)


async def write(bootstrap: str, records: Iterator[Record]) -> int:
    """Write records as an outbox would; return the bytes of their keys and values."""
    producer = await Producer.start(Client(bootstrap), None, Limits())
    written = 0
    while some := list(islice(records, AT_ONCE)):
        await producer.put(await producer.pack(some))
        written += sum(len(one.key or b"") + len(one.value or b"") for one in some)
    await producer.close()
    return written


class Started(NamedTuple):
    """What it took until a worker was ready, in seconds."""

    wall: float
    cpu: float


def start(kafka: Kafka, home: Path, group: str) -> Started:
    """Start a worker until it is ready, and stop it."""
    began = time.monotonic()
    with worker(kafka.bootstrap, home, group, {}) as (process, _):
        found = Started(time.monotonic() - began, cpu.spent(process.pid))
    print(f"{group:6} {found.wall:6.2f} s, CPU {found.cpu:.2f} s", file=sys.stderr, flush=True)
    return found


async def prepare(kafka: Kafka, home: Path, rows: int) -> int:
    """Make the topics of both groups, and fill those of one; return how many bytes it holds."""
    await kafka.create_topic(SOURCE, PARTITIONS)
    for group in (EMPTY, FULL):
        start(kafka, home, group)
    now = time.time_ns() // 1_000_000
    of_ids = rows // 10
    shown = islice(slices(await sample(now)), rows - of_ids)
    return await write(kafka.bootstrap, chain(chunks(of_ids, now), shown, positions(of_ids, now)))


def table(found: dict[str, list[Started]], rows: int, size: int) -> Iterator[str]:
    """Write the result as a table in Markdown."""
    yield "| rows | MB | s until ready: least | median | most | CPU s: least |"
    yield "|---|---|---|---|---|---|"
    for group, many, megabytes in ((EMPTY, 0, 0.0), (FULL, rows, size / 1e6)):
        walls = [one.wall for one in found[group]]
        least = min(one.cpu for one in found[group])
        cells = (min(walls), statistics.median(walls), max(walls), least)
        yield f"| {many:,} | {megabytes:.0f} | {' | '.join(f'{cell:.2f}' for cell in cells)} |"


async def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    found: dict[str, list[Started]] = {EMPTY: [], FULL: []}
    with tempfile.TemporaryDirectory() as folder, Kafka(Path(folder)) as kafka:
        size = await prepare(kafka, Path(folder), options.rows)
        for _ in range(options.repeats):
            for group, turns in found.items():
                turns.append(start(kafka, Path(folder), group))
    print("\n".join(table(found, options.rows, size)))


if __name__ == "__main__":
    asyncio.run(main())
