"""Windows by hand, clock changes included."""

from zoneinfo import ZoneInfo

import pytest

from tests.reference.field import stamp
from tests.reference.outcome import written
from tests.reference.plan import duration, length_name
from tests.reference.windows import Calendar, Window, rolling

AS_OF = stamp("2026-11-22T10:03:21.480Z")


def spans(window: Window) -> list[str]:
    """Start, end, start before, end before, in UTC."""
    return [written(edge)[:16] for edge in (window.start, window.end, window.before, window.until)]


@pytest.mark.parametrize(
    ("length", "end"),
    [
        ("1h", "2026-11-22T10:03:30.000Z"),
        ("24h", "2026-11-22T10:05:00.000Z"),
        ("7d", "2026-11-22T11:00:00.000Z"),
        ("30d", "2026-11-22T11:00:00.000Z"),
        ("90d", "2026-11-23T00:00:00.000Z"),
    ],
)
def test_a_rolling_window_ends_with_the_slice_of_as_of(length: str, end: str) -> None:
    """10 s, 5 min, 1 h, 1 d by the window's length."""
    window = rolling(duration(length), AS_OF)
    assert written(window.end) == end
    assert window.end - window.start == duration(length)


def test_as_of_on_an_edge_opens_the_next_slice() -> None:
    """Slices are half-open: the instant of an edge belongs to the slice that begins."""
    window = rolling(duration("1h"), stamp("2026-11-22T10:00:00Z"))
    assert written(window.end) == "2026-11-22T10:00:10.000Z"


@pytest.mark.parametrize(
    ("text", "name"),
    [("60m", "1h"), ("24h", "24h"), ("1d", "24h"), ("48h", "2d"), ("90m", "90m"), ("90s", "90s")],
)
def test_a_length_has_one_name(text: str, name: str) -> None:
    """The largest unit that divides it, but 24h."""
    assert length_name(duration(text)) == name


def paris(unit: str) -> Calendar:
    """A calendar in Paris, weeks from Monday."""
    return Calendar(unit, ZoneInfo("Europe/Paris"), 0)


def test_today_and_yesterday_over_a_clock_change() -> None:
    """On 2026-03-29 Paris goes from +1 to +2: yesterday's 10:05 is 25 h earlier minus 2."""
    window = paris("day").open("today", stamp("2026-03-29T08:03:00Z"))
    assert spans(window) == [
        "2026-03-28T23:00",
        "2026-03-29T08:05",
        "2026-03-27T23:00",
        "2026-03-28T09:05",
    ]


def test_yesterday_in_the_gap_is_the_change_and_twice_is_the_first() -> None:
    """02:30 did not exist on the 29th of March and came twice on the 25th of October."""
    window = paris("day").open("today", stamp("2026-03-30T00:27:00Z"))  # 02:27, ends 02:30
    assert spans(window)[3] == "2026-03-29T01:00"
    window = paris("day").open("today", stamp("2026-10-26T01:27:00Z"))
    assert spans(window)[3] == "2026-10-25T00:30"


def test_a_long_month_is_cut_at_the_end_of_the_short_one() -> None:
    """On the 30th of March the month before is all of February."""
    window = paris("month").open("month", stamp("2026-03-30T10:00:00Z"))
    assert spans(window)[2:] == ["2026-01-31T23:00", "2026-02-28T23:00"]


@pytest.mark.parametrize(
    ("unit", "names"),
    [
        ("day", ["day:2026-12-30", "day:2026-12-31", "day:2027-01-01"]),
        ("week", []),
        ("month", ["month:2026-12"]),
        ("quarter", ["quarter:2026-Q4"]),
        ("year", ["year:2026"]),
    ],
)
def test_closed_units_have_ended(unit: str, names: list[str]) -> None:
    """From the 30th of December to the 2nd of January; the week still runs."""
    closed = paris(unit).closed(stamp("2026-12-30T12:00:00Z"), stamp("2027-01-01T23:00:00Z"))
    assert [window.name for window in closed] == names


@pytest.mark.parametrize(("week_start", "name"), [(0, "week:2026-W53"), (6, "week:2026-W53")])
def test_a_week_is_named_by_its_fourth_day(week_start: int, name: str) -> None:
    """The week of the 31st of December 2026, a Thursday, from Monday and from Sunday."""
    calendar = Calendar("week", ZoneInfo("UTC"), week_start)
    instant = stamp("2026-12-31T12:00:00Z")
    assert calendar.name(calendar.holding(instant)) == name


def test_a_day_without_midnight_starts_at_its_first_instant() -> None:
    """Cairo skips 00:00 to 01:00 on 2026-04-24; Samoa skipped a whole day in 2011."""
    calendar = Calendar("day", ZoneInfo("Africa/Cairo"), 0)
    day = calendar.holding(stamp("2026-04-24T10:00:00Z"))
    assert written(calendar.start(day)) == "2026-04-23T22:00:00.000Z"
    apia = Calendar("day", ZoneInfo("Pacific/Apia"), 0)
    days = apia.closed(stamp("2011-12-29T20:00:00Z"), stamp("2011-12-31T10:00:00Z"))
    assert [(w.name, w.end - w.start) for w in days if w.end > w.start] == [
        ("day:2011-12-29", 86_400_000),
        ("day:2011-12-31", 86_400_000),
    ]
