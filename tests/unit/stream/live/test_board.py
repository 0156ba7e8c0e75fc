"""The board keeps the newest update of each key."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from metrics import instant
from metrics.update import Update, encode
from stream.live.board import LASTS_S, Arrival, Board, Change
from stream.live.query import Query
from tests.service.press import update

EVERYTHING = Query()
DAY = 86_400_000
NOW = Arrival(0.0, was_there=False)
BEFORE = Arrival(0.0, was_there=True)


def put(board: Board, arrival: Arrival = NOW, **changes: Any) -> Change | None:
    """Let a board absorb an update."""
    made = update(**changes)
    return board.absorb(made.key().encode(), encode(made), arrival)


def closed(board: Board, day: int, arrival: Arrival = NOW, **changes: Any) -> Change | None:
    """Let a board absorb the value of a day, by its number since 2020, as if published now."""
    end = instant.parse("2020-01-01T00:00:00Z") + day * DAY
    window = f"day:{instant.format(end - DAY)[:10]}"
    return put(board, arrival, window=window, window_end=instant.format(end), **changes)


async def gone(changes: AsyncIterator[Change]) -> list[str]:
    """The windows of what a board drops; it is told as gone."""
    found = [change async for change in changes]
    assert all(change.text is None for change in found)
    return [change.series.window for change in found]


def held(board: Board, query: Query = EVERYTHING) -> list[Update]:
    """What a board has, decoded."""
    return [msgspec.json.decode(one.text, type=Update) for one in board.select(query)]


@given(st.permutations([(1, "a"), (1, "b"), (2, "a"), (3, "a"), (3, "b")]))
def test_the_newest_wins_in_any_order(order: list[tuple[int, str]]) -> None:
    """By revision, then by the window's end, whatever comes first."""
    board = Board(kept=0)
    for revision, end in order:
        put(board, revision=revision, window_end=end)
    assert [(one.revision, one.window_end) for one in held(board)] == [(3, "b")]


def test_an_older_update_is_no_change() -> None:
    """What says nothing new is told to nobody; the same value as of later is, it is refreshed."""
    board = Board(kept=0)
    times = [instant.format(instant.FIRST + second * 1_000) for second in range(3)]
    span = {"window_start": times[0], "window_end": times[2]}  # not by the clock, which goes on
    shared: dict[str, Any] = {**span, "revision": 2}
    assert put(board, as_of=times[0], **shared) is not None
    assert put(board, as_of=times[0], **shared) is None
    assert put(board, as_of=times[1], **{**shared, "revision": 1}) is None
    assert put(board, as_of=times[1], **shared) is not None


def test_a_tombstone_takes_a_key_away() -> None:
    """The value goes, with its segment if it was the last; a second tombstone changes nothing."""
    board = Board(kept=0)
    put(board, segment={"region": "fr"})
    put(board, segment={"region": "de"})
    key = update(segment={"region": "fr"}).key().encode()
    change = board.absorb(key, None, NOW)
    assert change is not None
    assert change.text is None
    assert board.absorb(key, None, NOW) is None
    assert [one.segment for one in held(board)] == [{"region": "de"}]
    assert board.segments(EVERYTHING) == [(("region", "de"),)]
    assert len(board) == 1


def test_what_is_not_an_update_is_left_alone() -> None:
    """A foreign record on the topic changes nothing and raises nothing."""
    board = Board(kept=0)
    key = update().key().encode()
    for odd_key, value in [(b"", b"{}"), (b"\xff", b"{}"), (key, b"{"), (key, b'{"revision":"x"}')]:
        assert board.absorb(odd_key, value, NOW) is None
    assert len(board) == 0


def test_a_selection_is_what_was_asked_for() -> None:
    """By metric, window and segment; texts come back to the byte."""
    board = Board(kept=0)
    wanted = update("csat", "1h", value=0.8, segment={"region": "fr"})
    board.absorb(wanted.key().encode(), encode(wanted), NOW)
    put(board, metric="nps", window="1h", segment={"region": "fr"})
    put(board, metric="csat", window="24h", value=0.8, segment={"region": "fr"})
    put(board, metric="csat", window="1h", value=0.8, segment={})
    query = Query(
        metrics=frozenset(["csat"]),
        windows=frozenset(["1h"]),
        groupings=frozenset([("region",)]),
    )
    assert [one.text for one in board.select(query)] == [encode(wanted)]


def test_segments_are_listed_once_in_order() -> None:
    """The total first, then by the number of dimensions and their values."""
    board = Board(kept=0)
    for metric in ("nps", "csat"):
        put(board, metric=metric, segment={"region": "fr", "product": "web"})
        put(board, metric=metric, segment={"region": "de"})
        put(board, metric=metric)
    assert board.segments(EVERYTHING) == [
        (),
        (("region", "de"),),
        (("product", "web"), ("region", "fr")),
    ]


