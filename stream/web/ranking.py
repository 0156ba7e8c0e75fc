"""`/api/ranking`: the segments of one grouping in order, so that the worst come first.

`order=change` asks what just got worse: the greatest changes for the bad first, those that exceed
their margin before those that may be chance. `order=value` has the worst values first, `order=n`
the largest segments. Segments with few samples follow the others, for their numbers jump about;
those without data are left out.
"""

import asyncio
import time
from collections.abc import Iterable
from typing import Any

import msgspec

from stream.live.board import Board, Held
from stream.live.query import Query, Series

ORDERS = ("change", "value", "n")
MOST = 200  # rows of one answer
KEPT = 64  # rankings remembered
FRESH_S = 2.0  # a ranking is not made again sooner, however many ask
AT_ONCE = 250  # updates read between two turns of the event loop: some 2 ms


class Row(msgspec.Struct, frozen=True):
    """What of an update decides its place."""

    status: str
    value: float | None
    n: int
    change: float | None
    margin: float | None


_read = msgspec.json.Decoder(Row).decode


class Ranked(msgspec.Struct, frozen=True):
    """Updates in order, as they were at a turn of their series."""

    made: float
    turn: int
    order: list[Held]


class Wanted(msgspec.Struct, frozen=True):
    """One ranking: of a series, in one grouping (sorted names), by one order."""

    series: Series
    grouping: tuple[str, ...]
    order: str
    higher_is_better: bool


class Ranking:
    """Makes rankings and remembers them for a moment; the same one is made once at a time."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._made: dict[Wanted, Ranked] = {}
        self._making = asyncio.Lock()

    async def answer(self, wanted: Wanted, limit: int) -> bytes:
        """Give the first rows as JSON: how many segments there are, and their updates."""
        held = await self._ranked(wanted)
        rows = b",".join(one.text for one in held[:limit])
        return b'{"segments":%d,"rows":[%s]}' % (len(held), rows)

    async def _ranked(self, wanted: Wanted) -> list[Held]:
        async with self._making:
            known, turn = self._made.get(wanted), self._board.turns.get(wanted.series, 0)
            now = time.monotonic()
            if known and (known.turn == turn or now - known.made < FRESH_S):
                return known.order
            order = await self._sorted(wanted)
            self._made.pop(wanted, None)
            self._made[wanted] = Ranked(time.monotonic(), turn, order)
            if len(self._made) > KEPT:
                del self._made[next(iter(self._made))]
            return order

    async def _sorted(self, wanted: Wanted) -> list[Held]:
        query = Query(groupings=frozenset([wanted.grouping]))
        segments = self._board.series.get(wanted.series, {})
        places: list[tuple[Any, Held]] = []
        for number, (segment, held) in enumerate(list(segments.items()), 1):
            if query.covers(segment):
                places += ((place, held) for place in _places(wanted, held))
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)
        places.sort(key=lambda pair: pair[0])
        return [held for _, held in places]


Place = tuple[bool, bool, float, int]


def _places(wanted: Wanted, held: Held) -> Iterable[Place]:
    """Give the place of an update; none without data."""
    row = _read(held.text)
    if row.value is None:
        return ()
    worse = 1 if wanted.higher_is_better else -1
    thin = row.status == "thin"
    if wanted.order == "n":
        return ((thin, False, 0.0, -row.n),)
    if wanted.order == "value":
        return ((thin, False, worse * row.value, -row.n),)
    if row.change is None:
        return ((thin, True, float("inf"), -row.n),)
    fell = -worse * row.change
    return ((thin, not fell > (row.margin or 0.0), -fell, -row.n),)
