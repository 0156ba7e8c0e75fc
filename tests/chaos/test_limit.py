"""More than anybody plans for: a million segments, record batches of one record.

Nothing is lost, and memory stays bounded: beside 121 MB for a worker that has nothing to do.
"""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.structs import RecordMetadata

from tests.service.kafka import Kafka
from tests.service.life import resident
from tests.service.reader import records
from tests.service.worker import Site

MANY = 1_000_000
BATCHES = 200_000  # of one record: what a broker stores in some minutes
SECONDS = 600
PRODUCERS = 8
CONFIG: dict[str, Any] = {
    "dimensions": ["region"],
    "groupings": [[], ["region"]],
    "windows": {"rolling": ["24h"], "calendar": []},
    "metrics": {name: {"enabled": False} for name in ("csat", "ces", "aht", "fcr")},
    "segments": {"max": 1_000},
}
OTHER = "(other)"


def answer(region: str) -> bytes:
    """An answer of now, without an id."""
    at = time.time_ns() // 1_000_000
    return b'{"at":%d,"type":"nps","score":9,"dims":{"region":"%s"}}' % (at, region.encode())


async def latest(site: Site) -> dict[str, int]:
    """Read the newest n of `nps` by region; of the total under no name."""
    found: dict[str, int] = {}
    for record in await records(site.kafka, site.updates):
        update = json.loads(record.value or b"")
        if (update["metric"], update["variant"]) == ("nps", "default"):
            found[update["segment"].get("region", "")] = update["n"]
    return found


async def settled(site: Site, count: int) -> dict[str, int]:
    """Wait until so many are counted."""
    for _ in range(SECONDS):
        found = await latest(site)
        if found.get("") == count:
            await asyncio.sleep(5)  # the shards of other segments may be a flush behind
            return await latest(site)
        await asyncio.sleep(1)
    raise TimeoutError(f"{found.get('')} of {count} are counted")


def batches(size: int) -> Iterator[list[bytes]]:
    """Answers of a million regions."""
    for start in range(0, MANY, size):
        yield [answer(f"r{number}") for number in range(start, start + size)]


async def send(
    client: AIOKafkaProducer, topic: str, partition: int, values: list[bytes]
) -> asyncio.Future[RecordMetadata]:
    """Send values as one record batch; what is returned is done when it is stored."""
    batch = client.create_batch()
    for value in values:
        assert batch.append(key=None, value=value, timestamp=None)
    stored: asyncio.Future[RecordMetadata]
    stored = await client.send_batch(batch, topic, partition=partition)
    return stored


async def test_a_million_segments_are_a_thousand_and_the_rest(kafka: Kafka, tmp_path: Path) -> None:
    """The total is exact, so is the sum of the segments, and memory is that of a thousand."""
    kafka.start()
    with Site(kafka, tmp_path, CONFIG) as site:
        await site.create(4)
        worker = site.worker().wait_ready()
        async with AIOKafkaProducer(
            bootstrap_servers=kafka.bootstrap, max_batch_size=1 << 20
        ) as client:
            for number, values in enumerate(batches(5_000)):
                await (await send(client, site.source(), number % 4, values))
        found = await settled(site, MANY)
        assert found.pop("") == MANY == sum(found.values())
        assert 500 <= len(found) - 1 <= 1_000
        assert found[OTHER] >= MANY - 1_000
        most = resident(worker.pid, "VmHWM")
        print(f"{most:.0f} MB")
        assert most < 600


async def trickle(kafka: Kafka, topic: str) -> None:
    """Send a share of the answers, each as a record batch, and wait for none."""
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, acks=0) as client:
        for _ in range(BATCHES // PRODUCERS):
            await send(client, topic, 0, [answer("fr")])


async def test_record_batches_of_one_record(kafka: Kafka, tmp_path: Path) -> None:
    """A producer that sends each event by itself costs time and nothing else."""
    kafka.start()
    with Site(kafka, tmp_path, CONFIG) as site:
        await site.create(1)
        worker = site.worker().wait_ready()
        await asyncio.gather(*(trickle(kafka, site.source()) for _ in range(PRODUCERS)))
        found = await settled(site, BATCHES)
        assert found == {"": BATCHES, "fr": BATCHES}
        most = resident(worker.pid, "VmHWM")
        print(f"{most:.0f} MB")
        assert most < 400