async def test_an_open_window_that_nobody_refreshes_goes() -> None:
    """A quarter of an hour after it was read; a closed window stays, and so does what is fresh."""
    board = Board(kept=0)
    put(board, window="24h")
    closed(board, 1)
    put(board, Arrival(1.0, was_there=False), window="1h")
    assert await gone(board.expire(LASTS_S)) == []
    assert await gone(board.expire(LASTS_S + 1.0)) == ["24h"]
    assert {one.window for one in held(board)} == {"day:2020-01-01", "1h"}
    assert board.closed() == ["day:2020-01-01"]


@given(st.integers(-10, 10), st.integers(-10, 10))
async def test_no_wall_clock_takes_away_what_is_refreshed(one: int, other: int) -> None:
    """Two publishers whose clocks are hours or years apart, each refreshing every 5 minutes."""
    board = Board(kept=0)
    clocks = {"24h": one, "1h": other}
    for minute in range(0, 60, 5):
        arrival = Arrival(minute * 60.0, was_there=False)
        for window, years in clocks.items():
            as_of = instant.parse("2026-11-22T10:00:00Z") + years * 366 * DAY + minute * 60_000
            put(board, arrival, window=window, as_of=instant.format(as_of), revision=minute)
        assert await gone(board.expire(minute * 60.0 + 299.0)) == []
    assert {one.window for one in held(board)} == clocks.keys()


async def test_of_what_was_there_goes_what_was_not_refreshed_with_the_rest() -> None:
    """Whatever the time is here, and in any order: what lies behind the newest by more.

    as_of  10:00   10:01          10:16
             24h      1h             7d   of that day in 2017; the limit is 10:01
    """
    for order in (["24h", "1h", "7d"], ["7d", "1h", "24h"]):
        board = Board(kept=0)
        times = {"24h": "10:00", "1h": "10:01", "7d": "10:16"}
        for window in order:
            put(board, BEFORE, window=window, as_of=f"2017-05-30T{times[window]}:00.000Z")
        await gone(board.expire(0.0))
        assert {one.window for one in held(board)} == {"1h", "7d"}


async def test_of_what_was_there_goes_what_is_not_refreshed_from_now_on() -> None:
    """All of it stood still for long: it goes once others are refreshed, at the latest in time."""
    board = Board(kept=0)
    for window in ("1h", "24h"):
        put(board, BEFORE, window=window, as_of="2026-11-22T10:00:00.000Z", revision=1)
    assert await gone(board.expire(60.0)) == []
    late = Arrival(60.0, was_there=False)
    put(board, late, window="1h", as_of="2026-11-24T10:00:00.000Z", revision=2)
    assert await gone(board.expire(60.0)) == ["24h"]
    assert await gone(board.expire(61.0 + LASTS_S)) == ["1h"]


async def test_reading_again_refreshes_nothing() -> None:
    """After a lost connection all records come again, also those of values that are gone."""
    board = Board(kept=0)
    left: dict[str, Any] = {"window": "24h", "as_of": "2026-11-22T10:00:00.000Z", "revision": 1}
    put(board, **left)
    put(board, Arrival(LASTS_S, was_there=False), window="1h", as_of="2026-11-22T10:16:00.000Z")
    assert await gone(board.expire(LASTS_S + 1.0)) == ["24h"]
    assert put(board, Arrival(LASTS_S + 2.0, was_there=True), **left) is None
    assert {one.window for one in held(board)} == {"1h"}


async def test_closed_windows_go_as_newer_ones_close() -> None:
    """By the ends of windows alone: all of these were published today. Nothing of them is left."""
    board = Board(kept=3 * DAY)
    for day in range(1, 11):
        for region in ("fr", "de"):
            assert closed(board, day, segment={"region": region}) is not None
        left = [f"day:2020-01-{day - 4:02}"] * 2 if day > 4 else []
        assert await gone(board.forget()) == left
    assert board.closed() == [f"day:2020-01-{day:02}" for day in (10, 9, 8, 7)]
    assert len(board) == 8
    assert len(board.series) == len(board.turns) == len(board._closed) == 4


async def test_a_closed_window_that_is_too_old_is_not_taken_up() -> None:
    """As a topic that is read again has them all; a correction of one that is kept is."""
    board = Board(kept=3 * DAY)
    closed(board, 10)
    assert closed(board, 6, n=1) is None
    assert closed(board, 7, n=1) is not None
    assert closed(board, 7, n=2) is not None
    assert await gone(board.forget()) == []
    assert len(board) == 2


async def test_segments_that_only_old_windows_have_go_with_them() -> None:
    """Thousands at once, and others have their turn meanwhile."""
    board = Board(kept=0)
    for number in range(3_000):
        closed(board, 1, segment={"region": f"{number}"})
    closed(board, 2)
    put(board, window="1h", segment={"region": "7"})
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    assert len(await gone(board.forget())) == 3_000
    counting.cancel()
    assert turns >= 3
    assert board.segments(EVERYTHING) == [(), (("region", "7"),)]


def test_what_has_no_time_is_left_alone() -> None:
    """A foreign record with an odd time is not an update, and moves no limit."""
    board = Board(kept=0)
    closed(board, 1)
    assert put(board, window="day:x", window_end="soon") is None
    assert put(board, as_of="soon") is None
    assert closed(board, 2) is not None
