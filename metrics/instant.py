"""Instants: RFC 3339 text or epoch milliseconds, to integer milliseconds UTC and back.

Years 2000 to 2099 (of the instant, in UTC) are times of events; anything else is a broken clock.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from metrics.error import InvalidEvent

FIRST = 946_684_800_000  # 2000-01-01T00:00:00Z
END = 4_102_444_800_000  # 2100-01-01T00:00:00Z
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_LENGTH = len("2026-11-22T10:05:00.480Z")
_MOST_SECONDS = 65_536
_SECONDS: dict[str, int] = {}
_TEXT = re.compile(
    r"(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d):([0-5]\d)(?:\.(\d+))?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))",
    re.ASCII,
)


def read(value: float | str) -> int:
    """Read an event's time; raises `InvalidEvent` with reason `time` or `type`.

    >>> read("2026-11-22T10:05:00.9999+01:00")
    1795338300999
    """
    if type(value) is str:
        return parse(value)
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is not int:
        raise InvalidEvent("type", "expected an RFC 3339 time or whole milliseconds since 1970")
    if not FIRST <= value < END:
        raise InvalidEvent("time", "expected a time in the years 2000 to 2099")
    return value


def parse(text: str) -> int:
    """Parse RFC 3339 text with an offset; what is finer than a millisecond is cut off."""
    # hot path: `2026-11-22T10:05:00.480Z` again and again in the same second
    if len(text) == _LENGTH and text[-1] == "Z":
        second = _SECONDS.get(text[:20])
        if second is not None and (digits := text[20:23]).isdecimal() and digits.isascii():
            return second + int(digits)
        at = _parse(text)
        if len(_SECONDS) >= _MOST_SECONDS:
            _SECONDS.clear()
        _SECONDS[text[:20]] = at - at % 1000
        return at
    return _parse(text)


def _parse(text: str) -> int:
    found = _TEXT.fullmatch(text)
    if not found:
        raise InvalidEvent("time", "expected an RFC 3339 time with an offset")
    minute, second, fraction, sign, hours, minutes = found.groups()
    at = _minute(minute) + 1_000 * int(second)
    if fraction:
        at += int(fraction[:3].ljust(3, "0"))
    if sign:
        offset = 60_000 * (60 * int(hours) + int(minutes))
        at -= offset if sign == "+" else -offset
    if not FIRST <= at < END:
        raise InvalidEvent("time", "expected a time in the years 2000 to 2099")
    return at


@lru_cache(maxsize=4096)
def _minute(text: str) -> int:
    try:
        return (datetime.fromisoformat(f"{text}+00:00") - _EPOCH) // _MILLISECOND
    except ValueError:
        raise InvalidEvent("time", "expected a date and time that exist") from None


@lru_cache(maxsize=4096)
def format(at: int) -> str:  # noqa: A001 # the counterpart of parse
    """Write an instant as contract and logs show it.

    >>> format(1795338300999)
    '2026-11-22T09:05:00.999Z'
    """
    return f"{_EPOCH + at * _MILLISECOND:%Y-%m-%dT%H:%M:%S}.{at % 1000:03d}Z"
