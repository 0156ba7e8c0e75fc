"""Laws of windows, against a plain walk over every 5-minute slice of a zone's difficult years.

The reference asks the standard library for the wall clock of each slice and knows nothing else:
a local day is what follows the first slice of its date, a unit is the days of one number, and a
window ends at the first slice that shows a time.
"""

from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from metrics.calendar import WEEKDAYS, Calendar, Unit
from metrics.duration import DAY, HOUR, MINUTE
from metrics.slice import LADDER, Rung, Slice, Span
from metrics.window import Rolling, Window, cover, retention
from metrics.zone import Zone, multiples

STEP = 5 * MINUTE
THIRD_YEAR = {
    "Europe/Paris": 2025,
    "America/St_Johns": 2010,  # changed at 00:01
    "Australia/Lord_Howe": 2025,  # changes by 30 minutes
    "Asia/Kathmandu": 2025,  # +05:45
    "America/Sao_Paulo": 2018,  # midnight skipped
    "Africa/Cairo": 2025,  # midnight skipped
    "Asia/Beirut": 2024,  # midnight skipped
    "Pacific/Apia": 2011,  # a date skipped
    "America/Nuuk": 2025,  # changes before midnight
}
ZONES = st.sampled_from(sorted(THIRD_YEAR))
UNITS = st.sampled_from(Unit)
SLACK = 10 * MINUTE

Numbers = NDArray[np.int64]


class Walk(NamedTuple):
    """Three years of a zone and some days, a number for each 5-minute slice."""

    origin: int  # of the first slice, in milliseconds
    day: Numbers  # the greatest date so far, as its ordinal
    minute: Numbers  # of the wall clock, since the year 1

    def at(self, index: int) -> int:
        """Give the start of a slice."""
        return self.origin + index * STEP

    def slot(self, at: int) -> int:
        """Find the slice that holds an instant."""
        return (at - self.origin) // STEP


