"""Instants: RFC 3339 text or epoch milliseconds, to integer milliseconds UTC and back.

Years 2000 to 2099 (of the instant, in UTC) are times of events; anything else is a broken clock.
Neighbouring times share their second and the milliseconds of all times are few, so a time is read
in two halves, each remembered: `2026-11-22T10:05:00` and `.480Z`.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import cast

import numpy as np
from numpy.typing import NDArray

from metrics.error import InvalidEvent

Ats = NDArray[np.int64]
"""Instants of a batch, in order of its events."""

FIRST = 946_684_800_000  # 2000-01-01T00:00:00Z
END = 4_102_444_800_000  # 2100-01-01T00:00:00Z
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_HALF = len("2026-11-22T10:05:00")
_MOST = 65_536  # halves remembered, about 200 bytes each
_SECOND = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt]((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)",  # Python 3.13 would take 24:00
    re.ASCII,
)
_TAIL = re.compile(r"(?:\.(\d+))?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))", re.ASCII)
_MICROSECONDS = re.compile(r"\.\d{6}", re.ASCII)
_LONGEST_TAIL = len(".480999999+01:00")


class _Seconds(dict[str, int]):
    """Milliseconds since 1970 of a date and a time of day in UTC, up to its seconds."""

    def __missing__(self, text: str) -> int:
        found = _SECOND.fullmatch(text)
        if not found:
            raise InvalidEvent("time", "expected an RFC 3339 time with an offset")
        try:
            at = datetime.fromisoformat(f"{found[1]}T{found[2]}+00:00")
        except ValueError:
            raise InvalidEvent("time", "expected a date and time that exist") from None
        return _remember(self, text, (at - _EPOCH) // _MILLISECOND)


class _Tails(dict[str, int]):
    """Milliseconds to add for a fraction and an offset; what is finer is cut off."""

    def __missing__(self, text: str) -> int:
        if _MICROSECONDS.match(text) and len(text) <= _LONGEST_TAIL:
            return self[text[:4] + text[7:]]  # three digits less, which are cut off anyway
        found = _TAIL.fullmatch(text)
        if not found:
            raise InvalidEvent("time", "expected an RFC 3339 time with an offset")
        fraction, sign, hours, minutes = found.groups()
        shift = int((fraction or "")[:3].ljust(3, "0"))
        if sign:
            offset = 60_000 * (60 * int(hours) + int(minutes))
            shift -= offset if sign == "+" else -offset
        return _remember(self, text, shift) if len(text) <= _LONGEST_TAIL else shift


def _remember(known: dict[str, int], text: str, length: int) -> int:
    if len(known) >= _MOST:
        known.clear()
    known[text] = length
    return length


_MANY = 100
_WIDTH = len("2026-11-22T10:05:00.480Z")
# of the last 8 characters, `:00.480Z`, as one little-endian word
_BYTE, _ZERO, _NINE = 0xFF, ord("0"), 9
_SECOND_OF_MINUTE = 0xFFFFFF
_FIXED = _BYTE << 24 | _BYTE << 56
_DOT_AND_Z = np.uint64(ord(".") << 24 | ord("Z") << 56)
_DIGITS = (32, 40, 48)
_SECONDS, _TAILS = _Seconds(), _Tails()


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
    return _within(value)


def read_all(values: Sequence[float | str]) -> Ats:
    """Read the times of a batch, as `read` does each, at a fraction of the cost."""
    kinds = set(map(type, values))  # hot path: of one kind there is no call per event
    if kinds == {str}:
        texts = cast(Sequence[str], values)
        ats = _matrix(texts)
        if ats is None:
            ats = _array([_SECONDS[text[:_HALF]] + _TAILS[text[_HALF:]] for text in texts])
        _within(ats.min().item()), _within(ats.max().item())
        return ats
    if kinds == {int}:
        whole = cast(Sequence[int], values)
        _within(min(whole)), _within(max(whole))
        return _array(whole)
    return _array([read(value) for value in values])


def _array(ats: Sequence[int]) -> Ats:
    return np.array(ats, np.int64)


def _matrix(texts: Sequence[str]) -> Ats | None:
    """Read many texts that all look like `2026-11-22T10:05:00.480Z` at once; None if not."""
    if len(texts) < _MANY or set(map(len, texts)) != {_WIDTH}:
        return None
    joined = "".join(texts)
    if not joined.isascii():
        return None
    *minutes, rest = np.frombuffer(joined.encode(), "<u8").reshape(-1, _WIDTH // 8).T
    digits = [(rest >> shift & _BYTE) - _ZERO for shift in _DIGITS]  # what is below wraps around
    if (rest & _FIXED != _DOT_AND_Z).any() or max(digit.max() for digit in digits) > _NINE:
        return None
    turned = rest[1:] & _SECOND_OF_MINUTE != rest[:-1] & _SECOND_OF_MINUTE
    for word in minutes:
        turned |= word[1:] != word[:-1]
    rows = [0, *(np.flatnonzero(turned) + 1).tolist()]  # neighbours mostly share their second
    seconds = _array([_SECONDS[texts[row][:_HALF]] for row in rows])
    hundreds, tens, ones = digits
    millis = (100 * hundreds + 10 * tens + ones).astype(np.int64)
    ats: Ats = np.repeat(seconds, np.diff([*rows, len(texts)])) + millis
    return ats


def parse(text: str) -> int:
    """Parse RFC 3339 text with an offset; what is finer than a millisecond is cut off."""
    return _within(_SECONDS[text[:_HALF]] + _TAILS[text[_HALF:]])


def _within(at: int) -> int:
    if not FIRST <= at < END:
        raise InvalidEvent("time", "expected a time in the years 2000 to 2099")
    return at


@lru_cache(maxsize=4096)
def format(at: int) -> str:  # noqa: A001 # the counterpart of parse
    """Write an instant as contract and logs show it.

    >>> format(1795338300999)
    '2026-11-22T09:05:00.999Z'
    """
    return f"{_EPOCH + at * _MILLISECOND:%Y-%m-%dT%H:%M:%S}.{at % 1000:03d}Z"
