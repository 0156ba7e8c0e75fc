"""The shipped stack without containers: its own settings, on free ports of loopback."""

import asyncio
import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer
from ruamel.yaml import YAML

from metrics.catalog import METRICS
from tests.service.kafka import Kafka
from tests.service.process import free_port
from tests.service.prometheus import Prometheus
from tests.service.redis import Redis
from tests.service.worker import RESSENTI, Worker

DEPLOY = Path(__file__).parents[2] / "deploy"
COMPOSE: dict[str, Any] = YAML(typ="safe").load(DEPLOY / "compose.yaml")
PARTITIONS = 1
ANSWERS = 60  # of each type and region: margins are narrow
FED = {"nps", "csat", "ces", "fcr", "aht", "active_users"}
"""The metrics that `_events` has events for."""
TARGETS = {**dict.fromkeys(METRICS, 0), "nps": 40, "aht": 1}
"""Only NPS and AHT miss theirs: see `_events`."""


class Stack(NamedTuple):
    """What runs."""

    worker: Worker
    prometheus: Prometheus
    folder: Path
    """Where the worker was started."""


class Broker(Kafka):
    """A broker with the settings of compose.yaml."""

    def _settle(self, port: int) -> None:
        data = self.home / "data"
        shutil.rmtree(self.home, ignore_errors=True)  # of an attempt on another port
        self.home.mkdir()
        text = properties().format(port=port, controller=port + 1, data=data)
        (self.home / "server.properties").write_text(text)
        self._format()
        self._process = self._launch(port)
        self.port = port


@contextmanager
def stack(home: Path) -> Iterator[Stack]:
    """Start broker, Redis, worker and Prometheus as shipped, with some events counted."""
    with Broker(home / "kafka") as kafka, Redis(home / "redis") as redis:
        asyncio.run(_fill(kafka))
        worker = _worker(home, kafka, redis)
        try:
            worker.wait_ready()
            target = f"127.0.0.1:{worker.port}"
            rules = [DEPLOY / "prometheus/rules.yaml"]
            with Prometheus(home / "prometheus", [target], rules, "ressenti") as prometheus:
                yield Stack(worker, prometheus, home / "empty")
        finally:
            worker.kill()


def properties() -> str:
    """Write the broker's settings of compose.yaml, with places to fill in."""
    places = {
        "OUTSIDE://:29092": f"OUTSIDE://127.0.0.1:{(outside := free_port())}",
        "127.0.0.1:29092": f"127.0.0.1:{outside}",
        "INSIDE://:9092": "INSIDE://127.0.0.1:{port}",
        "kafka:9092": "127.0.0.1:{port}",
        "CONTROLLER://:9093": "CONTROLLER://127.0.0.1:{controller}",
        "127.0.0.1:9093": "127.0.0.1:{controller}",
        "/var/lib/kafka/data": "{data}",
    }
    lines = []
    for name, value in COMPOSE["services"]["kafka"]["environment"].items():
        if name.startswith("KAFKA_"):
            text = str(value)
            for place, ours in places.items():
                text = text.replace(place, ours)
            lines.append(f"{name.removeprefix('KAFKA_').replace('_', '.').lower()}={text}")
    return "\n".join(lines)


async def _fill(kafka: Kafka) -> None:
    for name in COMPOSE["services"]["sources"]["environment"]["TOPICS"].split():
        await kafka.create_topic(name, PARTITIONS)
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap) as client:
        for topic, event in _events():
            await client.send(topic, json.dumps(event).encode())


def _events() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield content customers of two regions who would not recommend us, and what they did."""
    at = time.time_ns() // 1_000_000 - 60_000
    for number in range(2 * ANSWERS):
        dims = {"region": ("fr", "de")[number % 2], "product": "web"}
        event = {"at": at, "customer_id": f"c{number}", "dims": dims}
        for kind, score in (("nps", 3), ("csat", 5), ("ces", 7)):
            yield "survey.answers", {**event, "type": kind, "score": score}
        ticket = {"ticket_id": f"t{number}", "contacts": 1, "handle_s": 300 + number}
        yield "ticket.closures", {**event, **ticket}
        yield "product.usage", event
    yield "survey.answers", {"at": at, "type": "nps", "score": 11}


def _worker(home: Path, kafka: Kafka, redis: Redis) -> Worker:
    port = free_port()
    (home / "hash-key").write_text("a key of the tests only\n")
    (folder := home / "empty").mkdir()
    settings = {
        "KAFKA__BOOTSTRAP": kafka.bootstrap,
        "REDIS__URL": redis.url,
        "WEB__PORT": port,
        "PRIVACY__HASH_KEY_FILE": home / "hash-key",
        "TARGETS": json.dumps(TARGETS),
        "BENCHMARKS": json.dumps(dict.fromkeys(METRICS, 1)),
    }
    variables = [f"RESSENTI_{name}={value}" for name, value in settings.items()]
    command = ["env", "-C", str(folder), *variables, *RESSENTI, "run", "-c"]
    return Worker([*command, DEPLOY / "ressenti.toml"], home / "worker.log", port)
