"""The board keeps the newest update of each key."""

import time
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from metrics import instant
from metrics.update import Update, encode
from stream.live.board import LASTS_MS, Board, Change
from stream.live.query import Query
from tests.service.press import update

EVERYTHING = Query()


def put(board: Board, **changes: Any) -> Change | None:
    """Let a board absorb an update."""
    made = update(**changes)
    return board.absorb(made.key().encode(), encode(made))


def held(board: Board, query: Query = EVERYTHING) -> list[Update]:
    """What a board has, decoded."""
    return [msgspec.json.decode(one.text, type=Update) for one in board.select(query)]


@given(st.permutations([(1, "a"), (1, "b"), (2, "a"), (3, "a"), (3, "b")]))
def test_the_newest_wins_in_any_order(order: list[tuple[int, str]]) -> None:
    """By revision, then by the window's end, whatever comes first."""
    board = Board()
    for revision, end in order:
        put(board, revision=revision, window_end=end)
    assert [(one.revision, one.window_end) for one in held(board)] == [(3, "b")]


def test_an_older_update_is_no_change() -> None:
    """What says nothing new is told to nobody; the same again is, for it may be refreshed."""
    board = Board()
    assert put(board, revision=2) is not None
    assert put(board, revision=1) is None
    assert put(board, revision=2) is not None


def test_a_tombstone_takes_a_key_away() -> None:
    """The value goes, with its segment if it was the last; a second tombstone changes nothing."""
    board = Board()
    put(board, segment={"region": "fr"})
    put(board, segment={"region": "de"})
    key = update(segment={"region": "fr"}).key().encode()
    gone = board.absorb(key, None)
    assert gone is not None
    assert gone.text is None
    assert board.absorb(key, None) is None
    assert [one.segment for one in held(board)] == [{"region": "de"}]
    assert board.segments(EVERYTHING) == [(("region", "de"),)]
    assert len(board) == 1


def test_what_is_not_an_update_is_left_alone() -> None:
    """A foreign record on the topic changes nothing and raises nothing."""
    board = Board()
    key = update().key().encode()
    for odd_key, value in [(b"", b"{}"), (b"\xff", b"{}"), (key, b"{"), (key, b'{"revision":"x"}')]:
        assert board.absorb(odd_key, value) is None
    assert len(board) == 0


def test_a_selection_is_what_was_asked_for() -> None:
    """By metric, window and segment; texts come back to the byte."""
    board = Board()
    wanted = update("csat", "1h", value=0.8, segment={"region": "fr"})
    board.absorb(wanted.key().encode(), encode(wanted))
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
    board = Board()
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
    """After a quarter of an hour; a closed window stays, and so does what is fresh."""
    board, now = Board(), time.time_ns() // 1_000_000
    old = instant.format(now - LASTS_MS - 1)
    put(board, window="24h", as_of=old)
    put(board, window="day:2026-11-21", as_of=old)
    put(board, window="1h")
    gone = [change.series.window async for change in board.expire(now)]
    assert gone == ["24h"]
    assert {one.window for one in held(board)} == {"day:2026-11-21", "1h"}
    assert board.closed() == ["day:2026-11-21"]
