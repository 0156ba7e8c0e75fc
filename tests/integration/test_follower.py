"""The follower on a real topic: what was there before, and what comes while it listens."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import pytest

from metrics import instant
from metrics.update import Update
from stream.client import Client
from stream.live import follower
from stream.live.follower import Follower
from stream.live.query import Query
from tests.service.kafka import Kafka, unique
from tests.service.press import Press, update

SECONDS = 30
DAY = 86_400_000
LONG_AGO = "2017-05-30T10:00:00.000Z"


@pytest.fixture
async def topic(kafka: Kafka, monkeypatch: pytest.MonkeyPatch) -> str:
    """A topic of updates; what is left is looked for ten times a second."""
    kafka.start()  # a failed test may have left it down
    monkeypatch.setattr(follower, "EXPIRE_EVERY_S", 0.1)
    name = unique("metrics")
    await kafka.create_topic(name, 4, {"cleanup.policy": "compact"})
    return name


@asynccontextmanager
async def following(kafka: Kafka, topic: str, kept: int = 0) -> AsyncIterator[Follower]:
    """Follow a topic, once what was there is read."""
    made = Follower(Client(kafka.bootstrap), topic, kept)
    made.start()
    try:
        async with asyncio.timeout(SECONDS):
            await made.caught_up.wait()
        yield made
    finally:
        await made.stop()


def windows(made: Follower) -> set[str]:
    """The windows that there are values of."""
    return {series.window for series, held in made.board.series.items() if held}


async def until(there: Callable[[], bool]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(SECONDS):
        while not there():  # noqa: ASYNC110 (a poll)
            await asyncio.sleep(0.02)


async def test_a_value_is_as_fresh_as_it_was_heard(kafka: Kafka, topic: str) -> None:
    """One published by a clock that is years behind stays while we listen.

    Who begins to listen later hears that others were refreshed long after it, and drops it.
    """
    async with Press(kafka, topic) as press, following(kafka, topic) as made:
        await press.put([update(window="24h"), update(window="1h", as_of=LONG_AGO)])
        await until(lambda: windows(made) == {"24h", "1h"})
        await asyncio.sleep(1.0)  # it is looked for ten times
        assert windows(made) == {"24h", "1h"}
        async with following(kafka, topic) as other:
            assert windows(other) == {"24h"}
            await press.put([update(window="1h", as_of=LONG_AGO, n=5)])
            await until(lambda: windows(other) == {"24h", "1h"})


async def test_values_that_are_all_old_are_there(kafka: Kafka, topic: str) -> None:
    """Whatever the clock says here: the others are as old."""
    async with Press(kafka, topic) as press:
        await press.put([update(window=window, as_of=LONG_AGO) for window in ("1h", "24h")])
    async with following(kafka, topic) as made:
        await asyncio.sleep(0.5)
        assert windows(made) == {"1h", "24h"}


async def test_of_years_of_history_the_newest_days_are_held(
    kafka: Kafka, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also while it is read, from the oldest on: never much more than a fetch and what is kept."""
    most = 0
    told = Follower._absorb

    def counted(made: Follower, *arguments: object) -> None:
        nonlocal most
        told(made, *arguments)  # type: ignore[arg-type] # as they come
        most = max(most, len(made.board))

    monkeypatch.setattr(Follower, "_absorb", counted)
    async with Press(kafka, topic) as press:
        await press.put(history(4_000))
    async with following(kafka, topic, 10 * DAY) as made:
        held = list(made.board.select(Query()))
        assert len(held) == len(made.board.closed()) == 11
        assert made.board.closed()[0] == "day:2010-12-13"
        assert most <= 11 + follower.AT_ONCE
        gone: list[str] = []
        made.watchers.append(lambda change: gone.append(change.series.window))
        async with Press(kafka, topic) as press:
            await press.put(list(history(4_001))[-1:])
        await until(lambda: gone == ["day:2010-12-14", "day:2010-12-03"])


def history(days: int) -> Iterator[Update]:
    """The value of each day since 2000, all of them published now."""
    for day in range(days):
        start = instant.format(instant.FIRST + day * DAY)
        end = instant.format(instant.FIRST + (day + 1) * DAY)
        yield update(window=f"day:{start[:10]}", window_start=start, window_end=end)
