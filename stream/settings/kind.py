"""Kinds of values: how a key's value is checked and read, and how the reference calls it.

A value comes from the file as TOML gives it, or from the environment as a `Variable`: text where
the kind is text, else JSON.
"""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime, time
from math import isfinite
from typing import TypeVar

import msgspec

from metrics import duration
from stream.settings.fault import Fault, Faults, Wrong, below, later, unknown, wrong

T = TypeVar("T")

TABLE = "a table"

_ZERO = re.compile(r"0(ms|s|m|h|d)")
_TYPES: dict[type, str] = {
    bool: "is true or false",
    int: "is a whole number",
    float: "is a number",
    str: "is text",
    list: "is a list",
    dict: "is a table",
    datetime: "is a date and time",
    date: "is a date",
    time: "is a time",
}


class Secret(str):
    """Text that is never shown: not by `repr`, so not by that of what holds it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "***" if self else "''"


class Variable(msgspec.Struct, frozen=True):
    """A value as an environment variable has it: text that its key's kind has still to read."""

    text: Secret


class Kind(msgspec.Struct, frozen=True):
    """One kind of value. `read` gets a value and its key, and raises `Wrong`.

    `words` says what is expected; `is_text` whether a variable is the text itself and not JSON.
    """

    words: str
    read: Callable[[object, str], object]
    is_text: bool = False
    is_secret: bool = False

    def take(self, raw: object, key: str) -> object:
        """Read a value of the file or of a variable; raises `Wrong`."""
        if isinstance(raw, Variable):
            raw = str(raw.text) if self.is_text else decode(raw, key, self.words)
        return self.read(raw, key)


def decode(raw: Variable, key: str, words: str) -> object:
    """Read a variable as JSON."""
    try:
        return msgspec.json.decode(str(raw.text))
    except (msgspec.MsgspecError, RecursionError):
        raise wrong(key, "is not JSON", words) from None


def typed(raw: object, kind: type[T], key: str, words: str) -> T:
    """Check the type of a value: exactly this one, as true is no number here."""
    if type(raw) is not kind:
        raise wrong(key, _TYPES.get(type(raw), "is nothing"), words)
    return raw


def matching(pattern: str, words: str) -> Kind:
    """Text that a pattern matches whole."""
    shape = re.compile(pattern)

    def read(raw: object, key: str) -> str:
        text = typed(raw, str, key, words)
        if not shape.fullmatch(text):
            raise wrong(key, "is not of that form" if text else "is empty", words)
        return text

    return Kind(words, read, is_text=True)


def secret(words: str, accepts: Callable[[str], bool]) -> Kind:
    """Text that is never shown, and may come from a file."""

    def read(raw: object, key: str) -> Secret:
        text = typed(raw, str, key, words)
        if not accepts(text):
            raise wrong(key, "is not of that form" if text else "is empty", words)
        return Secret(text)

    return Kind(words, read, is_text=True, is_secret=True)


def whole(least: int, most: int) -> Kind:
    """A whole number from `least` to `most`."""
    words = f"a whole number from {least:,} to {most:,}"

    def read(raw: object, key: str) -> int:
        number = typed(raw, int, key, words)
        if not least <= number <= most:
            raise wrong(key, "is out of range", words)
        return number

    return Kind(words, read)


def number(least: float | None, most: float | None) -> Kind:
    """A number, whole or not, within bounds where there are any."""
    ends = [f"from {least:g}"] if least is not None else []
    ends += [f"to {most:g}"] if most is not None else []
    words = " ".join(["a number", *ends])

    def read(raw: object, key: str) -> float:
        found = raw if type(raw) is int else typed(raw, float, key, words)
        low = float("-inf") if least is None else least
        high = float("inf") if most is None else most
        if not (low <= found <= high and _finite(found)):
            raise wrong(key, "is out of range", words)
        return found

    return Kind(words, read)


def _finite(found: float) -> bool:
    try:
        return isfinite(found)
    except OverflowError:  # a whole number beyond every float
        return False


def _flag(raw: object, key: str) -> bool:
    return typed(raw, bool, key, FLAG.words)


FLAG = Kind("true or false", _flag)


def span(words: str, zero: bool = False) -> Kind:
    """A duration, read as whole milliseconds; `zero` says whether `0s` is one, too."""

    def read(raw: object, key: str) -> int:
        text = typed(raw, str, key, words)
        if zero and _ZERO.fullmatch(text):
            return 0
        try:
            return duration.parse(text)
        except duration.DurationError:
            raise wrong(key, "is no duration", words) from None

    return Kind(words, read, is_text=True)


DURATION = span("a duration such as 200ms, 10s, 5m, 24h or 30d")
DURATION_OR_NONE = span("a duration such as 200ms, 10s, 5m, 24h or 30d, or 0s", zero=True)


def choice(*names: str) -> Kind:
    """One of these names."""
    words = " or ".join(names)

    def read(raw: object, key: str) -> str:
        name = typed(raw, str, key, words)
        if name not in names:
            raise Wrong(unknown(key, name, names))
        return name

    return Kind(words, read, is_text=True)


def many(item: Kind, words: str) -> Kind:
    """A list of values of one kind, none of them twice; equal ones have one `repr`."""

    def read(raw: object, key: str) -> tuple[object, ...]:
        values: list[object] = []
        places: dict[str, str] = {}
        faults = Faults()
        for place, one in enumerate(typed(raw, list, key, words)):
            at = f"{key}[{place}]"
            with faults.kept():
                value = item.read(one, at)
                first = places.setdefault(repr(value), at)
                if first != at:
                    raise Wrong(Fault(at, f"is the same as {first}"))
                values.append(value)
        faults.settle()
        return tuple(values)

    return Kind(words, read)


def read_table(
    kinds: Mapping[str, Kind], raw: object, key: str, planned: Collection[str] = ()
) -> dict[str, object]:
    """Read a table of known names, each with a kind of its own; raises `Wrong`.

    The faults of `planned` names say that they are to come.
    """
    values: dict[str, object] = {}
    faults = Faults()
    for name, one in typed(raw, dict, key, TABLE).items():
        at = below(key, name)
        with faults.kept():
            if name not in kinds:
                raise Wrong(later(at) if name in planned else unknown(at, name, kinds))
            values[name] = kinds[name].take(one, at)
    faults.settle()
    return values
