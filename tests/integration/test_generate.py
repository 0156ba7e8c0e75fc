"""`ressenti generate` to the topics of a real broker."""

import asyncio
import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiokafka.partitioner import DefaultPartitioner

from metrics import instant
from stream.company import SOURCES, Company, lines
from tests.service.kafka import Kafka, unique
from tests.service.process import free_port
from tests.service.reader import records
from tests.service.worker import RESSENTI, Worker, toml

START = 1_795_435_200_000  # 2026-11-23T12:00:00Z
SPAN = 60_000
PARTITIONS = 3


def config(kafka: Kafka, home: Path, name: str) -> tuple[Path, dict[str, str]]:
    """Write a configuration with topics of that name for every input."""
    topics = {source: f"{name}.{source}" for source in SOURCES}
    path = home / "ressenti.toml"
    table = {"kafka": {"bootstrap": kafka.bootstrap}, "topics": topics}
    path.write_text("\n".join(toml(table)))
    return path, topics


def generate(*options: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    command = [*RESSENTI, "generate", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)


async def test_a_stretch_of_the_past_is_written_at_once(kafka: Kafka, tmp_path: Path) -> None:
    """Every line in its topic, in the partition of its key, in order; and the command ends."""
    path, topics = config(kafka, tmp_path, unique("generate"))
    for topic in topics.values():
        await kafka.create_topic(topic, PARTITIONS)
    done = generate("-c", path, "--rate", "50", "--start", f"{START}", "--for", "60s")
    expected: dict[str, list[tuple[bytes, bytes]]] = {source: [] for source in SOURCES}
    for line in lines(Company(rate=50), START, START + SPAN):
        expected[line.source].append((line.key, line.value))
    n = sum(map(len, expected.values()))
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith(f"{n} events written: ")
    place, partitions = DefaultPartitioner(), list(range(PARTITIONS))
    for source, topic in topics.items():
        found = await records(kafka, topic)
        for partition in partitions:
            assert [(r.key, r.value) for r in found if r.partition == partition] == [
                (key, value)
                for key, value in expected[source]
                if place(key, partitions, partitions) == partition
            ]


@contextmanager
def live(kafka: Kafka, name: str, home: Path) -> Iterator[Worker]:
    """Run the command until the end of the test: two seconds of the past, then live."""
    path, _ = config(kafka, home, name)
    options = ["--rate", "200", "--start", "2s", "--only", "costs"]
    process = Worker([*RESSENTI, "generate", "-c", path, *options], home / "generate.log", port=0)
    try:
        yield process
    finally:
        process.kill()


async def held(kafka: Kafka, topic: str, n: int) -> None:
    """Wait until a topic holds n records."""
    async with asyncio.timeout(100):
        while len(await records(kafka, topic)) < n:
            pass


async def ended(process: Worker) -> int:
    """Wait until a process has ended, and return its exit code."""
    async with asyncio.timeout(60):
        while (code := process.code) is None:  # noqa: ASYNC110 (a poll)
            await asyncio.sleep(0.05)
    return code


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_in_good_order(
    kafka: Kafka, tmp_path: Path, number: signal.Signals
) -> None:
    """Live events come no earlier than they happen; what it says it wrote is what is there."""
    name = unique("generate")
    await kafka.create_topic(f"{name}.costs")
    with live(kafka, name, tmp_path) as process:
        await held(kafka, f"{name}.costs", 600)
        os.kill(process.pid, number)
        assert await ended(process) == 0
        found = await records(kafka, f"{name}.costs")
        told = f"{len(found)} events written: {len(found)} to {name}.costs\n"
        assert process.output() == told
    for record in found:
        assert instant.parse(json.loads(record.value or b"")["at"]) <= record.timestamp


async def test_a_missing_topic_is_named(kafka: Kafka, tmp_path: Path) -> None:
    """It is not created, and the exit code is 1."""
    path, topics = config(kafka, tmp_path, unique("generate"))
    await kafka.create_topic(topics["costs"])
    done = generate("-c", path, "--only", "costs", "--only", "purchases")
    assert done.returncode == 1
    assert f"topics missing, or not ours to see: {topics['purchases']};" in done.stderr
    assert "0 events written\n" in done.stderr


async def test_a_broker_is_waited_for_until_a_signal(tmp_path: Path) -> None:
    """Without one it waits with one line in the log, and ends well when it is told to."""
    nobody = Kafka(tmp_path)
    nobody.port = free_port()
    with live(nobody, "none", tmp_path) as process:
        await asyncio.to_thread(process.wait_until, lambda: process.says("waiting for the broker"))
        os.kill(process.pid, signal.SIGTERM)
        assert await ended(process) == 0
        assert process.output().endswith("0 events written\n")


async def test_a_broker_that_goes_away_is_waited_for(kafka: Kafka, tmp_path: Path) -> None:
    """When it is back the feed goes on, with nothing lost or twice; a signal ends the wait."""
    name = unique("generate")
    await kafka.create_topic(f"{name}.costs")
    with live(kafka, name, tmp_path) as process:
        await held(kafka, f"{name}.costs", 1)
        await asyncio.to_thread(kafka.restart)
        before = len(await records(kafka, f"{name}.costs"))
        await held(kafka, f"{name}.costs", before + 100)
        await asyncio.to_thread(kafka.stop)
        os.kill(process.pid, signal.SIGTERM)
        assert await ended(process) == 0
        await asyncio.to_thread(kafka.start)
        found = [json.loads(r.value or b"")["id"] for r in await records(kafka, f"{name}.costs")]
        assert len(found) == len(set(found))
        said = re.search(r"(\d+) events written: ", process.output())
        assert said
        assert before + 100 <= int(said[1]) <= len(found)
