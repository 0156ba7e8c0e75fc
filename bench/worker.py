"""What an event costs: the whole worker against the floor and against stock Faust.

`python -m bench.worker` runs, in turn and several times: the floor (`bench.floor`), `ressenti run`
with transactions, the same with one feature less, and stock Faust. It prints CPU microseconds per
event, the least of the repetitions, all threads of the process; and the ratios, which a busy
machine changes less. `--batch 10` makes record batches of ten.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient

from bench import cpu
from bench.answer import answers, partitions
from bench.config import toml
from bench.topic import committed, fill
from tests.service.kafka import Kafka
from tests.service.process import Process, free_port

PARTITIONS = 8
SETTLE = 2.5  # seconds in which what is committed is merged and published
STOCK_EVENTS = 20_000
FULL = "whole worker"
LESS: dict[str, dict[str, str]] = {
    "without active users": {"METRICS__ACTIVE_USERS__ENABLED": "false"},
    "without groupings": {"GROUPINGS": "[[]]"},
    "without transactions": {"KAFKA__DELIVERY": "at_least_once"},
    "published once": {"WINDOWS__PUBLISH_EVERY": "1h"},
}
"""What else is measured: a feature less, by environment variables."""


class Bench:
    """A broker with the topics to read."""

    def __init__(self, kafka: Kafka, home: Path, events: int) -> None:
        self.kafka = kafka
        self.home = home
        self.events = events

    async def prepare(self, batch: int) -> None:
        """Make a full topic, a short one for stock Faust, and an empty one."""
        spread = partitions(answers(self.events, time.time_ns() // 1_000_000), PARTITIONS)
        few = [values[: STOCK_EVENTS // PARTITIONS] for values in spread]
        for topic, held in (("full", spread), ("few", few), ("empty", [[]])):
            await self.kafka.create_topic(topic, PARTITIONS)
            await fill(self.kafka.bootstrap, topic, held, batch)
        self.few = sum(map(len, few))

    def child(self, module: str, topic: str, events: int) -> float:
        """Run a measurement in a process of its own; return CPU microseconds per event."""
        command = [sys.executable, "-m", module, self.kafka.bootstrap, topic, str(events)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                for line in process.stdout or ():
                    if (found := line.split()[-1:]) and found[0].replace(".", "").isdigit():
                        return float(found[0]) / events * 1e6
            finally:
                process.kill()
        raise RuntimeError(f"{module} said nothing")

    async def worker(self, topic: str, variables: Mapping[str, str]) -> float:
        """Run a worker until it has committed the whole topic; return its CPU seconds."""
        group = f"bench-{uuid.uuid4().hex[:8]}"
        with started(
            self.kafka.bootstrap, self.home, group, {"TOPICS__SURVEY_ANSWERS": topic, **variables}
        ) as process:
            expected = self.events if topic == "full" else 0
            admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka.bootstrap)
            await admin.start()
            try:
                # asked, as nobody tells when it is done
                while expected and await committed(admin, group, topic) < expected:  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
            finally:
                await admin.close()
            await asyncio.sleep(SETTLE)
            return cpu.spent(process.pid)


@contextmanager
def started(
    bootstrap: str, home: Path, group: str, variables: Mapping[str, str]
) -> Iterator[Process]:
    """Start a worker and wait until it is ready."""
    config = home / "ressenti.toml"
    config.write_text(toml())
    port = free_port()
    names = {"KAFKA__BOOTSTRAP": bootstrap, "KAFKA__GROUP": group, "WEB__PORT": str(port)}
    environment = [f"RESSENTI_{name}={value}" for name, value in {**names, **variables}.items()]
    command = ["env", *environment, sys.executable, "-m", "stream", "run", "-c", str(config)]
    process = Process(command, home / "worker.log")
    try:
        process.wait_until(lambda: is_ready(port))
        yield process
    finally:
        process.stop()


def is_ready(port: int) -> bool:
    """Say whether a worker is ready."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


async def measure(bench: Bench, repeats: int, features: bool) -> dict[str, float]:
    """Measure everything in turn, `repeats` times; return the least of each."""
    best: dict[str, float] = {}

    def keep(name: str, value: float) -> None:
        best[name] = min(best.get(name, value), value)
        print(f"{name:24} {value:7.3f}", file=sys.stderr, flush=True)

    for turn in range(repeats):
        keep("floor", bench.child("bench.floor", "full", bench.events))
        keep("start", await bench.worker("empty", {}))
        keep(FULL, await bench.worker("full", {}))
        for name, variables in LESS.items() if features else ():
            keep(name, await bench.worker("full", variables))
        if turn == 0:
            keep("stock Faust", bench.child("bench.stock", "few", bench.few))
    start = best.pop("start")
    for name in (FULL, *LESS):
        if name in best:
            best[name] = (best[name] - start) / bench.events * 1e6
    return best


def table(best: Mapping[str, float]) -> Iterator[str]:
    """Write the result as a table in Markdown."""
    yield "| | CPU us an event | of the floor |"
    yield "|---|---|---|"
    for name, value in best.items():
        yield f"| {name} | {value:.2f} | {value / best['floor']:.1f} |"


async def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--batch", type=int, default=1_000, help="records in a record batch")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--features", action="store_true", help="also with a feature less")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Kafka(Path(folder)) as kafka:
        bench = Bench(kafka, Path(folder), options.events)
        await bench.prepare(options.batch)
        best = await measure(bench, options.repeats, options.features)
    print("\n".join(table(best)))


if __name__ == "__main__":
    asyncio.run(main())
