"""The embedded servers: what they can, what is cured, and that nothing of them stays."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from redis.asyncio import Redis
from structlog.testing import capture_logs

from stream import broker as cluster
from stream.client import Client
from stream.demo.witness import until_full
from stream.embedded.broker import broker
from stream.embedded.child import resident
from stream.embedded.latest import corrected
from stream.embedded.redis import redis
from stream.embedded.server import EmbeddedError, Server, serving
from stream.ground import Ground
from stream.layout import Names
from stream.state.flush import Record
from stream.state.producer import Limits, Producer
from stream.state.recovery import read_rows
from stream.topic import Topic
from tests.data.plan import whole
from tests.service.life import gone

TPS = [TopicPartition("state", number) for number in range(3)]
ROWS = 40_000  # more than recovery reads at a time


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """A broker with a topic: 40,000 rows in two flushes on partition 0, as many on 1, none on 2."""
    async with broker() as started:
        client = Client(started.address)
        await cluster.wait_for_broker(client)
        await cluster.apply(client, [Topic("state", len(TPS), {"cleanup.policy": "compact"})])
        producer = await Producer.start(client, None, Limits())
        for first in (0, ROWS // 2):
            await producer.put(await producer.pack(rows(first, first + ROWS // 2)))
        await producer.close()
        yield started


def rows(first: int, last: int) -> list[Record]:
    """Rows with keys of their own, on two partitions."""
    return [
        Record("state", b"v", key=str(number).encode(), partition=tp.partition)
        for tp in TPS[:2]
        for number in range(first, last)
    ]


async def ends(server: Server) -> list[int]:
    """Ask where the partitions end, as every consumer does."""
    consumer = AIOKafkaConsumer(bootstrap_servers=server.address)
    await consumer.start()
    try:
        found: dict[TopicPartition, int] = await consumer.end_offsets(TPS)
        first: dict[TopicPartition, int] = await consumer.beginning_offsets(TPS)
    finally:
        await consumer.stop()
    assert set(first.values()) == {0}
    return [found[tp] for tp in TPS]


async def test_the_broker_is_wrong_about_the_end_and_corrected(server: Server) -> None:
    """Should the first line fail one day, `stream.embedded.latest` is needed no more."""
    assert await ends(server) != [ROWS, ROWS, 0]
    with corrected():
        assert await ends(server) == [ROWS, ROWS, 0]
    assert await ends(server) != [ROWS, ROWS, 0]


async def test_no_state_is_lost_in_a_recovery(server: Server) -> None:
    """Without the correction rows are missing, and nothing says so."""
    client = Client(server.address)
    with corrected():
        found = await read_rows(client, TPS)
    assert [len(found[tp]) for tp in TPS] == [ROWS, ROWS, 0]
    assert len((await read_rows(client, TPS[:1]))[TPS[0]]) < ROWS


async def test_a_broker_that_deletes_nothing_is_no_fault(server: Server) -> None:
    """Trimming partials fails, which is said once, and the broker goes on."""
    names = Names("g", {}, "state", "updates", "letters", {}, "merge", 1)
    ground = Ground(Client(server.address), names, whole(), {})
    with capture_logs() as lines:
        await ground.trim({TPS[0]: 10})
        await ground.trim({TPS[0]: 20})
    assert [line["event"] for line in lines] == ["merged partials are not deleted"]
    with corrected():
        assert await ends(server) == [ROWS, ROWS, 0]


async def test_the_redis_keeps_values_and_writes_no_file() -> None:
    """It answers as Redis does, and has nothing to save to."""
    async with redis() as started:
        client = Redis.from_url(f"redis://{started.address}/0")
        await client.hset("cx:nps", "value", "40")
        assert await client.hget("cx:nps", "value") == b"40"
        assert (await client.config_get("save"), await client.config_get("appendonly")) == (
            {"save": ""},
            {"appendonly": "no"},
        )
        await client.aclose()
    assert gone(started.child.pid)


async def test_the_broker_is_weighed_and_its_end_is_noticed() -> None:
    """A broker that holds too much ends the demo, one that has ended is a failure."""
    async with broker() as started:
        assert 5_000_000 < resident(started.child.pid) < 200_000_000
        await asyncio.wait_for(until_full(started, most=1_000_000), 5)
        os.kill(started.child.pid, signal.SIGKILL)
        with pytest.raises(EmbeddedError, match="has ended"):
            await asyncio.wait_for(until_full(started), 20)
    assert resident(started.child.pid) == 0


async def test_a_server_that_does_not_start_says_why() -> None:
    """What it wrote last is in the message."""
    with pytest.raises(EmbeddedError, match=r"in 3 attempts: no luck on \d+"):
        async with serving(Path("/bin/sh"), lambda port: ["-c", f"echo no luck on {port}; exit 1"]):
            pass


SUICIDE = """\
import asyncio, os, signal
from stream.embedded.broker import broker
from stream.embedded.redis import redis
async def main():
    async with broker() as one, redis() as other:
        print(one.child.pid, other.child.pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""


def test_a_killed_process_leaves_neither_servers_nor_files(tmp_path: Path) -> None:
    """SIGKILL leaves us no word: the watchers end the servers, and no file had a name."""
    done = subprocess.run(
        [sys.executable, "-c", SUICIDE],
        env={"TMPDIR": str(tmp_path), "HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    pids = [int(pid) for pid in done.stdout.split()]
    assert len(pids) == 2
    assert all(map(gone, pids))
    assert list(tmp_path.rglob("*")) == []
