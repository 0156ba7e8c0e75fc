"""Rankings: the worst first, by the metric's direction."""

from typing import Any

import msgspec
import pytest

from metrics.update import encode
from stream.live.board import Arrival, Board
from stream.live.query import Series
from stream.web.ranking import Ranking, Wanted
from tests.service.press import update


def board(metric: str, segments: dict[str, dict[str, Any]]) -> Board:
    """A board with one segment by region for each name."""
    made = Board(kept=0)
    for name, changes in segments.items():
        one = update(metric, segment={"region": name}, **changes)
        made.absorb(one.key().encode(), encode(one), Arrival(0.0, was_there=False))
    return made


async def ranked(made: Board, metric: str, order: str, higher: bool, limit: int = 20) -> Any:
    """The answer, decoded."""
    wanted = Wanted(Series(metric, "default", "24h"), ("region",), order, higher)
    return msgspec.json.decode(await Ranking(made).answer(wanted, limit))


def names(answer: Any) -> list[str]:
    """The segments in the order given."""
    return [row["segment"]["region"] for row in answer["rows"]]


async def test_clear_falls_are_before_falls_within_the_margin_before_rises() -> None:
    """A fall beyond its margin is news, a larger one within a larger margin may be chance."""
    made = board(
        "nps",
        {
            "rise": {"change": 9.0, "margin": 1.0},
            "chance": {"change": -20.0, "margin": 30.0},
            "clear": {"change": -5.0, "margin": 2.0},
            "clearer": {"change": -8.0, "margin": 2.0},
            "unknown": {"change": None, "margin": 2.0},
        },
    )
    answer = await ranked(made, "nps", "change", higher=True)
    assert names(answer) == ["clearer", "clear", "chance", "rise", "unknown"]


async def test_where_less_is_better_a_rise_is_worse() -> None:
    """Handle time: longer is worse, by change and by value."""
    made = board(
        "aht",
        {
            "longer": {"value": 300.0, "change": 60.0, "margin": 5.0},
            "shorter": {"value": 400.0, "change": -60.0, "margin": 5.0},
        },
    )
    assert names(await ranked(made, "aht", "change", higher=False)) == ["longer", "shorter"]
    assert names(await ranked(made, "aht", "value", higher=False)) == ["shorter", "longer"]


@pytest.mark.parametrize("order", ["change", "value", "n"])
async def test_few_samples_come_last_and_no_data_not_at_all(order: str) -> None:
    """In every order; the count is of those that have data."""
    made = board(
        "nps",
        {
            "thin": {"value": -100.0, "n": 2, "status": "thin", "change": -90.0, "margin": 1.0},
            "large": {"value": 10.0, "n": 900, "change": 0.0, "margin": 1.0},
            "none": {"value": None, "n": 0, "status": "no_data"},
        },
    )
    answer = await ranked(made, "nps", order, higher=True)
    assert names(answer) == ["large", "thin"]
    assert answer["segments"] == 2


async def test_some_rows_of_many() -> None:
    """As many as asked for, and how many there are."""
    made = board("nps", {f"r{n:04}": {"value": float(n % 100), "n": n + 1} for n in range(1_000)})
    answer = await ranked(made, "nps", "n", higher=True, limit=3)
    assert names(answer) == ["r0999", "r0998", "r0997"]
    assert answer["segments"] == 1_000
