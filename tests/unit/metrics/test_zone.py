"""Time zones: wall clock, local days and multiples of a duration, by worked examples.

The expected instants are written in UTC by hand from the published rules of the zones.
"""

from datetime import date, datetime

import pytest

from metrics.duration import DAY, HOUR, MINUTE
from metrics.zone import Zone, ZoneError, multiples


def ms(text: str) -> int:
    """Read an RFC 3339 time as milliseconds."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize(
    ("zone", "day", "start", "length"),
    [
        ("UTC", "2026-11-22", "2026-11-22T00:00Z", DAY),
        # clocks go forward and back inside the day
        ("Europe/Paris", "2026-03-29", "2026-03-28T23:00Z", 23 * HOUR),
        ("Europe/Paris", "2026-10-25", "2026-10-24T22:00Z", 25 * HOUR),
        # offsets of half and quarter hours, and a change by 30 minutes
        ("Asia/Kolkata", "2026-11-22", "2026-11-21T18:30Z", DAY),
        ("Asia/Kathmandu", "2026-11-22", "2026-11-21T18:15Z", DAY),
        ("Australia/Lord_Howe", "2026-10-04", "2026-10-03T13:30Z", DAY - 30 * MINUTE),
        ("Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00Z", DAY + 30 * MINUTE),
        # midnight is skipped: the day starts at 01:00
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00Z", 23 * HOUR),
        ("America/Havana", "2026-03-08", "2026-03-08T05:00Z", 23 * HOUR),
        ("Asia/Beirut", "2024-03-31", "2024-03-30T22:00Z", 23 * HOUR),
        ("Africa/Cairo", "2024-04-26", "2024-04-25T22:00Z", 23 * HOUR),
        # the clock goes back at midnight to 23:00: the day before is longer
        ("America/Sao_Paulo", "2018-02-17", "2018-02-17T02:00Z", 25 * HOUR),
        ("Asia/Beirut", "2024-10-26", "2024-10-25T21:00Z", 25 * HOUR),
        # midnight is there twice: the day starts at the first
        ("America/Havana", "2026-11-01", "2026-11-01T04:00Z", 25 * HOUR),
        # 00:01 falls back to 23:01 of the day before: that hour is in the day that had begun
        ("America/St_Johns", "2010-11-07", "2010-11-07T02:30Z", 25 * HOUR),
        # the date before was skipped
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00Z", DAY),
        ("Pacific/Apia", "2011-12-29", "2011-12-29T10:00Z", DAY),
    ],
)
def test_a_local_day_starts_at_its_first_instant(
    zone: str, day: str, start: str, length: int
) -> None:
    """Start, length and name of a day; its first and last instant are in it, the next is not.

    Paris 2026-03-29   |0  1  3  4 ... 23|0     23 hours
    Paris 2026-10-25   |0  1  2  2  3 ...  23|0 25 hours
    """
    first, last = ms(start), ms(start) + length - 1
    place = Zone(zone)
    assert place.date_start(date.fromisoformat(day)) == first
    assert [place.local_day_start(at) for at in (first, last)] == [first, first]
    assert {place.local_day_end(at) for at in (first, last)} == {last + 1}
    assert {place.local_date(at) for at in (first, last)} == {date.fromisoformat(day)}
    assert place.local_day_start(last + 1) == last + 1


def test_a_skipped_date_starts_with_the_next() -> None:
    """Samoa had no 2011-12-30."""
    apia = Zone("Pacific/Apia")
    assert apia.date_start(date(2011, 12, 30)) == apia.date_start(date(2011, 12, 31))


@pytest.mark.parametrize(
    ("wall", "instant"),
    [
        ("2026-06-01T12:00", "2026-06-01T10:00Z"),
        ("2026-03-29T01:59", "2026-03-29T00:59Z"),
        ("2026-03-29T02:00", "2026-03-29T01:00Z"),
        ("2026-03-29T02:30", "2026-03-29T01:00Z"),
        ("2026-03-29T02:59", "2026-03-29T01:00Z"),
        ("2026-03-29T03:00", "2026-03-29T01:00Z"),
        ("2026-10-25T02:30", "2026-10-25T00:30Z"),
        ("2026-10-25T03:00", "2026-10-25T02:00Z"),
    ],
)
def test_a_wall_time_is_found_on_the_clock(wall: str, instant: str) -> None:
    """In Paris: a skipped time is the instant of the change, a repeated one its first."""
    assert Zone("Europe/Paris").instant(datetime.fromisoformat(wall)) == ms(instant)


def test_the_local_days_of_a_span_are_those_that_share_an_instant_with_it() -> None:
    """A span from the middle of a day to the first instant of another touches both.

    span        |=========|
    days    |....|....|....|
    """
    tokyo = Zone("Asia/Tokyo")
    start = ms("2026-11-20T20:00Z")
    days = [ms(f"2026-11-{day}T15:00Z") for day in (20, 21, 22)]
    assert [*tokyo.local_days(start, days[2] + 1)] == days
    assert [*tokyo.local_days(start, days[2])] == days[:2]
    assert [*tokyo.local_days(start, start)] == []


@pytest.mark.parametrize("name", ["", "Paris", "Europe", "../etc/passwd", "UTC\0", "Nope/Nowhere"])
def test_an_unknown_zone_is_refused(name: str) -> None:
    """Whatever the database answers, the error is one and quotes the name."""
    with pytest.raises(ZoneError, match="is not an IANA time zone"):
        Zone(name)


def test_multiples_are_counted_from_local_midnight_of_1970() -> None:
    """Every 6 h in Kolkata (+5:30) is at 00:30, 06:30, ... UTC; after is out, until is in."""
    kolkata = Zone("Asia/Kolkata")
    found = multiples(kolkata, 6 * HOUR, ms("2026-11-22T00:30Z"), ms("2026-11-22T12:30Z"))
    assert [*found] == [ms("2026-11-22T06:30Z"), ms("2026-11-22T12:30Z")]
    assert [*multiples(kolkata, DAY, ms("2026-11-22T00:00Z"), ms("2026-11-22T18:29Z"))] == []


def test_multiples_are_of_elapsed_time() -> None:
    """London was an hour ahead on 1970-01-01, so daily multiples are at 23:00 UTC all year."""
    london = Zone("Europe/London")
    for month in ("01", "07"):
        after = ms(f"2026-{month}-10T12:00Z")
        assert [*multiples(london, DAY, after, after + DAY)] == [ms(f"2026-{month}-10T23:00Z")]
