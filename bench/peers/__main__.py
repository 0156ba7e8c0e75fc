"""One question, all peers: `python -m bench.peers` prints a table of CPU per event.

For two numbers of events it fills a topic with answers of half an hour, starts each peer in a
process of its own, and waits until its answers equal those of the plain batch. CPU is of the whole
process, user and system, all threads, from its start to that moment; the slope between the two
sizes is free of start-up and warm-up. `--only flink` measures one, `--scale 0.1` fewer events.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
from aiokafka import AIOKafkaConsumer

from bench import cpu
from bench.peers import event
from bench.peers.event import Answers
from bench.peers.peer import PEERS, Peer, Run, read, read_update
from bench.topic import fill
from tests.service.kafka import Kafka, unique
from tests.service.process import Process

BATCH = 1_000
TAIL = 3_000  # characters of a peer's log that are shown when its answers are wrong


class Input(msgspec.Struct, frozen=True):
    """A topic that is filled, and what follows from it."""

    topic: str
    count: int
    minutes: Answers
    total: Answers


class Result(msgspec.Struct, frozen=True):
    """What a peer needed: CPU and wall seconds; what is wrong with its answers, if anything."""

    count: int
    cpu: float
    wall: float
    fault: str


async def prepare(kafka: Kafka, count: int, peer: Peer) -> Input:
    """Fill a topic with so many events, and compute the answers.

    They end now for who answers as of now; else so long ago that what closes windows is not in the
    future either, which brokers refuse.
    """
    end = time.time_ns() // 1_000_000 - (0 if peer.now else 3 * event.FAR)
    found = list(event.events(count, end))
    spread: list[list[bytes]] = [[] for _ in range(peer.partitions)]
    for number, one in enumerate([*found, *([] if peer.now else event.closers(end))]):
        spread[event.partition(one[1], peer.partitions)].append(event.value(number, one))
    topic = unique("events")
    await kafka.create_topic(topic, peer.partitions)
    await fill(kafka.bootstrap, topic, spread, BATCH, event.key)
    return Input(topic, count, event.hopping(iter(found)), event.overall(iter(found)))


async def ask(kafka: Kafka, home: Path, peer: Peer, given: Input, patience: float) -> Result:
    """Run a peer until its answers are complete, or the time is over."""
    run = Run(kafka.bootstrap, given.topic, unique("answers"), unique("peer"), home)
    policy = {"cleanup.policy": "compact"} if peer.now else {}
    await kafka.create_topic(run.answers, peer.partitions, policy)
    truth = given.total if peer.now else given.minutes
    started = time.monotonic()
    process = Process(peer.command(run), home / f"{peer.folder or 'ressenti'}.log")
    try:
        deadline = started + patience
        fault = await _compare(run, peer, truth, lambda: going(process, deadline))
        spent = cpu.spent(process.pid) if process.running else 0.0
        if fault:
            print(process.output()[-TAIL:], file=sys.stderr)
        if not process.running:
            fault = "it ended by itself"
    finally:
        process.kill()
    return Result(given.count, spent, time.monotonic() - started, fault)


def going(process: Process, deadline: float) -> bool:
    """Say whether it is worth waiting."""
    return process.running and time.monotonic() < deadline


async def _compare(run: Run, peer: Peer, truth: Answers, going: Callable[[], bool]) -> str:
    """Follow the answers until they are true, else say what is wrong with them in the end."""
    found: Answers = {}
    consumer = AIOKafkaConsumer(
        run.answers,
        bootstrap_servers=run.bootstrap,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
    )
    async with consumer:
        while going():
            fetched = await consumer.getmany(timeout_ms=200)
            for record in (record for held in fetched.values() for record in held):
                answer = (read_update if peer.now else read)(record.key, record.value)
                if answer:
                    found[answer[0]] = answer[1]
            if fetched and all(found.get(place) == counts for place, counts in truth.items()):
                return ""
    missing = sum(place not in found for place in truth)
    wrong = sum(place in found and found[place] != counts for place, counts in truth.items())
    return f"of {len(truth)} answers {missing} are missing, {wrong} wrong"


def row(peer: Peer, results: Sequence[Result]) -> str:
    """Write a peer's row of the table."""
    faults = [one.fault for one in results if one.fault]
    if faults:
        return f"| {peer.name} | - | - | - | {peer.guarantee} | {faults[-1]} |"
    few, many = results
    slope = (many.cpu - few.cpu) / (many.count - few.count) * 1e6
    total = many.cpu / many.count * 1e6
    cells = f"{many.count:,} | {total:.2f} | {slope:.2f}"
    return f"| {peer.name} | {cells} | {peer.guarantee} | equal to the batch |"


async def measure(kafka: Kafka, home: Path, options: argparse.Namespace) -> Iterator[str]:
    """Run the peers one after the other; return the rows of the table."""
    rows: list[str] = []
    for peer in PEERS:
        if options.only and options.only not in f"{peer.folder} {peer.name}":
            continue
        results: list[Result] = []
        try:
            peer.install()
        except (subprocess.SubprocessError, OSError) as error:
            rows.append(f"| {peer.name} | - | - | - | {peer.guarantee} | not installed: {error} |")
            continue
        for size in peer.sizes:
            given = await prepare(kafka, int(size * options.scale), peer)
            results.append(await ask(kafka, home, peer, given, options.patience))
            print(f"{peer.name}: {results[-1]}", file=sys.stderr, flush=True)
        rows.append(row(peer, results))
    return iter(rows)


async def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="a part of a peer's name")
    parser.add_argument("--scale", type=float, default=1.0, help="of the numbers of events")
    parser.add_argument("--patience", type=float, default=300.0, help="seconds for each run")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Kafka(Path(folder)) as kafka:
        rows = await measure(kafka, Path(folder), options)
    print("| peer | events | CPU us an event | slope | guarantee | answers |")
    print("|---|---|---|---|---|---|")
    print("\n".join(rows))


if __name__ == "__main__":
    asyncio.run(main())
