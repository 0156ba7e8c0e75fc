"""Every record that cannot be counted stands once among the dead letters, as it came."""

import asyncio
import json
import random
import time
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer

from tests.data import poison
from tests.service.judge import Judge
from tests.service.kafka import Kafka
from tests.service.letter import wrong_letters
from tests.service.reader import records
from tests.service.traffic import DAY, Line, config
from tests.service.truth import truth
from tests.service.worker import Site

ANNA = "anna@example.org"  # must not be seen but in the original bytes
KEYS = (None, b"", b"c1", b"\xff\x00")
NEIGHBOURS = 20  # good events around each bad one


def answer(at: int, **changes: Any) -> dict[str, Any]:
    """A good answer."""
    dims = {"region": "fr"}
    return {"at": at, "type": "nps", "score": 9, "customer_id": ANNA, "dims": dims, **changes}


def lines(now: int, dice: random.Random) -> list[Line]:
    """Every kind of bad record, each between good ones."""
    late = answer(now - 40 * DAY)
    future = answer(now + DAY, ingested_at=now)
    bad = [
        *poison.every("survey_answers", answer(now)),
        *(json.dumps(event).encode() for event in (late, future)),
    ]
    good = json.dumps(answer(now)).encode()
    found: list[Line] = []
    for value in bad:
        found += [(b"c1", good)] * dice.randrange(NEIGHBOURS)
        found.append((dice.choice(KEYS), value))
    return [(b"c1", good), *found, (b"c1", None)]


async def test_each_once_as_it_came_though_the_worker_is_killed(
    kafka: Kafka, tmp_path: Path
) -> None:
    """Reason and place in the headers, bytes and key as they were, neighbours counted."""
    dice = random.Random(1)
    now = time.time_ns() // 1_000_000
    with Site(kafka, tmp_path, config()) as site:
        await site.create(2)
        worker = site.worker()
        await asyncio.to_thread(worker.wait_ready)
        await send(site, lines(now, dice))
        worker.kill()
        await asyncio.to_thread(site.worker().wait_ready)
        expected = await truth(site, now)
        async with Judge(kafka, site.updates) as judge:
            assert not await judge.settle(expected.updates, 40)
        letters = await records(kafka, site.letters)
        assert not list(wrong_letters(site, letters, expected))
        assert {verdict for verdict, _ in expected.letters.values()} == {"dead", "late", "future"}
        assert not [letter for letter in letters if ANNA in str(letter.headers)]


async def send(site: Site, sent: list[Line]) -> None:
    """Write the records to both partitions, each in their order, with times of their own."""
    async with AIOKafkaProducer(
        bootstrap_servers=site.kafka.bootstrap, linger_ms=20, max_request_size=4 << 20
    ) as client:
        for number, (key, value) in enumerate(sent):
            stamp = 1_774_605_600_000 + number
            for partition in range(2):
                await client.send(
                    site.source(), value, key, partition=partition, timestamp_ms=stamp
                )
