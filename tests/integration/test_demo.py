"""`ressenti demo` as users run it: what it shows, how fast, and that nothing of it stays."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from math import nan
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from redis import Redis

from metrics.catalog import METRICS
from tests.service.kafka import Kafka
from tests.service.life import children, gone
from tests.service.process import answers, free_port
from tests.service.worker import RESSENTI, Worker

FIRST_VALUES_S = 90  # on a machine that does ten things at once; alone it takes 5 to 8
A_MONTH = 250  # answers at least; some 15 a day, so half of what is to be expected
SERVERS = 4  # broker and Redis, and a watcher for each


class Demo(Worker):
    """A demo in a home of its own, where any file that it leaves would be found."""

    def __init__(self, home: Path, *arguments: str) -> None:
        self.home = home / "home"
        self.home.mkdir()
        place: list[str | Path] = [
            "env",
            "-C",
            self.home,
            f"TMPDIR={self.home}",
            f"HOME={self.home}",
        ]
        port = free_port()
        command = [*place, *RESSENTI, "demo", "--port", str(port), *arguments]
        super().__init__(command, home / "demo.log", port)

    @property
    def shows_all(self) -> bool:
        """Whether every metric has values."""
        text = self.get("/metrics")[1]
        return all(f"\ncx_{metric}_samples{{" in text for metric in METRICS)

    def wait_opened(self) -> list[int]:
        """Wait until servers and page are there; return the processes that it started."""
        self.wait_until(lambda: answers(self.port))
        pids = children(self.pid)
        assert len(pids) == SERVERS
        return pids

    def address(self, name: str) -> tuple[str, int]:
        """Where it says that something can be reached."""
        found = re.search(rf"^ +{name} +(?:http://)?([\d.]+):(\d+)", self.output(), re.MULTILINE)
        assert found, self.output()
        return found[1], int(found[2])

    def end(self, number: signal.Signals) -> int | None:
        """Send a signal and wait for the end; return the exit code."""
        os.kill(self.pid, number)
        self._child.wait(60)
        return self.code


async def newest(address: tuple[str, int], key: str) -> dict[str, Any]:
    """Wait for an update of this key on the topic."""
    server = "{}:{}".format(*address)
    async with (
        AIOKafkaConsumer(
            "cx.metrics", bootstrap_servers=server, auto_offset_reset="earliest"
        ) as consumer,
        asyncio.timeout(30),
    ):
        async for record in consumer:
            if record.key == key.encode():
                update: dict[str, Any] = json.loads(record.value)
                return update
    raise AssertionError(key)


def value(worker: Worker, name: str, *labels: str) -> float:
    """The value of the first series with these labels on `/metrics`; nan without one."""
    for line in worker.get("/metrics")[1].splitlines():
        if line.startswith(f"{name}{{") and all(label in line for label in labels):
            return float(line.rpartition(" ")[2])
    return nan


async def topics(kafka: Kafka) -> set[str]:
    """The names of all topics there are, but those that are the broker's own."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        return {name for name in await admin.list_topics() if not name.startswith("__")}
    finally:
        await admin.close()


