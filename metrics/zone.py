"""A time zone: instants to wall clock times and back, and the local days of the zone.

A local day starts at the first instant of its date and ends where the next one starts, so days
tile time in every zone. A day has 23 or 25 hours where the clock changes, starts at 01:00
where midnight is skipped, and does not exist where its whole date is skipped.

>>> sao_paulo = Zone("America/Sao_Paulo")
>>> sao_paulo.wall(sao_paulo.date_start(date(2018, 11, 4))).isoformat()
'2018-11-04T01:00:00'
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from metrics.duration import DAY

_EPOCH = datetime(1970, 1, 1)
_EPOCH_UTC = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_ONE_DAY = timedelta(days=1)
_NEAR = [timedelta(days=days) for days in range(-2, 3)]


class ZoneError(ValueError):
    """A name that is no time zone."""


class Zone(msgspec.Struct, frozen=True):
    """A time zone of the IANA database, by its name such as `Europe/Paris`.

    Raises `ZoneError` for a name that the database does not have.
    """

    name: str = "UTC"

    def __post_init__(self) -> None:
        """Refuse a zone that is not there."""
        try:
            ZoneInfo(self.name)
        except (KeyError, ValueError, OSError) as error:  # OSError: the name of a directory
            raise ZoneError(f"{self.name!r} is not an IANA time zone such as UTC") from error

    def wall(self, at: int) -> datetime:
        """Read the zone's wall clock at an instant; a time without zone."""
        return self._aware(at).replace(tzinfo=None)

    def instant(self, wall: datetime) -> int:
        """Find the instant at which the zone's wall clock shows a time (without zone).

        A time that the clock skips is the instant of the change; one that it shows twice the
        first.
        """
        before, after = self._read(wall, 0), self._read(wall, 1)
        if before <= after:
            return before
        around = range(after, before + 1)
        return around[bisect_left(around, self._offset(before), key=self._offset)]

    def date_start(self, day: date) -> int:
        """Find the first instant of a date; for a date that is skipped, that of the next."""
        return self.instant(datetime.combine(day, time()))

    def local_day_start(self, at: int) -> int:
        """Find the start of the local day that holds an instant; cached, for the hot path."""
        starts = _local_day_starts(self, at // DAY)
        return starts[bisect_right(starts, at) - 1]

    def local_day_end(self, at: int) -> int:
        """Find the end of the local day that holds an instant; it is after `at`."""
        following = self.local_date(at) + _ONE_DAY
        return self.date_start(following)

    def local_date(self, at: int) -> date:
        """Name the local day that holds an instant by its date."""
        return self.wall(self.local_day_start(at)).date()

    def local_days(self, start: int, end: int) -> Iterator[int]:
        """Yield the starts of the local days that share an instant with `[start, end)`."""
        while start < end:
            yield self.local_day_start(start)
            start = self.local_day_end(start)

    def _aware(self, at: int) -> datetime:
        return (_EPOCH_UTC + timedelta(milliseconds=at)).astimezone(ZoneInfo(self.name))

    def _offset(self, at: int) -> timedelta:
        return self._aware(at).utcoffset() or timedelta()

    def _read(self, wall: datetime, fold: int) -> int:
        offset = wall.replace(tzinfo=ZoneInfo(self.name), fold=fold).utcoffset() or timedelta()
        return (wall - _EPOCH - offset) // _MILLISECOND


@lru_cache(maxsize=8192)
def _local_day_starts(zone: Zone, utc_day: int) -> tuple[int, ...]:
    """List the starts of the local days that share an instant with a UTC day, in order."""
    begin = utc_day * DAY
    middle = (_EPOCH + timedelta(days=utc_day)).date()
    starts = [zone.date_start(middle + days) for days in _NEAR]
    first = bisect_right(starts, begin) - 1
    return tuple(starts[first : bisect_left(starts, begin + DAY)])


def multiples(zone: Zone, every: int, after: int, until: int) -> range:
    """List the multiples of a duration since local midnight of 1970-01-01, in (after, until].

    Multiples are of elapsed time: a clock change moves them on the wall clock.

    >>> list(multiples(Zone("Asia/Kolkata"), 3_600_000, 0, 7_200_000))
    [1800000, 5400000]
    """
    origin = zone.date_start(date(1970, 1, 1))
    first = after + every - (after - origin) % every
    return range(first, until + 1, every)
