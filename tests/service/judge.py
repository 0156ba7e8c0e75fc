"""The judge: what a worker published on the topic of updates, against the plain batch.

It reads the topic as everybody should: committed records only, and per key the one with the
greatest (revision, window_end).
"""

import asyncio
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from math import isclose
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, TopicPartition

from tests.service.kafka import Kafka

Update = dict[str, Any]
Updates = Mapping[str, Update]

FIELDS = (
    *("metric", "variant", "window", "segment", "by", "grouping", "unit"),
    *("value", "n", "margin", "low", "high", "parts", "status", "previous", "change"),
    *("target", "benchmark"),
)
ESTIMATED = ("value", "previous", "change")
EXACT = 1e-12
SPAN = ("window_start", "window_end")
SHOWN = 12  # faults in a message


class Judge:
    """Follows the updates of a topic from its first record; open it once the topic is there.

    `best` holds the update that counts per key; `most` the greatest n and parts ever seen.
    """

    def __init__(self, kafka: Kafka, topic: str) -> None:
        self.best: dict[str, Update] = {}
        self.most: dict[str, dict[str, int]] = {}
        self.seen = 0
        self.backward: list[str] = []
        """Keys whose revision fell, from one record to the next."""
        self._topic = topic
        self._kafka = kafka
        self._last: dict[str, int] = {}

    async def __aenter__(self) -> Self:
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=self._kafka.bootstrap,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )
        await self._consumer.start()
        await self._consumer._client._wait_on_metadata(self._topic)
        numbers = self._consumer.partitions_for_topic(self._topic) or set()
        self._consumer.assign([TopicPartition(self._topic, number) for number in numbers])
        self._following = asyncio.create_task(self._follow())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._following.cancel()
        with suppress(asyncio.CancelledError):
            await self._following
        await self._consumer.stop()

    async def _follow(self) -> None:
        while True:
            for fetched in (await self._consumer.getmany(timeout_ms=300)).values():
                for record in fetched:
                    self._take((record.key or b"").decode(), record.value)

    def _take(self, key: str, value: bytes | None) -> None:
        self.seen += 1
        if value is None:
            self.best.pop(key, None)
            return
        update = json.loads(value)
        if update["revision"] < self._last.get(key, 0):
            self.backward.append(key)
        self._last[key] = update["revision"]
        held = self.best.get(key)
        if held is None or _rank(update) >= _rank(held):
            self.best[key] = update
        most = self.most.setdefault(key, {})
        for name, count in {**update["parts"], "n": update["n"]}.items():
            most[name] = max(count, most.get(name, 0))

    def faults(self, truth: Updates) -> list[str]:
        """Say what differs from the truth now: values, missing keys, keys that nobody expects."""
        return [*differences(self.best, truth), *self.excesses(truth), *self.backward]

    def excesses(self, truth: Updates) -> Iterator[str]:
        """Say where an update, at any moment, counted more than there ever was.

        For events that do not leave their windows while the test lasts.
        """
        for key, most in self.most.items():
            if key not in truth:
                continue
            for name, count in {**truth[key]["parts"], "n": truth[key]["n"]}.items():
                if most.get(name, 0) > count:
                    yield f"{key}: {name} was {most[name]} once, of {count}"

    async def settle(self, truth: Updates, seconds: float) -> list[str]:
        """Wait until everything is true; return some of what is false after that time."""
        deadline = time.monotonic() + seconds
        while True:
            faults = self.faults(truth)
            hopeless = self.backward or any(self.excesses(truth))
            if not faults or hopeless or time.monotonic() > deadline:
                return faults[:SHOWN]
            await asyncio.sleep(0.3)


def differences(updates: Updates, truth: Updates) -> Iterator[str]:
    """Say in which keys and fields updates differ from the truth."""
    for key in sorted(truth.keys() - updates.keys()):
        yield f"{key}: missing"
    for key in sorted(updates.keys() - truth.keys()):
        yield f"{key}: unexpected, n = {updates[key]['n']}"
    for key in sorted(truth.keys() & updates.keys()):
        closed = ":" in truth[key]["window"]
        for name in (*FIELDS, *SPAN) if closed else FIELDS:
            is_, should = updates[key][name], truth[key][name]
            if not _same(is_, should, _slack(truth[key]) if name in ESTIMATED else EXACT):
                yield f"{key}: {name} is {is_}, should be {should}"


def _same(one: object, other: object, slack: float) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return isclose(one, other, rel_tol=EXACT, abs_tol=slack)
    return one == other


def _slack(update: Update) -> float:
    """How far a value may be off: quantiles of durations are within 1 % of the true ones."""
    if update["variant"] != "quantile" or update["unit"] != "seconds":
        return EXACT
    return 0.01 * ((update["value"] or 0) + (update["previous"] or 0))


def _rank(update: Update) -> tuple[int, str]:
    return update["revision"], update["window_end"]