@lru_cache
def walk(zone: str) -> Walk:
    """Ask the standard library for every 5 minutes of three years."""
    place, year = ZoneInfo(zone), THIRD_YEAR[zone]
    origin = round(datetime(year - 2, 1, 1, tzinfo=UTC).timestamp())
    end = round(datetime(year + 1, 1, 10, tzinfo=UTC).timestamp())
    walls = [datetime.fromtimestamp(second, place) for second in range(origin, end, STEP // 1000)]
    minute = np.array([w.toordinal() * 1440 + w.hour * 60 + w.minute for w in walls])
    return Walk(origin * 1000, np.maximum.accumulate(minute // 1440), minute)


@st.composite
def instants(draw: st.DrawFn, zone: str) -> int:
    """Draw an instant of a walk's third year, half of them within two days of a clock change."""
    found, year = walk(zone), THIRD_YEAR[zone]
    first = round(datetime(year, 1, 2, tzinfo=UTC).timestamp() * 1000)
    last = round(datetime(year, 12, 31, 9, tzinfo=UTC).timestamp() * 1000)
    changes = np.flatnonzero(np.diff(found.minute) != 5)
    near = [found.at(change) for change in changes.tolist() if first < found.at(change) < last]
    if not near or draw(st.booleans()):
        return draw(st.integers(first, last))
    change = draw(st.sampled_from(near))
    return draw(st.integers(max(first, change - 2 * DAY), min(last, change + 2 * DAY)))


def unit_number(unit: Unit, day: int, week_start: str) -> int:
    """Number the unit that holds a date; the units of a kind are numbered in order."""
    named = date.fromordinal(day)
    match unit:
        case Unit.DAY:
            return day
        case Unit.WEEK:
            return (day - 1 - WEEKDAYS.index(week_start)) // 7
        case Unit.MONTH:
            return named.year * 12 + named.month
        case Unit.QUARTER:
            return named.year * 4 + (named.month + 2) // 3
        case Unit.YEAR:
            return named.year


def unit_slices(found: Walk, unit: Unit, index: int, week_start: str) -> tuple[int, int]:
    """Walk to both ends of the unit that holds a slice: its first slice and the next unit's."""
    number = unit_number(unit, int(found.day[index]), week_start)
    days = [
        day
        for day in range(int(found.day[0]), int(found.day[-1]) + 1)
        if unit_number(unit, day, week_start) == number
    ]
    first, last = np.searchsorted(found.day, [days[0], days[-1] + 1])
    return int(first), int(last)


def reference(found: Walk, unit: Unit, as_of: int, week_start: str) -> tuple[Span, Span]:
    """Walk to the open window and its previous one."""
    index = found.slot(as_of)
    start = unit_slices(found, unit, index, week_start)[0]
    before = unit_slices(found, unit, start - 1, week_start)[0]
    window = Span(found.at(start), found.at(index + 1))
    # the day before may be two dates back; a weekday is always seven
    days = 7 if unit is Unit.WEEK else int(found.day[start] - found.day[before])
    target = int(found.minute[index + 1]) - days * 1440
    reached = np.flatnonzero(found.minute[before:start] >= target)
    cut = before + int(reached[0]) if len(reached) else start
    return window, Span(found.at(before), found.at(cut))


@pytest.mark.parametrize("zone", THIRD_YEAR)
def test_every_slice_is_in_the_local_day_of_the_walk(zone: str) -> None:
    """Three years of slices: start and date of the day that holds each."""
    found, place = walk(zone), Zone(zone)
    began = np.flatnonzero(np.diff(found.day)) + 1
    first = int(began[0])
    starts = began[np.searchsorted(began, np.arange(first, len(found.day)), side="right") - 1]
    expected = [found.at(int(start)) for start in starts]
    instants = [found.at(index) for index in range(first, len(found.day))]
    assert [place.local_day_start(at) for at in instants] == expected
    days = [found.at(int(start)) for start in began]
    assert [*place.local_days(days[0], days[-1])] == days[:-1]
    named = [date.fromordinal(int(found.day[start])) for start in began]
    assert [place.local_date(day) for day in days] == named
    assert [place.local_day_end(day - 1) for day in days] == days


@given(data=st.data(), zone=ZONES, unit=UNITS, week_start=st.sampled_from(WEEKDAYS))
@settings(deadline=None, max_examples=300)
def test_open_windows_are_those_of_the_walk(
    data: st.DataObject, zone: str, unit: Unit, week_start: str
) -> None:
    """Window and previous equal the walk's, in every zone, also around a change."""
    as_of = data.draw(instants(zone))
    calendar = Calendar(Zone(zone), week_start)
    window = calendar.open("today" if unit is Unit.DAY else unit.value)
    found = walk(zone)
    assert (window.span(as_of), window.previous(as_of)) == reference(found, unit, as_of, week_start)
    first, last = unit_slices(found, unit, found.slot(as_of), week_start)
    assert calendar.closed(unit, as_of).span() == Span(found.at(first), found.at(last))


@st.composite
def windows(draw: st.DrawFn, zone: str) -> Window:
    """Draw a rolling or an open calendar window."""
    calendar = Calendar(Zone(zone), draw(st.sampled_from(WEEKDAYS)))
    rolling = st.one_of(
        st.integers(1, 360).map(lambda count: Rolling(count * 10_000)),
        st.integers(13, 288).map(lambda count: Rolling(count * STEP)),
        st.integers(25, 720).map(lambda count: Rolling(count * HOUR)),
        st.integers(31, 365).map(lambda count: Rolling(count * DAY)),
    )
    named = st.sampled_from(("today", "week", "month", "quarter", "year")).map(calendar.open)
    return draw(st.one_of(rolling, named))


def ends(zone: Zone, tile: Slice) -> tuple[int, int]:
    """Give start and end of a slice."""
    rung, start = tile
    return start, zone.local_day_end(start) if rung is Rung.LOCAL_DAY else start + rung


def check_tiles(zone: Zone, tiles: tuple[Slice, ...], span: Span) -> None:
    """Each slice is a slice of its rung, and each begins where the one before ends."""
    assert all(
        start % rung == 0 if rung else zone.local_day_start(start) == start for rung, start in tiles
    )
    edges = [ends(zone, tile) for tile in tiles]
    assert all(left[1] == right[0] for left, right in pairwise(edges))
    assert ((edges[0][0], edges[-1][1]) if edges else (span.end, span.start)) == (
        span.start,
        span.end,
    )


@given(data=st.data(), zone=ZONES)
@settings(deadline=None, max_examples=300)
def test_a_cover_tiles_its_span(data: st.DataObject, zone: str) -> None:
    """The slices of a window and of its previous one touch, and fill the span and no more."""
    as_of, window = data.draw(instants(zone)), data.draw(windows(zone))
    for span in (window.span(as_of), window.previous(as_of)):
        check_tiles(Zone(zone), window.cover(span), span)


@given(first=st.integers(0, 20_000), length=st.integers(0, 40_000))
@settings(deadline=None)
def test_a_cover_is_as_coarse_as_can_be(first: int, length: int) -> None:
    """No slice of a coarser rung fits in the span where a finer one is used."""
    span = Span(first * 10_000, (first + length) * 10_000)
    for rung, start in cover(span, LADDER):
        for coarser in LADDER[LADDER.index(rung) + 1 :]:
            around = start - start % coarser
            assert around < span.start or around + coarser > span.end


@given(data=st.data(), zone=ZONES)
@settings(deadline=None, max_examples=300)
def test_windows_hold_as_of_and_move_on(data: st.DataObject, zone: str) -> None:
    """As-of is in the window; a later as-of never moves an end of window or previous back."""
    as_of, window = data.draw(instants(zone)), data.draw(windows(zone))
    later = as_of + data.draw(st.sampled_from((1, 10_000, STEP, HOUR, DAY)))
    now, then = window.span(as_of), window.span(later)
    assert as_of in now
    assert now.end - as_of <= window.rung
    assert now.start <= then.start
    assert now.end <= then.end
    assert window.previous(as_of).start <= window.previous(later).start
    assert window.previous(as_of).end <= now.start


@given(data=st.data(), zone=ZONES)
@settings(deadline=None, max_examples=300)
def test_kept_slices_are_enough_for_both_windows(data: st.DataObject, zone: str) -> None:
    """At any as-of not before watermark - slack, no slice of either span has been dropped."""
    as_of, window = data.draw(instants(zone)), data.draw(windows(zone))
    watermark = as_of + data.draw(st.integers(0, SLACK))
    kept = retention([window], SLACK)
    tiles = window.cover(window.span(as_of)) + window.cover(window.previous(as_of))
    assert all(start >= watermark - kept[rung] for rung, start in tiles)


@given(data=st.data(), zone=ZONES, unit=UNITS, week_start=st.sampled_from(WEEKDAYS))
@settings(deadline=None, max_examples=100)
def test_closed_windows_tile_time(
    data: st.DataObject, zone: str, unit: Unit, week_start: str
) -> None:
    """Windows close one after the other, whole, with distinct names, and slices last for both."""
    after = data.draw(instants(zone)) - 400 * DAY
    until = after + data.draw(st.integers(0, 400 * DAY))
    calendar = Calendar(Zone(zone), week_start)
    closed = [*calendar.closing(unit, after, until)]
    spans = [window.span() for window in closed]
    assert all(left.end == right.start for left, right in pairwise(spans))
    assert all(after < span.end <= until for span in spans)
    open_span = calendar.closed(unit, until).span()
    assert open_span.start == (
        spans[-1].end if spans else calendar.closed(unit, after).span().start
    )
    assert len({window.name for window in closed}) == len(closed)
    kept = retention([calendar.open("today" if unit is Unit.DAY else unit.value)], SLACK)
    for window, span in zip(closed[-3:], spans[-3:], strict=True):
        check_tiles(calendar.zone, window.cover(span), span)
        assert {rung for rung, _ in window.cover(span)} == {Rung.LOCAL_DAY}
        assert window.previous().start >= span.end + SLACK - kept[Rung.LOCAL_DAY]


@given(
    st.sampled_from(sorted(THIRD_YEAR)),
    st.integers(1, 50 * DAY),
    st.integers(0, 2**41),
    st.integers(0, 100 * DAY),
)
def test_multiples_are_the_ones_in_the_interval(
    zone: str, every: int, after: int, length: int
) -> None:
    """Each is a multiple since local midnight of 1970; none is missing at either end."""
    found = multiples(Zone(zone), every, after, after + length)
    origin = Zone(zone).instant(datetime(1970, 1, 1))
    assert all((found[i] - origin) % every == 0 for i in {0, -1} if found)
    assert not found or after < found[0] <= after + every
    assert len(found) == (after + length - origin) // every - (after - origin) // every
