"""The judge: what a worker published on the topic of updates, against the plain batch.

It reads the topic as everybody should: committed records only, and per key the one with the
greatest (revision, window_end).
"""

import asyncio
import json
import time
from collections.abc import Container, Iterable, Iterator, Mapping
from datetime import datetime
from math import isclose
from typing import Any

from aiokafka import ConsumerRecord

from tests.service.follow import Follower
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


Counts = tuple[tuple[str, int], ...]
"""The sample size and the parts of a value, by name."""


class Judge(Follower):
    """Follows the updates of a topic from its first record; open it once the topic is there.

    `best` holds the update that counts per key; `said` all counts that were ever published.
    `moving` says that events leave open windows while the test lasts.
    """

    def __init__(self, kafka: Kafka, topic: str, moving: bool = False) -> None:
        super().__init__(kafka, [topic], self._judge)
        self._moving = moving
        self.best: dict[str, Update] = {}
        self.said: dict[str, set[Counts]] = {}
        self.seen = 0
        self.backward: list[str] = []
        """Keys whose revision fell, from one record to the next."""
        self._last: dict[str, int] = {}

    def _judge(self, record: ConsumerRecord[bytes, bytes]) -> None:
        key, value = (record.key or b"").decode(), record.value
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
        self.said.setdefault(key, set()).add(counts(update["n"], update["parts"]))

    def age(self) -> float:
        """Say how many seconds ago the newest value was computed."""
        newest = max(update["as_of"] for update in self.best.values())
        return time.time() - datetime.fromisoformat(newest).timestamp()

    def faults(self, truth: Updates) -> list[str]:
        """Say what differs from the truth now: values, missing keys, keys that nobody expects."""
        return [*differences(self.best, truth), *self.excesses(truth), *self.backward]

    def excesses(self, truth: Updates) -> Iterator[str]:
        """Say where an update, at any moment, counted more than there ever was.

        Not of windows that events leave.
        """
        for key in self.said.keys() & truth.keys():
            if self._moving and ":" not in truth[key]["window"]:
                continue
            there = dict(counts(truth[key]["n"], truth[key]["parts"]))
            for said in self.said[key]:
                for name, count in said:
                    if count > there[name]:
                        yield f"{key}: {name} was {count} once, of {there[name]}"

    def strays(self, paths: Mapping[str, Container[Counts]]) -> Iterator[str]:
        """Say where counts were published, at any moment, that no prefix of the events has."""
        for key in self.said.keys() & paths.keys():
            for said in self.said[key]:
                if said not in paths[key]:
                    yield f"{key}: {said} was published, of no prefix"

    async def settle(self, truth: Updates, seconds: float) -> list[str]:
        """Wait until everything is true; return some of what is false after that time."""
        deadline = time.monotonic() + seconds
        while True:
            faults = self.faults(truth)
            hopeless = self.backward or any(self.excesses(truth))
            if not faults or hopeless or time.monotonic() > deadline:
                return faults[:SHOWN]
            await asyncio.sleep(0.3)


def counts(n: int, parts: Mapping[str, int]) -> Counts:
    """Put a sample size and parts together."""
    return ("n", n), *sorted(parts.items())


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


def miscounted(faults: Iterable[str]) -> list[str]:
    """Pick the faults that say a number of answers is wrong, now or was once."""
    return [fault for fault in faults if ": n is " in fault or ": n was " in fault]


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
