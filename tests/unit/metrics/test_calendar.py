"""Calendar windows, open and closed, by worked examples; times are UTC unless said."""

from datetime import UTC, date, datetime, timedelta

import pytest

from metrics.calendar import WEEKDAYS, Calendar, Unit
from metrics.slice import Span
from metrics.window import WindowError
from metrics.zone import Zone

PARIS = Calendar(Zone("Europe/Paris"))


def ms(text: str) -> int:
    """Read an RFC 3339 time as milliseconds."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def noon(day: date) -> int:
    """Give noon UTC of a date."""
    return ms(f"{day}T12:00Z")


def span(start: str, end: str) -> Span:
    """Read a span from two RFC 3339 times."""
    return Span(ms(start), ms(end))


@pytest.mark.parametrize(
    ("name", "window", "previous"),
    [
        (
            "today",
            ("2026-11-21T23:00Z", "2026-11-22T10:05Z"),
            ("2026-11-20T23:00Z", "2026-11-21T10:05Z"),
        ),
        (
            "week",
            ("2026-11-15T23:00Z", "2026-11-22T10:05Z"),
            ("2026-11-08T23:00Z", "2026-11-15T10:05Z"),
        ),
        (
            "month",
            ("2026-10-31T23:00Z", "2026-11-22T10:05Z"),
            ("2026-09-30T22:00Z", "2026-10-22T09:05Z"),
        ),
        (
            "quarter",
            ("2026-09-30T22:00Z", "2026-11-22T10:05Z"),
            ("2026-06-30T22:00Z", "2026-08-22T09:05Z"),
        ),
        (
            "year",
            ("2025-12-31T23:00Z", "2026-11-22T10:05Z"),
            ("2024-12-31T23:00Z", "2025-11-22T10:05Z"),
        ),
    ],
)
def test_an_open_window_runs_from_local_midnight_to_as_of(
    name: str, window: tuple[str, str], previous: tuple[str, str]
) -> None:
    """In Paris; the unit before is cut at the same wall clock time, summer time or not.

    |-- unit before --------||-- window --^
    |-- previous --|                      as-of
    """
    found = PARIS.open(name)
    as_of = ms("2026-11-22T10:03:21.480Z")
    assert found.name == name
    assert found.span(as_of) == span(*window)
    assert found.previous(as_of) == span(*previous)


@pytest.mark.parametrize(
    ("zone", "name", "as_of", "end"),
    [
        # a day that the month before does not have: that month's end, which is the unit's
        ("UTC", "month", "2026-03-31T10:02Z", "2026-03-01T00:00Z"),
        ("UTC", "month", "2026-03-29T10:02Z", "2026-03-01T00:00Z"),
        ("UTC", "month", "2026-03-28T10:02Z", "2026-02-28T10:05Z"),
        ("UTC", "month", "2026-07-31T10:02Z", "2026-07-01T00:00Z"),
        # days are counted from the start of the unit
        ("UTC", "quarter", "2026-05-31T10:02Z", "2026-03-02T10:05Z"),
        ("UTC", "quarter", "2026-08-31T10:02Z", "2026-06-01T10:05Z"),
        ("UTC", "year", "2024-02-29T10:02Z", "2023-03-01T10:05Z"),
        ("UTC", "year", "2025-03-01T10:02Z", "2024-02-29T10:05Z"),
        # the last slice of a unit: as many days of a longer one, the whole of a shorter one
        ("UTC", "month", "2026-02-28T23:57Z", "2026-01-29T00:00Z"),
        ("UTC", "month", "2026-06-30T23:57Z", "2026-05-31T00:00Z"),
        ("UTC", "month", "2026-06-30T23:52Z", "2026-05-30T23:55Z"),
        ("UTC", "month", "2026-03-31T23:57Z", "2026-03-01T00:00Z"),
        ("UTC", "year", "2026-12-31T23:57Z", "2026-01-01T00:00Z"),
        # yesterday skipped the time: the instant of the change
        ("Europe/Paris", "today", "2026-03-30T00:32Z", "2026-03-29T01:00Z"),
        ("Europe/Paris", "today", "2026-03-30T01:02Z", "2026-03-29T01:05Z"),
        # yesterday had it twice: the first
        ("Europe/Paris", "today", "2026-10-26T01:32Z", "2026-10-25T00:35Z"),
        # today has it twice: yesterday had it once
        ("Europe/Paris", "today", "2026-10-25T00:32Z", "2026-10-24T00:35Z"),
        ("Europe/Paris", "today", "2026-10-25T01:32Z", "2026-10-24T00:35Z"),
        # yesterday began at 01:00: nothing before
        ("America/Sao_Paulo", "today", "2018-11-05T02:32Z", "2018-11-04T03:00Z"),
        # tomorrow begins at 01:00: yesterday ended at its midnight all the same
        ("America/Sao_Paulo", "today", "2018-11-04T02:57Z", "2018-11-03T03:00Z"),
        # 00:01 fell back to 23:01: the clock is before the window's start
        ("America/St_Johns", "today", "2010-11-07T02:32Z", "2010-11-06T02:30Z"),
        # yesterday skipped 00:01 to 01:01: the slice that begins next
        ("America/St_Johns", "today", "2010-03-15T02:30Z", "2010-03-14T03:35Z"),
        # Samoa's 31st follows its 29th
        ("Pacific/Apia", "today", "2011-12-30T20:02Z", "2011-12-29T20:05Z"),
    ],
)
def test_previous_ends_at_the_same_wall_clock_time(
    zone: str, name: str, as_of: str, end: str
) -> None:
    """It starts with the unit before and ends as the window does, by that unit's calendar."""
    window = Calendar(Zone(zone)).open(name)
    previous = window.previous(ms(as_of))
    assert previous.end == ms(end)
    assert previous.start == window.span(window.span(ms(as_of)).start - 1).start


