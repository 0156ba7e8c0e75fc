"""Survey answers that keep coming while things go wrong, good ones and bad ones.

Every event has a recent time or one some days ago, so that none leaves a window of 1h, 24h or a
closed day while a test lasts; half have no id, for removal by id hides an event folded twice.
"""

import asyncio
import json
import random
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from tests.service.kafka import Kafka

DAY = 86_400_000
TICK = 0.05  # seconds between two sends
PAUSE = 0.3  # seconds after a failure
KEPT = 1_000  # events of each partition that may be sent again
WARM = 1_000  # events after which every partition knows what is late
SCORES = {"nps": 10, "csat": 5, "ces": 7}
REGIONS = ("fr", "de", "us")
BAD: dict[str, tuple[str, str]] = {
    '{"at": 1': ("json", ""),
    "[]": ("type", "expected object"),
    '{"type": "nps", "score": 3}': ("missing", "at"),
    '{"at": "2026-03-27T10:00:00", "type": "nps", "score": 3}': ("time", "at"),
    '{"at": 1774605600000, "score": 3}': ("missing", "type"),
    '{"at": 1774605600000, "type": "nps"}': ("missing", "score"),
    '{"at": 1774605600000, "type": "nps", "score": 11}': ("range", "score"),
    '{"at": 1774605600000, "type": "nps", "score": "9"}': ("type", "score"),
    '{"at": 1774605600000, "type": "nps", "score": 9, "dims": {"region": 1}}': ("type", "dims"),
}
"""Lines that are dead, with the reason and the first word of the detail."""
Line = tuple[bytes | None, bytes | None]
"""Key and value."""


def config() -> dict[str, Any]:
    """What a worker is told, so that it takes this traffic and flushes as often as it can."""
    return {
        "zone": noon_zone(),
        "dimensions": ["region", "place"],
        "groupings": [[], ["region"], ["place"]],
        "windows": {
            "rolling": ["1h", "24h"],
            "calendar": ["today"],
            "allowed_lateness": "8d",
            "dedupe_for": "30d",
            "flush_every": "100ms",
            "publish_every": "200ms",
        },
        "metrics": {name: {"enabled": False} for name in ("aht", "fcr", "active_users")},
    }


def noon_zone() -> str:
    """A zone in which it is about noon: midnight is far."""
    return f"Etc/GMT{datetime.now(UTC).hour - 12:+}".replace("+0", "")


class Traffic:
    """Sends `rate` records a second to partitions in turn, as `seed` has it, until told to end.

    Its `place` tells an event's partition: a segment of that is the batch over one prefix exactly.
    """

    regions: tuple[str, ...] = REGIONS
    rate = 1_500

    def __init__(self, kafka: Kafka, topic: str, partitions: int, seed: int) -> None:
        self.sent = 0
        self.days: tuple[float, float] = (3, 6)
        """How old the old ones are."""
        self._kafka = kafka
        self._topic = topic
        self._partitions = partitions
        self._dice = random.Random(seed)
        self._copies: list[list[Line]] = [[] for _ in range(partitions)]
        self._number = 0
        self._ended = False

    def now(self) -> int:
        """The producers' time, milliseconds UTC."""
        return time.time_ns() // 1_000_000

    def end(self) -> None:
        """Send no more."""
        self._ended = True

    async def run(self) -> None:
        """Send until the end; while the broker is away, what cannot be sent is dropped."""
        while not self._ended:
            with suppress(KafkaError, OSError, TimeoutError):
                await self._send_until_failure()
            await asyncio.sleep(PAUSE)

    async def _send_until_failure(self) -> None:
        client = AIOKafkaProducer(
            bootstrap_servers=self._kafka.bootstrap, acks="all", request_timeout_ms=3_000
        )
        try:
            await client.start()
            while not self._ended:
                began = time.monotonic()
                await asyncio.gather(
                    *(self._batch(client, number) for number in range(self._partitions))
                )
                await asyncio.sleep(max(0.0, began + TICK - time.monotonic()))
        finally:
            await client.stop()

    async def _batch(self, client: AIOKafkaProducer, partition: int) -> None:
        batch = client.create_batch()
        for _ in range(round(self.rate * TICK / self._partitions)):
            key, value = self._line(partition)
            batch.append(key=key, value=value, timestamp=None)
            self.sent += 1
        await (await client.send_batch(batch, self._topic, partition=partition))

    def _line(self, partition: int) -> Line:
        dice, copies = self._dice, self._copies[partition]
        roll = dice.random()
        if roll < 0.010:
            return None if roll < 0.004 else b"odd", dice.choice(list(BAD)).encode()
        if roll < 0.012:
            return b"gone", None
        if roll < 0.127 and copies:
            return copies[dice.randrange(len(copies))]
        event = self._event(roll, partition)
        line = b"c%d" % dice.randrange(500), json.dumps(event).encode()
        if "id" in event and "ingested_at" not in event:  # one of the future may be none later
            place = dice.randrange(KEPT)
            copies[place : place + 1] = [line]  # beyond the end: one more
        return line

    def _event(self, roll: float, partition: int) -> dict[str, Any]:
        dice, self._number = self._dice, self._number + 1
        kind = dice.choices(list(SCORES), weights=(3, 1, 1))[0]
        event: dict[str, Any] = {
            "at": self._time(roll),
            "type": kind,
            "score": dice.randint(1, SCORES[kind]),
            "dims": {"region": dice.choice(self.regions), "place": f"p{partition}"},
        }
        if dice.random() < 0.5:
            event["id"] = f"e{self._number}"
        if dice.random() < 0.02:
            event["excluded"] = True
        if event["at"] > self.now() + DAY:
            event["ingested_at"] = self.now()  # for the batch, which has no clock
        return event

    def _time(self, roll: float) -> int:
        """Mostly some seconds ago, often days, or too long ago, or by a clock two days ahead."""
        now, dice = self.now(), self._dice
        if roll < 0.222 and self._number > WARM:
            return now - 40 * DAY
        if roll < 0.232:
            return now + 2 * DAY
        if roll < 0.41:
            return now - round(dice.uniform(*self.days) * DAY)
        return now - dice.randrange(20_000)
