"""Calendar windows: the open ones (`today week month quarter year`) and the closed ones.

A unit of the calendar is a run of whole local days of a zone. The open window is the part of the
unit up to as-of; once over, the unit is published as a closed window under its own name.

>>> paris = Calendar(Zone("Europe/Paris"))
>>> paris.closed(Unit.WEEK, 1_795_341_801_480).name
'week:2026-W47'
"""

from collections.abc import Iterator
from datetime import date, timedelta
from enum import StrEnum

import msgspec

from metrics.duration import DAY
from metrics.slice import Rung, Slice, Span, slice_end
from metrics.window import WindowError, cover
from metrics.zone import Zone

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
"""What `week_start` may be; the index is Python's `weekday()`."""

_RUNGS = (Rung.FIVE_MINUTES, Rung.HOUR, Rung.LOCAL_DAY)


class Unit(StrEnum):
    """A unit of the calendar, from one local midnight to another."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


_MONTHS = {Unit.MONTH: 1, Unit.QUARTER: 3, Unit.YEAR: 12}
_MOST_DAYS = {Unit.DAY: 1, Unit.WEEK: 7, Unit.MONTH: 31, Unit.QUARTER: 92, Unit.YEAR: 366}
_UNITS = {"today": Unit.DAY} | {unit.value: unit for unit in Unit if unit is not Unit.DAY}


class Calendar(msgspec.Struct, frozen=True):
    """The calendar of a zone; weeks start on `week_start`, a lower-case English weekday."""

    zone: Zone = Zone()
    week_start: str = "monday"

    def __post_init__(self) -> None:
        """Refuse a weekday that is none."""
        if self.week_start not in WEEKDAYS:
            raise WindowError(f"week_start {self.week_start!r}: expected one of {WEEKDAYS}")

    def open(self, name: str) -> "Open":
        """Give the open window of a name; raises `WindowError` for an unknown one."""
        if name not in _UNITS:
            raise WindowError(f"calendar window {name!r}: expected one of {tuple(_UNITS)}")
        return Open(_UNITS[name], self)

    def closed(self, unit: Unit, at: int) -> "Closed":
        """Give the closed window of the unit that holds an instant (or a local day's start)."""
        return Closed(unit, self, self._start_date(unit, self.zone.local_date(at)))

    def closing(self, unit: Unit, after: int, until: int) -> Iterator["Closed"]:
        """Yield the windows of a unit whose end is in (after, until], in order of time."""
        window = self.closed(unit, after)
        while (end := window.span().end) <= until:
            yield window
            window = self.closed(unit, end)

    def _start_date(self, unit: Unit, day: date) -> date:
        if unit is Unit.DAY:
            return day
        if unit is Unit.WEEK:
            return day - timedelta(days=(day.weekday() - WEEKDAYS.index(self.week_start)) % 7)
        return day.replace(month=day.month - (day.month - 1) % _MONTHS[unit], day=1)


class Closed(msgspec.Struct, frozen=True):
    """A whole unit of the calendar by its first date; its spans do not depend on as-of."""

    unit: Unit
    calendar: Calendar
    first: date

    @property
    def name(self) -> str:
        """Its one name; a week is named by the ISO week of its fourth day."""
        match self.unit:
            case Unit.DAY:
                label = f"{self.first:%Y-%m-%d}"
            case Unit.WEEK:
                label = f"{self.first + timedelta(days=3):%G-W%V}"
            case Unit.MONTH:
                label = f"{self.first:%Y-%m}"
            case Unit.QUARTER:
                label = f"{self.first:%Y}-Q{self.first.month // 3 + 1}"
            case Unit.YEAR:
                label = f"{self.first:%Y}"
        return f"{self.unit}:{label}"

    @property
    def rung(self) -> Rung:
        """The slice that its days are made of."""
        return Rung.FIVE_MINUTES

    def span(self, as_of: int = 0) -> Span:
        """Give the whole unit, whatever as-of is."""
        zone = self.calendar.zone
        return Span(zone.date_start(self.first), zone.date_start(_next(self.unit, self.first)))

    def previous(self, as_of: int = 0) -> Span:
        """Give the whole unit before, whatever as-of is."""
        return self.before().span()

    def before(self) -> "Closed":
        """Give the window of the unit before."""
        return self.calendar.closed(self.unit, self.span().start - 1)

    def after(self) -> "Closed":
        """Give the window of the unit after."""
        return self.calendar.closed(self.unit, self.span().end)

    def cover(self, span: Span) -> tuple[Slice, ...]:
        """Tile a span with its local days."""
        return cover(span, _RUNGS, self.calendar.zone)

    def reach(self) -> dict[Rung, int]:
        """Reach from its end back to the start of the unit before."""
        return {Rung.LOCAL_DAY: (2 * _MOST_DAYS[self.unit] + 1) * DAY}


class Open(msgspec.Struct, frozen=True):
    """The unit of the calendar that holds as-of, from its start to the end of as-of's slice."""

    unit: Unit
    calendar: Calendar

    @property
    def name(self) -> str:
        """Its one name: `today`, else that of the unit."""
        return "today" if self.unit is Unit.DAY else self.unit.value

    @property
    def rung(self) -> Rung:
        """The slice by which its end moves on."""
        return Rung.FIVE_MINUTES

    def span(self, as_of: int) -> Span:
        """Start with the unit; end at the end of the 5-minute slice that holds as-of."""
        start = self.calendar.closed(self.unit, as_of).span().start
        return Span(start, slice_end(as_of, self.rung))

    def previous(self, as_of: int) -> Span:
        """Give the unit before, up to as many days and as late on the clock as the window ends.

        It is cut at its own end: of 31 March the whole of February is the unit before. It is empty
        while the clock shows a time before the window's start or, moved back, a time that the unit
        before skipped at its start.
        """
        window = self.calendar.closed(self.unit, as_of)
        before = window.before()
        end = self.calendar.zone.wall(slice_end(as_of, self.rung))
        moved = self.calendar.zone.instant(end - (window.first - before.first))
        cut = slice_end(moved - 1, self.rung)  # clocks have been changed at 00:01
        span = before.span()
        return Span(span.start, max(span.start, min(cut, span.end)))

    def cover(self, span: Span) -> tuple[Slice, ...]:
        """Tile a span with whole local days, the rest with hours and 5-minute slices."""
        return cover(span, _RUNGS, self.calendar.zone)

    def reach(self) -> dict[Rung, int]:
        """Reach back to the unit before; in finer slices to the day in which that is cut.

        One day more than the unit's most, as clock changes lengthen it; one more for that day.
        """
        days = _MOST_DAYS[self.unit]
        fine = (days + 2) * DAY
        return {
            Rung.FIVE_MINUTES: fine,
            Rung.HOUR: fine,
            Rung.LOCAL_DAY: (2 * days + 1) * DAY,
        }


def _next(unit: Unit, first: date) -> date:
    """Find the first date of the unit after the one that starts with a date."""
    if unit not in _MONTHS:
        return first + timedelta(days=_MOST_DAYS[unit])
    return _add_months(first, _MONTHS[unit])


def _add_months(first: date, months: int) -> date:
    """Move the first day of a month by a number of months."""
    years, month = divmod(first.month - 1 + months, 12)
    return date(first.year + years, month + 1, 1)
