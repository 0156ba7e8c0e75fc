"""Weeks of events in minutes: nothing grows once every window and retention is full.

Event time, and the clock by which windows are evaluated, go fast, so that rows fill, age and leave
as in weeks; Kafka, the process and all that is measured go as always.
"""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, linear_regression
from typing import NamedTuple

import pytest

from stream import topic
from tests.service.follow import Rows
from tests.service.judge import Judge
from tests.service.kafka import Kafka
from tests.service.letter import wrong_letters
from tests.service.life import resident
from tests.service.rapid import Rapid
from tests.service.reader import records
from tests.service.traffic import config
from tests.service.truth import truth
from tests.service.weeks import Weeks
from tests.service.worker import Site

DAYS = 48
SECONDS = 480.0
HASTY_SECONDS = 150.0
"""Enough to see rows pile up; memory needs longer than that."""
ENDS = ((0.15, True), (0.25, True), (0.35, False))
"""When the worker is replaced, in parts of the time, and whether it is killed."""
FULL = 0.5
"""From here on, in parts of the time, every window and retention is full, the caches too."""
MOST = 0.1
"""By how much a level may change from there to the end, in parts of its mean: it is within 0.04;
ids that stay change their rows by 0.4 and more, rows of shards by 0.8, in a hasty soak already."""
PARTITIONS = 4
CONFIG = {
    **config(),
    "groupings": [[], ["region"]],
    "windows": {
        "rolling": ["1h", "24h", "7d"],
        "calendar": ["today"],
        "allowed_lateness": "12h",
        "dedupe_for": "24h",
        "responses_for": "2d",
    },
}


class Levels(NamedTuple):
    """What there is at one moment."""

    memory: float
    """Of the worker, resident, MB."""
    shards: int
    """Rows of the shards' state."""
    sources: int
    """Rows of the source partitions' state: ids and responses."""


class Soak:
    """One worker of a site, replaced now and then, and what there was, second by second."""

    def __init__(self, site: Site, clock: Rapid) -> None:
        self.full: list[Levels] = []
        """Of the time when all is full."""
        self._site = site
        self._clock = clock
        self._seconds = clock.left()
        self._worker = site.worker()

    async def ready(self) -> None:
        """Wait until the worker is."""
        await asyncio.to_thread(self._worker.wait_ready)

    async def run(self) -> None:
        """Let the time pass."""
        fold = topic.fold_state(self._site.group, self._site.source())
        merge = topic.merge_state(self._site.group)
        ends = [*ENDS]
        async with Rows(self._site.kafka, [fold, merge]) as rows:
            while left := self._clock.left():
                await asyncio.sleep(min(1.0, left))
                part = 1 - left / self._seconds
                if ends and part > ends[0][0]:
                    await self._replace(*ends.pop(0))
                memory = resident(self._worker.pid)
                found = Levels(memory, len(rows.keys[merge]), len(rows.keys[fold]))
                self.full += [found] if part > FULL else []

    async def _replace(self, _: float, killed: bool) -> None:
        await asyncio.to_thread(self._worker.kill if killed else self._worker.stop)
        self._worker = self._site.worker()
        await self.ready()


def growth(levels: Sequence[float]) -> float:
    """By how much levels change from the first to the last, by a line, in parts of their mean."""
    return linear_regression(range(len(levels)), levels).slope * len(levels) / fmean(levels)


async def soak(
    kafka: Kafka, home: Path, seconds: float, breach: str = "-"
) -> tuple[dict[str, float], list[str]]:
    """Have the weeks pass; say how much what grew once all was full, and what is false."""
    clock = Rapid(time.time() + seconds, DAYS * 86_400 / seconds)
    with Site(kafka, home, CONFIG, clock.program(breach)) as site:
        await site.create(PARTITIONS)
        going, traffic = Soak(site, clock), Weeks(kafka, site.source(), PARTITIONS, 1, clock)
        await going.ready()
        async with Judge(kafka, site.updates, moving=True) as judge:
            async with asyncio.TaskGroup() as group:
                group.create_task(traffic.run())
                await going.run()
                traffic.end()
            expected = await truth(site, clock.ms())
            faults = await judge.settle(expected.updates, 60)
            letters = await records(kafka, site.letters)
            faults += wrong_letters(site, letters, expected)
    columns = zip(Levels._fields, zip(*going.full, strict=True), strict=True)
    return {name: growth(levels) for name, levels in columns}, faults


async def test_weeks_pass_and_nothing_grows(kafka: Kafka, tmp_path: Path) -> None:
    """Memory and state are level, and every value is the batch in the end: closed days, too."""
    kafka.start()
    grown, faults = await soak(kafka, tmp_path, SECONDS)
    print(grown)
    assert not faults
    assert {name: grown[name] for name in grown if abs(grown[name]) > MOST} == {}


@pytest.mark.parametrize(("breach", "where"), [("ids-stay", "sources"), ("rows-stay", "shards")])
async def test_a_leak_is_noticed(kafka: Kafka, tmp_path: Path, breach: str, where: str) -> None:
    """What is never forgotten makes the state grow, though no value is wrong for it."""
    kafka.start()
    grown, faults = await soak(kafka, tmp_path, HASTY_SECONDS, breach)
    print(grown)
    assert not faults
    assert grown[where] > MOST