@pytest.mark.parametrize(
    ("unit", "name", "start", "end"),
    [
        (Unit.DAY, "day:2026-11-22", "2026-11-21T23:00Z", "2026-11-22T23:00Z"),
        (Unit.WEEK, "week:2026-W47", "2026-11-15T23:00Z", "2026-11-22T23:00Z"),
        (Unit.MONTH, "month:2026-11", "2026-10-31T23:00Z", "2026-11-30T23:00Z"),
        (Unit.QUARTER, "quarter:2026-Q4", "2026-09-30T22:00Z", "2026-12-31T23:00Z"),
        (Unit.YEAR, "year:2026", "2025-12-31T23:00Z", "2026-12-31T23:00Z"),
    ],
)
def test_a_closed_window_is_a_whole_unit(unit: Unit, name: str, start: str, end: str) -> None:
    """It has a name of its own, and the whole unit before for comparison."""
    window = PARIS.closed(unit, ms("2026-11-22T10:03:21.480Z"))
    assert (window.name, window.span()) == (name, span(start, end))
    before = PARIS.closed(unit, ms(start) - 1)
    assert window.previous() == before.span()
    assert before.span().end == ms(start)


@pytest.mark.parametrize(
    ("week_start", "day", "first", "name"),
    [
        # ISO years of 53 weeks and of 52, at both ends
        ("monday", "2026-12-31", "2026-12-28", "week:2026-W53"),
        ("monday", "2027-01-03", "2026-12-28", "week:2026-W53"),
        ("monday", "2027-01-04", "2027-01-04", "week:2027-W01"),
        ("monday", "2024-12-30", "2024-12-30", "week:2025-W01"),
        ("monday", "2023-01-01", "2022-12-26", "week:2022-W52"),
        # Sunday to Saturday, named by Wednesday
        ("sunday", "2024-12-29", "2024-12-29", "week:2025-W01"),
        ("sunday", "2024-12-28", "2024-12-22", "week:2024-W52"),
        ("sunday", "2027-01-02", "2026-12-27", "week:2026-W53"),
        ("sunday", "2026-11-22", "2026-11-22", "week:2026-W48"),
        # Saturday to Friday, named by Tuesday
        ("saturday", "2026-01-02", "2025-12-27", "week:2026-W01"),
    ],
)
def test_a_week_is_named_by_its_fourth_day(
    week_start: str, day: str, first: str, name: str
) -> None:
    """The ISO week of the fourth day, in the ISO year of that day."""
    window = Calendar(week_start=week_start).closed(Unit.WEEK, noon(date.fromisoformat(day)))
    assert (window.first, window.name) == (date.fromisoformat(first), name)


