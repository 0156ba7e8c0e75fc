"""The stage of the cases with services: ports, topics that come and go, a Redis with a password."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from tests.golden.case import Case, Made, Ports, Said, run
from tests.golden.surroundings import BROKER, LOGIN, NOBODY, REDIS, TAKEN, TLS
from tests.service.kafka import PASSWORD, Kafka
from tests.service.process import free_port
from tests.service.redis import Redis

OURS = ("ressenti-", "cx.", "survey.")  # no other test has names like these


@contextmanager
def staged(kafka: Kafka, home: Path) -> Iterator[Ports]:
    """Serve what the cases need, and give its ports."""
    with (
        Redis(home / "redis", options={"requirepass": PASSWORD}) as redis,
        socket.socket() as taken,
    ):
        taken.bind(("127.0.0.1", free_port()))
        taken.listen()
        yield {
            BROKER: kafka.port,
            LOGIN: kafka.port + 2,
            TLS: kafka.port + 3,
            NOBODY: free_port(),
            REDIS: redis.port,
            TAKEN: taken.getsockname()[1],
        }


async def play(case: Case, kafka: Kafka, home: Path, ports: Ports) -> Said:
    """Run a case among its topics, on a cluster without any others of such names."""
    await _clear(kafka)
    try:
        for made in case.topics:
            await _make(kafka, made)
        return run(case, home, ports)
    finally:
        await _clear(kafka)


@asynccontextmanager
async def _admin(kafka: Kafka) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def _clear(kafka: Kafka) -> None:
    """Delete the topics of the cases, and wait until they are gone."""
    async with _admin(kafka) as admin, asyncio.timeout(30):
        while names := [name for name in await admin.list_topics() if name.startswith(OURS)]:
            await admin.delete_topics(names)
            await asyncio.sleep(0.05)


async def _make(kafka: Kafka, made: Made) -> None:
    await kafka.create_topic(made.name, made.partitions, made.config)
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap)
    await producer.start()
    try:
        for key, value in made.records:
            await producer.send_and_wait(made.name, value, key)
    finally:
        await producer.stop()