Start = Callable[..., Demo]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a demo; it has ended with the test."""
    started: list[Demo] = []

    def begin(*arguments: str) -> Demo:
        started.append(Demo(tmp_path, *arguments))
        return started[-1]

    yield begin
    for demo in started:
        demo.kill()


async def test_it_shows_every_metric_within_seconds(start: Start) -> None:
    """On the page's server, in Redis and on the topic; what it says is where they are."""
    begun = time.monotonic()
    demo = start()
    demo.wait_until(lambda: demo.shows_all, FIRST_VALUES_S)
    print(f"every metric after {time.monotonic() - begun:.1f} s")
    assert demo.address("page") == demo.address("metrics") == ("127.0.0.1", demo.port)
    host, port = demo.address("Redis")
    with Redis(host, port) as client:
        demo.wait_until(lambda: bool(client.hget("cx:nps:default:1m:all", "n")))
    month = await newest(demo.address("Kafka"), '["nps","default","30d",{},{}]')
    assert month["n"] > A_MONTH
    assert month["previous"] is not None
    demo.wait_until(lambda: demo.says("every metric has its values"))
    assert demo.end(signal.SIGINT) == 0


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGINT, 0),
        (signal.SIGTERM, 0),
        (signal.SIGHUP, 0),
        (signal.SIGKILL, -signal.SIGKILL),
    ],
)
def test_nothing_stays_however_it_ends(start: Start, number: signal.Signals, code: int) -> None:
    """Ctrl-C, SIGTERM, a closed terminal, SIGKILL: no process, no file."""
    demo = start()
    pids = demo.wait_opened()
    assert demo.end(number) == code
    assert all(map(gone, pids))
    assert list(demo.home.rglob("*")) == []


def test_a_port_that_is_taken_is_said() -> None:
    """Asked for, it is a wrong usage, before anything is started."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = ressenti("demo", "--port", str(port))
    assert done.returncode == 2
    assert f"--port: {port} is taken" in done.stderr
    assert done.stdout == ""


def test_another_port_is_taken_when_none_was_asked_for() -> None:
    """6066 is in use, by us or by somebody else: the page is elsewhere, and it says so.

    And `--for` ends it without a signal.
    """
    with ExitStack() as stack:
        with suppress(OSError):
            stack.enter_context(socket.create_server(("127.0.0.1", 6066)))
        done = ressenti("demo", "--for", "1")
    assert done.returncode == 0
    assert re.search(r"page +http://127\.0\.0\.1:\d+/\S* +\(6066 is taken\)", done.stdout)


def test_a_broken_address_of_a_broker_is_wrong_usage() -> None:
    """The message names the option."""
    done = ressenti("demo", "--bootstrap", "nowhere")
    assert done.returncode == 2
    assert "--bootstrap" in done.stderr
    assert "host:port" in done.stderr


def ressenti(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [*RESSENTI, *arguments], capture_output=True, text=True, timeout=120, check=False
    )


OUTAGE = """\
import asyncio, sys
from stream.demo.stage import Options, play
options = Options(int(sys.argv[1]), rate=200.0, breaks_after=45_000, lasts=45_000)
asyncio.run(play(options, lambda line: print(line, flush=True)))
"""


def test_the_outage_is_seen_and_over(tmp_path: Path) -> None:
    """The region's NPS falls while its service is broken, and rises when it works again."""
    port = free_port()
    demo = Worker([sys.executable, "-c", OUTAGE, str(port)], tmp_path / "log", port)
    labels = ('window="1m"', 'variant="default"', 'grouping="region"', 'region="fr"')

    def score() -> float:
        return value(demo, "cx_nps_score", *labels)

    try:
        demo.wait_until(lambda: value(demo, "cx_nps_samples", *labels) > 50, FIRST_VALUES_S)
        well = score()
        demo.wait_until(lambda: score() < well - 20, 120)
        lowest = [score()]
        demo.wait_until(lambda: risen(lowest, score()), 120)
    finally:
        demo.kill()


def risen(lowest: list[float], score: float) -> bool:
    """Whether a score is well above the lowest that was seen, which is kept."""
    lowest[0] = min(lowest[0], score)
    return score > lowest[0] + 20


async def test_a_broker_of_the_user_is_left_as_it_was(start: Start, kafka: Kafka) -> None:
    """With `--bootstrap` all metrics come over it, exactly once; its topics are deleted again."""
    before = await topics(kafka)
    demo = start("--bootstrap", kafka.bootstrap)
    demo.wait_until(lambda: demo.shows_all, FIRST_VALUES_S)
    assert len(await topics(kafka) - before) == 7 + 3 + 9
    assert demo.end(signal.SIGINT) == 0
    assert await topics(kafka) == before
