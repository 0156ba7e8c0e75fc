"""Rolling windows, covers and retention, by worked examples."""

from datetime import datetime

import pytest

from metrics.calendar import Calendar, Unit
from metrics.duration import DAY, HOUR, MINUTE, DurationError
from metrics.slice import LADDER, Rung, Slice, Span
from metrics.window import Rolling, WindowError, cover, retention
from metrics.zone import Zone


def ms(text: str) -> int:
    """Read an RFC 3339 time as milliseconds."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def span(start: str, end: str) -> Span:
    """Read a span from two RFC 3339 times."""
    return Span(ms(start), ms(end))


AS_OF = "2026-11-22T10:03:21.480Z"


@pytest.mark.parametrize(
    ("name", "start", "end"),
    [
        ("1h", "2026-11-22T09:03:30Z", "2026-11-22T10:03:30Z"),
        ("24h", "2026-11-21T10:05:00Z", "2026-11-22T10:05:00Z"),
        ("7d", "2026-11-15T11:00:00Z", "2026-11-22T11:00:00Z"),
        ("30d", "2026-10-23T11:00:00Z", "2026-11-22T11:00:00Z"),
        ("90d", "2026-08-25T00:00:00Z", "2026-11-23T00:00:00Z"),
    ],
)
def test_a_rolling_window_ends_with_the_slice_that_holds_as_of(
    name: str, start: str, end: str
) -> None:
    """The previous window is as long and ends where the window starts.

        previous          window
    |---------------||---------------|
                                   ^ as-of, in the last slice
    """
    window = Rolling.parse(name)
    assert window.name == name
    assert window.span(ms(AS_OF)) == span(start, end)
    assert window.previous(ms(AS_OF)) == Span(ms(start) - window.length, ms(start))


def test_as_of_on_a_boundary_is_in_the_slice_that_starts_there() -> None:
    """At 10:05:00.000 the window ends at 10:10, a millisecond before at 10:05."""
    window = Rolling.parse("24h")
    assert window.span(ms("2026-11-22T10:05Z")).end == ms("2026-11-22T10:10Z")
    assert window.span(ms("2026-11-22T10:05Z") - 1).end == ms("2026-11-22T10:05Z")


@pytest.mark.parametrize(("text", "name"), [("60m", "1h"), ("1d", "24h"), ("48h", "2d")])
def test_a_window_of_one_length_has_one_name(text: str, name: str) -> None:
    """However it is written, it is the same window."""
    assert Rolling.parse(text) == Rolling.parse(name)
    assert Rolling.parse(text).name == name


@pytest.mark.parametrize(("text", "rung"), [("15s", "10s"), ("61m", "5m"), ("1470m", "1h")])
def test_a_window_that_is_not_whole_slices_is_refused(text: str, rung: str) -> None:
    """The message names the window and its slice."""
    with pytest.raises(WindowError, match=f"{text} is not a multiple of its slice, {rung}"):
        Rolling.parse(text)


@pytest.mark.parametrize("text", ["721h", "0h", "today"])
def test_a_window_that_is_no_duration_or_not_whole_days_is_refused(text: str) -> None:
    """Both errors are value errors, for whoever reads configuration."""
    with pytest.raises((DurationError, WindowError)):
        Rolling.parse(text)


@pytest.mark.parametrize(
    ("name", "rungs"),
    [
        ("5m", [Rung.TEN_SECONDS]),
        ("1h", [Rung.TEN_SECONDS, Rung.FIVE_MINUTES]),
        ("24h", [Rung.FIVE_MINUTES, Rung.HOUR]),
        ("30d", [Rung.HOUR, Rung.DAY]),
        ("365d", [Rung.DAY]),
    ],
)
def test_a_window_uses_coarser_slices_that_it_always_holds(name: str, rungs: list[Rung]) -> None:
    """A rung that would fit only by chance is not kept for the window."""
    assert [*Rolling.parse(name).rungs] == rungs


def test_a_cover_is_coarse_in_the_middle_and_fine_at_the_ends() -> None:
    """As 09:54:50 to 11:05:10 in slices of 10 s, 5 min and 1 h, no more than needed.

    |.|5m|......1h......|5m|.|
    """
    whole = span("2026-11-22T09:54:50Z", "2026-11-22T11:05:10Z")
    expected: list[Slice] = [
        (Rung.TEN_SECONDS, ms("2026-11-22T09:54:50Z")),
        (Rung.FIVE_MINUTES, ms("2026-11-22T09:55:00Z")),
        (Rung.HOUR, ms("2026-11-22T10:00:00Z")),
        (Rung.FIVE_MINUTES, ms("2026-11-22T11:00:00Z")),
        (Rung.TEN_SECONDS, ms("2026-11-22T11:05:00Z")),
    ]
    assert [*cover(whole, LADDER)] == expected


def test_an_empty_span_needs_no_slice() -> None:
    """No time, no slices, whatever the rungs."""
    assert cover(Span(7, 7), LADDER) == ()


def test_a_span_that_slices_cannot_tile_is_refused() -> None:
    """Half a slice at an end would count events that are not in the span."""
    with pytest.raises(WindowError, match="does not start and end with a slice"):
        cover(Span(0, 5_000), LADDER)


def test_a_calendar_cover_takes_whole_local_days() -> None:
    """Month to date in Kolkata: whole days, then the hours and 5 minutes of the open day."""
    month = Calendar(Zone("Asia/Kolkata")).open("month")
    as_of = ms("2026-11-02T20:42Z")  # 2026-11-03 02:12 local
    found = month.cover(month.span(as_of))
    assert [*found] == [
        (Rung.LOCAL_DAY, ms("2026-10-31T18:30Z")),
        (Rung.LOCAL_DAY, ms("2026-11-01T18:30Z")),
        *[(Rung.FIVE_MINUTES, ms("2026-11-02T18:30Z") + step * 5 * MINUTE) for step in range(6)],
        (Rung.HOUR, ms("2026-11-02T19:00Z")),
        *[(Rung.FIVE_MINUTES, ms("2026-11-02T20:00Z") + step * 5 * MINUTE) for step in range(9)],
    ]


def test_a_cover_may_start_inside_a_local_day() -> None:
    """A day that is only partly in the span is built from finer slices.

    span    |======|
    days  |....|....|
    """
    rungs = (Rung.FIVE_MINUTES, Rung.HOUR, Rung.LOCAL_DAY)
    found = cover(span("2026-11-20T22:00Z", "2026-11-22T00:00Z"), rungs, Zone("UTC"))
    assert [*found] == [
        (Rung.HOUR, ms("2026-11-20T22:00Z")),
        (Rung.HOUR, ms("2026-11-20T23:00Z")),
        (Rung.LOCAL_DAY, ms("2026-11-21T00:00Z")),
    ]


def test_slices_are_kept_for_two_windows_and_the_slack() -> None:
    """Of windows with the same rung the longer decides."""
    kept = retention([Rolling.parse("1h"), Rolling.parse("24h")], 10 * MINUTE)
    assert kept == {
        Rung.TEN_SECONDS: 2 * HOUR + 10 * MINUTE,
        Rung.FIVE_MINUTES: 48 * HOUR + 10 * MINUTE,
        Rung.HOUR: 48 * HOUR + 10 * MINUTE,
    }


def test_local_days_are_kept_for_the_longest_window() -> None:
    """A closed day can be corrected as long as any window keeps state."""
    today = Calendar().open("today")
    kept = retention([today, Rolling.parse("30d")], 10 * MINUTE)
    assert kept[Rung.LOCAL_DAY] == 60 * DAY + 10 * MINUTE
    assert kept[Rung.FIVE_MINUTES] == 3 * DAY + 10 * MINUTE
    assert Rung.LOCAL_DAY not in retention([Rolling.parse("30d")], 0)
    assert retention([Calendar().closed(Unit.DAY, 0)], 0) == {Rung.LOCAL_DAY: 3 * DAY}
