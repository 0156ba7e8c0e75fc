"""What is wrong with a configuration: faults by key, gathered so that all are told at once.

A fault names keys, types and what was expected. It never holds a value: that may be a secret.
"""

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches

import msgspec

from metrics.error import RessentiError

_BARE = re.compile(r"[A-Za-z0-9_-]+")


class Fault(msgspec.Struct, frozen=True, order=True):
    """One thing that is wrong with one key, such as `kafka.shards` or `groupings[1]`."""

    key: str
    problem: str

    def __str__(self) -> str:
        return f"{self.key}: {self.problem}"

    def within(self, key: str) -> bool:
        """Say whether it is about a key or what is below it."""
        return self.key == key or self.key.startswith((f"{key}.", f"{key}["))


class Wrong(Exception):
    """A key that cannot be read; it carries the faults found in it."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__(*faults)
        self.faults = faults


class ConfigError(RessentiError):
    """Every fault of a configuration, sorted by key; the text has one line for each."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        count = len(self.faults)
        title = f"{count} fault{'s' if count > 1 else ''} in the configuration"
        super().__init__("\n  ".join([title, *map(str, self.faults)]))


class Faults(list[Fault]):
    """Faults found so far."""

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Keep what is `Wrong` inside, and go on after it."""
        try:
            yield
        except Wrong as wrong:
            self += wrong.faults

    def settle(self) -> None:
        """Raise `Wrong` with all of them, if there are any."""
        if self:
            raise Wrong(*self)


def wrong(key: str, problem: str, expected: str) -> Wrong:
    """Make the usual fault: what is wrong, and what is expected."""
    return Wrong(Fault(key, f"{problem}, expected {expected}"))


def unknown(key: str, name: str, known: Iterable[str]) -> Fault:
    """Make the fault of a name that is none of the known ones, with the nearest of them."""
    names = list(known)
    near = get_close_matches(name.lower(), names, n=1)
    listed = f"expected one of {', '.join(names)}" if names else "there is none"
    hint = f"did you mean {near[0]}?" if near else listed
    return Fault(key, f"unknown name, {hint}")


def later(key: str, advice: str = "") -> Fault:
    """Make the fault of something that has its name already, but is not there yet."""
    return Fault(key, f"is planned, not available yet{advice and f': {advice}'}")


def below(key: str, name: str) -> str:
    """Write the key of a name in a table, quoted where TOML would quote it.

    >>> below("metrics.csat.thresholds", "1-5"), below("", "a b")
    ('metrics.csat.thresholds.1-5', '"a b"')
    """
    shown = name if _BARE.fullmatch(name) else json.dumps(name)
    return f"{key}.{shown}" if key else shown
