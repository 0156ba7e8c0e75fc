"""The whole truth of shards: all that a recovered shard can compute, told once to each sink."""

import json
from collections.abc import Iterator
from itertools import pairwise

import pytest

from metrics.duration import DAY, HOUR
from metrics.plan import Plan
from stream.agent.merge import MergeShard
from stream.sink.shown import OPEN_LASTS_MS, Shown
from stream.sink.whole import Whole, everything
from stream.transport.batch import TP
from tests.data.journal import Journal
from tests.data.plan import UTC, whole

SOURCE = TP("survey_answers", 0)
FIRST = 1_795_737_600_000  # 2026-11-27
NOW = FIRST + 30 * DAY + HOUR


def answer(at: int, **fields: object) -> bytes:
    """An answer of the one region."""
    event = {"at": at, "type": "nps", "score": 9, "dims": {"region": "fr"}, **fields}
    return json.dumps(event).encode()


async def recovered(plan: Plan, *lines: bytes) -> MergeShard:
    """A shard that has published the events, was lost after a checkpoint, and knows its rows."""
    journal = Journal(plan, {SOURCE: list(lines)}, shards=1)
    journal.absorb(SOURCE, len(lines))
    journal.flush(SOURCE)
    await journal.merge(0, len(lines))
    await journal.publish(0, NOW)
    await journal.checkpoint(0)
    journal.crash_merge(0)
    return journal.merges[0]


@pytest.fixture
def plan() -> Plan:
    """Rolling 24h, and the calendar's days and months."""
    return whole(UTC, "24h", "today", "month", dimensions=("region",), groupings=((), ("region",)))


@pytest.fixture(autouse=True)
def stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker's clock stands still."""
    monkeypatch.setattr("time.time_ns", lambda: NOW * 1_000_000)


def nps(told: list[Shown]) -> dict[str, Shown]:
    """The overall NPS by window."""
    return {
        one.update.window: one
        for one in told
        if (one.update.metric, one.update.variant, one.update.grouping) == ("nps", "default", [])
    }


async def test_a_recovered_shard_tells_open_and_closed_windows(plan: Plan) -> None:
    """A day without events is not told; what is over is kept until its slices leave the state."""
    shard = await recovered(plan, answer(FIRST), answer(FIRST + 2 * DAY), answer(NOW))
    told = nps(list(everything(shard)))
    assert {window: one.update.n for window, one in told.items()} == {
        "24h": 1,
        "today": 1,
        "month": 1,
        "day:2026-11-27": 1,
        "day:2026-11-29": 1,
        "month:2026-11": 2,
    }
    assert told["24h"].lasts_ms == OPEN_LASTS_MS
    kept = shard.store.lasts(0, FIRST)  # type: ignore[arg-type] # the rung of local days
    assert told["day:2026-11-27"].lasts_ms == kept == told["day:2026-11-29"].lasts_ms - 2 * DAY


async def test_a_closed_window_is_told_only_while_all_of_its_slices_are_there(plan: Plan) -> None:
    """Timeline: month 2026-11 starts 80 days before the watermark, 2026-12 starts 50 days before.

    Months keep local days for 63 days and a quarter of an hour.
    """
    watermark = FIRST + 54 * DAY
    shard = await recovered(plan, answer(FIRST), answer(FIRST + 10 * DAY), answer(watermark))
    moved = FIRST + 54 * DAY + HOUR
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("time.time_ns", lambda: moved * 1_000_000)
        told = nps(list(everything(shard)))
    assert "month:2026-11" not in told
    assert {"day:2026-11-27", "day:2026-12-07", "month:2026-12"} <= told.keys()


async def test_a_closed_window_without_data_only_corrects(plan: Plan) -> None:
    """It may have had some: who shows it must learn that, and nobody else show a key."""
    shard = await recovered(plan, answer(FIRST), answer(NOW, type="csat", score=3))
    csat = [one for one in everything(shard) if one.update.metric == "csat"]
    assert {one.corrects for one in csat if one.update.is_closed()} == {True}
    assert {one.corrects for one in csat if not one.update.is_closed()} == {False}


async def test_what_min_n_asks_for_is_suppressed() -> None:
    """Below it in every window, open and closed."""
    told = everything(await recovered(whole(UTC, "24h", "today", min_n=2), answer(FIRST)))
    assert {one.suppressed for one in told} == {True}


async def test_every_shard_is_told_once_in_pieces_and_again_when_asked(plan: Plan) -> None:
    """Asked again in the middle, the rest of the shard at hand and the other one come first."""
    shards = [await recovered(plan, answer(NOW)), await recovered(plan, answer(NOW), answer(NOW))]
    length = len(list(everything(shards[0])))
    sink = Whole(lambda: shards)
    assert [len(piece) for piece in pieces(sink, length)] == [length, length]
    sink.again()
    first = sink.take(length - 1)
    sink.again()
    told = [*first, *(one for piece in pieces(sink, 7) for one in piece)]
    assert len(told) == 3 * length
    starts = [told[at : at + length] for at in range(0, 3 * length, length)]
    assert all(one != other for one, other in pairwise(starts))


def pieces(sink: Whole, most: int) -> Iterator[list[Shown]]:
    """Take until all is told."""
    while piece := sink.take(most):
        yield piece


async def test_a_shard_that_comes_later_is_told(plan: Plan) -> None:
    """A rebalance brought it, or it was lost and claimed again: it is another one then."""
    shards = [await recovered(plan, answer(NOW))]
    sink = Whole(lambda: shards)
    assert len(list(pieces(sink, 1_000))) == 1
    shards[0] = await recovered(plan, answer(NOW))
    assert len(list(pieces(sink, 1_000))) == 1
    assert Whole(list).take(1) == []
