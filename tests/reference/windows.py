"""Windows as spans of instants, from the contract's text and `zoneinfo`."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.reference.plan import UNITS, Plan, length_name

MINUTE, HOUR, DAY = UNITS["m"], UNITS["h"], UNITS["d"]
UNIT = {"today": "day", "week": "week", "month": "month", "quarter": "quarter", "year": "year"}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Window:
    """`[start, end)` and the window before it, `[before, until)`; ms UTC."""

    name: str
    start: int
    end: int
    before: int
    until: int


def slice_of(length: int) -> int:
    """The slice of a rolling window of that length."""
    if length <= HOUR:
        return 10_000
    if length <= DAY:
        return 5 * MINUTE
    return HOUR if length <= 30 * DAY else DAY


def end_of_slice(slice_length: int, as_of: int) -> int:
    """The end of the slice that holds as-of."""
    return (as_of // slice_length + 1) * slice_length


def rolling(length: int, as_of: int) -> Window:
    """The rolling window at as-of."""
    end = end_of_slice(slice_of(length), as_of)
    return Window(length_name(length), end - length, end, end - 2 * length, end - length)


def to_utc(moment: datetime) -> int:
    """Milliseconds of an aware time."""
    return (moment - EPOCH) // timedelta(milliseconds=1)


def to_local(instant: int, zone: ZoneInfo) -> datetime:
    """The naive wall clock time of an instant."""
    moment = EPOCH + timedelta(milliseconds=instant)
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def from_local(wall: datetime, zone: ZoneInfo) -> int:
    """The instant of a wall time: the first of two, the change itself in a gap."""
    first = to_utc(wall.replace(tzinfo=zone, fold=0).astimezone(UTC))
    second = to_utc(wall.replace(tzinfo=zone, fold=1).astimezone(UTC))
    if first <= second:
        return first
    low, high = second, first  # in a gap: the clock changes in (second, first]
    while high - low > 1:
        middle = (low + high) // 2
        if offset(middle, zone) == offset(first, zone):
            high = middle
        else:
            low = middle
    return high


def offset(instant: int, zone: ZoneInfo) -> timedelta | None:
    """Distance of the zone's clock from UTC."""
    return (EPOCH + timedelta(milliseconds=instant)).astimezone(zone).utcoffset()


@dataclass(frozen=True)
class Calendar:
    """Units of one kind (`day`, `week`, ...) in a zone; a unit is known by its first date."""

    unit: str
    zone: ZoneInfo
    week_start: int

    def first(self, day: date) -> date:
        """The first date of the unit that holds a date."""
        if self.unit == "day":
            return day
        if self.unit == "week":
            return day - timedelta(days=(day.weekday() - self.week_start) % 7)
        if self.unit == "month":
            return day.replace(day=1)
        if self.unit == "quarter":
            return day.replace(month=day.month - (day.month - 1) % 3, day=1)
        return day.replace(month=1, day=1)

    def next(self, first: date) -> date:
        """The first date of the next unit."""
        longest = {"day": 1, "week": 7, "month": 31, "quarter": 92, "year": 366}
        return self.first(first + timedelta(days=longest[self.unit]))

    def former(self, first: date) -> date:
        """The first date of the unit before."""
        return self.first(first - timedelta(days=1))

    def start(self, first: date) -> int:
        """The first instant of the unit."""
        return from_local(datetime(first.year, first.month, first.day), self.zone)

    def holding(self, instant: int) -> date:
        """The unit with start <= instant < start of the next."""
        first = self.first(to_local(instant, self.zone).date())
        while self.start(self.next(first)) <= instant:
            first = self.next(first)
        while self.start(first) > instant:
            first = self.former(first)
        return first

    def name(self, first: date) -> str:
        """The name of the closed unit."""
        year, week, _ = (first + timedelta(days=3)).isocalendar()
        return {
            "day": f"day:{first}",
            "week": f"week:{year}-W{week:02}",
            "month": f"month:{first:%Y-%m}",
            "quarter": f"quarter:{first.year}-Q{(first.month + 2) // 3}",
            "year": f"year:{first.year}",
        }[self.unit]

    def open(self, name: str, as_of: int) -> Window:
        """The open window at as-of, and the unit before up to the same wall clock time."""
        first = self.holding(as_of)
        start, before = self.start(first), self.start(self.former(first))
        end = end_of_slice(5 * MINUTE, as_of)
        passed = to_local(end, self.zone) - datetime(first.year, first.month, first.day)
        former = self.former(first)
        wall = datetime(former.year, former.month, former.day) + passed
        return Window(name, start, end, before, min(from_local(wall, self.zone), start))

    def closed(self, earliest: int, as_of: int) -> list[Window]:
        """The units that end by as-of, from the one that holds `earliest`."""
        windows = []
        first = self.holding(earliest)
        while self.start(self.next(first)) <= as_of:
            start, end = self.start(first), self.start(self.next(first))
            before = self.start(self.former(first))
            windows.append(Window(self.name(first), start, end, before, start))
            first = self.next(first)
        return windows


def calendars(plan: Plan) -> dict[str, Calendar]:
    """The configured calendar windows by the name of their open window."""
    return {name: Calendar(UNIT[name], plan.zone, plan.week_start) for name in plan.calendar}
