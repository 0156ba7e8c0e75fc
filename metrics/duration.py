"""Durations as people write them: `200ms`, `10s`, `5m`, `24h`, `30d`.

>>> parse("5m")
300000
>>> name(parse("48h")), name(parse("1d"))
('2d', '24h')
"""

import re

MILLISECOND = 1
SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

LONGEST = 36_525 * DAY
"""A hundred years: the longest duration that is understood, in milliseconds."""

_UNITS = {"ms": MILLISECOND, "s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
_LARGEST_FIRST = sorted(_UNITS.items(), key=lambda unit: -unit[1])
_SHAPE = re.compile(r"([1-9][0-9]{0,17})(ms|s|m|h|d)")


class DurationError(ValueError):
    """A text that is no duration; the message says what was given and what is expected."""


def parse(text: str) -> int:
    """Read a duration as milliseconds: a positive whole number and one of ms, s, m, h, d.

    Raises `DurationError` for any other text and for more than `LONGEST`.
    """
    shape = _SHAPE.fullmatch(text)
    length = int(shape[1]) * _UNITS[shape[2]] if shape else 0
    if not 0 < length <= LONGEST:
        raise DurationError(
            f"{text!r} is not a duration: expected a positive whole number followed by "
            f"ms, s, m, h or d, such as 5m, and at most {name(LONGEST)}"
        )
    return length


def name(length: int) -> str:
    """Give the one name of a length in milliseconds: in its largest unit, but 24h for a day.

    The largest unit is the largest of d h m s (else ms) that divides the length. Raises
    `DurationError` for a length below one millisecond.
    """
    if length < MILLISECOND:
        raise DurationError(f"{length} ms is not a duration: expected at least 1 ms")
    if length == DAY:
        return "24h"
    unit, size = next(unit for unit in _LARGEST_FIRST if length % unit[1] == 0)
    return f"{length // size}{unit}"
