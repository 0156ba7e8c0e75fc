"""Updates written straight to the updates topic, as other workers would publish them."""

import time
from collections.abc import Iterable
from typing import Any, Self

import msgspec
from aiokafka import AIOKafkaProducer

from metrics import instant
from metrics.catalog import METRICS
from metrics.update import Update, encode
from tests.service.kafka import Kafka

HOUR = 3_600_000
LENGTHS = {"1h": HOUR, "24h": 24 * HOUR, "7d": 168 * HOUR, "30d": 720 * HOUR}


def update(metric: str = "nps", window: str = "24h", **changes: Any) -> Update:
    """Make an update of now; `segment` decides its grouping, `value` goes with a margin."""
    now = time.time_ns() // 1_000_000
    value, margin = changes.pop("value", 34.0), changes.pop("margin", None)
    variant = changes.get("variant", "default")
    unit = next(one.unit for one in METRICS[metric].variants if one.name == variant)
    made = Update(
        schema=1,
        metric=metric,
        variant=variant,
        window=window,
        grouping=list(changes.get("segment", {})),
        segment={},
        by={},
        value=value,
        unit=unit,
        n=100,
        margin=margin,
        low=None if margin is None else value - margin,
        high=None if margin is None else value + margin,
        status="ok",
        window_start=instant.format(now - LENGTHS.get(window, HOUR)),
        window_end=instant.format(now),
        as_of=instant.format(now),
        revision=now,
        parts={},
        previous=None,
        change=None,
        target=None,
        benchmark=None,
    )
    return msgspec.structs.replace(made, **changes)


class Press:
    """Publishes to one topic: `async with Press(kafka, topic) as press:`."""

    def __init__(self, kafka: Kafka, topic: str) -> None:
        self._client = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, linger_ms=10)
        self._topic = topic

    async def put(self, updates: Iterable[Update]) -> None:
        """Publish updates and wait until they are there."""
        for one in updates:
            await self._client.send(self._topic, encode(one), key=one.key().encode())
        await self._client.flush()

    async def take_back(self, *updates: Update) -> None:
        """Publish tombstones for the keys of updates."""
        for one in updates:
            await self._client.send(self._topic, None, key=one.key().encode())
        await self._client.flush()

    async def __aenter__(self) -> Self:
        await self._client.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.stop()
