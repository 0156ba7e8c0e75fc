"""Typed fields of one JSON object; whatever is wrong raises Dead."""

import json
import re
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NoReturn

LONGEST = 256
FIRST_INSTANT = 946_684_800_000  # 2000-01-01T00:00:00Z
LAST_INSTANT = 4_102_444_800_000  # 2100-01-01T00:00:00Z, not included
STAMP = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))",
    re.ASCII,
)
Document = dict[str, Any]


class Dead(ValueError):
    """The line can never count."""


def parse(line: bytes) -> Document:
    """One JSON object in UTF-8, nothing beside it."""
    try:
        document = json.loads(line.decode("utf-8"), parse_float=Decimal, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise Dead("json") from error
    if not isinstance(document, dict):
        raise Dead("not an object")
    return document


def refuse(constant: str) -> NoReturn:
    """NaN and Infinity are not JSON."""
    raise Dead(constant)


def present(document: Document, name: str, required: bool = False) -> Any:
    """The field, None where it is absent or null."""
    value = document.get(name)
    if value is None and required:
        raise Dead(f"{name} missing")
    return value


def string(value: object) -> str:
    """A string that can be written as UTF-8."""
    if not isinstance(value, str):
        raise Dead("not a string")
    try:
        value.encode()
    except ValueError as error:
        raise Dead("half a surrogate pair") from error
    return value


def short(value: object) -> str:
    """An id or the value of a dimension."""
    value = string(value)
    if len(value) > LONGEST:
        raise Dead("too long")
    return value


def text(document: Document, name: str, required: bool = False) -> str | None:
    """A string field; an id is at most 256 characters long."""
    value = present(document, name, required)
    if value is None:
        return None
    return short(value) if name == "id" or name.endswith("_id") else string(value)


def choice(document: Document, name: str, among: str, default: str | None = None) -> str:
    """A string of a closed set."""
    value = text(document, name, required=default is None)
    value = default if value is None else value
    if value is None or value not in among.split():
        raise Dead(f"unknown {name}")
    return value


def flag(document: Document, name: str) -> bool:
    """A boolean; absent is false."""
    value = present(document, name)
    if not isinstance(value, bool | None):
        raise Dead(f"{name} is no boolean")
    return bool(value)


def number(value: object) -> Decimal:
    """A JSON number, not a boolean."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise Dead("not a number")
    value = Decimal(value)
    if abs(value) > 10**18:
        raise Dead("out of range")
    return value


def whole(value: object) -> int:
    """An integer; an integral float is one."""
    found = number(value)
    if found != found.to_integral_value():
        raise Dead("not an integer")
    return int(found)


def integer(document: Document, name: str, least: int | None = None) -> int | None:
    """An integer field of at least `least`."""
    value = present(document, name)
    if value is None:
        return None
    found = whole(value)
    if least is not None and found < least:
        raise Dead(f"{name} below {least}")
    return found


def seconds(document: Document, name: str, cap: int | None = None) -> int | None:
    """A duration in ms, of seconds x 1000 rounded half-even."""
    value = present(document, name)
    if value is None:
        return None
    found = int((number(value) * 1000).to_integral_value(rounding="ROUND_HALF_EVEN"))
    if found < 0 or (cap is not None and found > cap):
        raise Dead(f"{name} out of range")
    return found


def instant(document: Document, name: str, required: bool = False) -> int | None:
    """A time field in ms UTC, years 2000 to 2099."""
    value = present(document, name, required)
    if value is None:
        return None
    found = stamp(value) if isinstance(value, str) else whole(value)
    if not FIRST_INSTANT <= found < LAST_INSTANT:
        raise Dead(f"{name} out of range")
    return found


def stamp(value: str) -> int:
    """Milliseconds of RFC 3339 text; finer digits are cut off."""
    found = STAMP.fullmatch(value)
    if found is None:
        raise Dead("no time")
    *clock, fraction, sign, hours, minutes = found.groups()
    try:
        naive = datetime(*(int(part) for part in clock))  # type: ignore[arg-type]
    except ValueError as error:
        raise Dead("no such time") from error
    if sign and (int(hours) > 23 or int(minutes) > 59):
        raise Dead("no such offset")
    offset = (int(hours) * 60 + int(minutes)) * (-1 if sign == "-" else 1) if sign else 0
    whole_ms = (naive - datetime(1970, 1, 1)) // timedelta(milliseconds=1)
    return whole_ms + int((fraction or "")[:3].ljust(3, "0")) - offset * 60_000