def test_iso_years_and_quarters_part_at_a_year_s_end() -> None:
    """One day can be in a week of one year and in a quarter of another."""
    at = noon(date(2024, 12, 31))
    names = [Calendar().closed(unit, at).name for unit in Unit]
    assert names == [
        "day:2024-12-31",
        "week:2025-W01",
        "month:2024-12",
        "quarter:2024-Q4",
        "year:2024",
    ]


@pytest.mark.parametrize("week_start", WEEKDAYS)
def test_weeks_have_distinct_names(week_start: str) -> None:
    """A hundred years of weeks, one name each."""
    calendar = Calendar(week_start=week_start)
    first = datetime(2000, 1, 5, tzinfo=UTC).date()
    weeks = [
        calendar.closed(Unit.WEEK, noon(first + timedelta(weeks=week))) for week in range(5217)
    ]
    assert len({week.name for week in weeks}) == len(weeks)


def test_windows_close_at_their_end() -> None:
    """A window closes in (after, until] when its end is: until is in, after is out."""
    days = [
        window.name
        for window in PARIS.closing(Unit.DAY, ms("2026-11-20T23:00Z"), ms("2026-11-22T23:00Z"))
    ]
    assert days == ["day:2026-11-21", "day:2026-11-22"]
    assert [*PARIS.closing(Unit.DAY, ms("2026-11-20T23:00Z"), ms("2026-11-21T22:59Z"))] == []
    months = PARIS.closing(Unit.MONTH, ms("2026-11-20T23:00Z"), ms("2027-02-01T00:00Z"))
    assert [window.name for window in months] == ["month:2026-11", "month:2026-12", "month:2027-01"]


def test_a_date_that_was_skipped_has_no_window() -> None:
    """In Samoa 2011-12-29 is followed by the 31st, also as the day before."""
    apia = Calendar(Zone("Pacific/Apia"))
    closing = apia.closing(Unit.DAY, ms("2011-12-29T10:00Z"), ms("2011-12-31T10:00Z"))
    assert [window.name for window in closing] == ["day:2011-12-29", "day:2011-12-31"]
    assert apia.closed(Unit.DAY, ms("2011-12-30T10:00Z")).before().name == "day:2011-12-29"


@pytest.mark.parametrize("name", ["day", "yesterday", "24h", ""])
def test_an_unknown_calendar_window_is_refused(name: str) -> None:
    """The message quotes the name and lists the known ones."""
    with pytest.raises(WindowError, match=r"expected one of \('today', 'week'"):
        PARIS.open(name)


def test_a_week_whose_first_date_was_skipped_is_compared_by_weekday() -> None:
    """Samoa's week of Friday 2011-12-30 began on Saturday; before it is Saturday the 24th."""
    week = Calendar(Zone("Pacific/Apia"), "friday").open("week")
    as_of = ms("2011-12-30T20:02Z")  # Saturday 10:02 local
    assert week.span(as_of) == span("2011-12-30T10:00Z", "2011-12-30T20:05Z")
    assert week.previous(as_of) == span("2011-12-23T10:00Z", "2011-12-24T20:05Z")


def test_an_unknown_weekday_is_refused() -> None:
    """Weekdays are written in full, in lower case."""
    with pytest.raises(WindowError, match="week_start 'Mon'"):
        Calendar(week_start="Mon")
