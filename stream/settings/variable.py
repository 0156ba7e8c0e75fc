"""The environment: `RESSENTI_KAFKA__BOOTSTRAP` is the key `kafka.bootstrap`.

It wins over the file. A variable replaces what it names, whole; deeper names go on top of
shallower ones. A secret may be in a file that `..._FILE` names.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from functools import reduce
from pathlib import Path

import msgspec

from stream.settings.fault import Fault, Faults, Wrong, below
from stream.settings.kind import TABLE, Secret, Variable, decode

PREFIX = "RESSENTI_"
FILE = "_FILE"

_SURROGATE = re.compile("[\ud800-\udfff]")
_SERVICE_LINK = re.compile(
    r"\w+?_SERVICE_(HOST|PORT)(_\w+)?=.*"
    r"|\w+_PORT(_\d+_(TCP|UDP|SCTP))?=(tcp|udp|sctp)://.*"
    r"|\w+_PORT_\d+_(TCP|UDP|SCTP)_(PROTO|PORT|ADDR)=.*",
    re.DOTALL,
)
"""What Kubernetes puts into every pod for a service whose name starts with `ressenti`."""


class Origin(msgspec.Struct, frozen=True):
    """Which variable gave a key its value."""

    variable: str
    path: tuple[str, ...]

    @property
    def key(self) -> str:
        """The key, as faults write it."""
        return reduce(below, self.path, "")


def overlay(
    table: Mapping[str, object],
    environ: Mapping[str, str],
    secrets: Collection[str],
    faults: Faults,
) -> tuple[dict[str, object], list[Origin]]:
    """Put the variables over the file's table; `secrets` are the keys that `..._FILE` may give.

    Returns a new table, and which key came from which variable.
    """
    result = _copy(table)
    origins: list[Origin] = []
    for name in sorted(_ours(environ), key=lambda name: (name.count("__"), name)):
        with faults.kept():
            origin, text = _source(name, environ, secrets)
            _put(result, origin, Variable(Secret(text)))
            origins.append(origin)
    return result, origins


def _ours(environ: Mapping[str, str]) -> Iterator[str]:
    for name, text in environ.items():
        if name.startswith(PREFIX) and not _SERVICE_LINK.fullmatch(f"{name}={text}"):
            yield name


def _source(name: str, environ: Mapping[str, str], secrets: Collection[str]) -> tuple[Origin, str]:
    """Say which key a variable gives, and its text."""
    plain = name.removesuffix(FILE)
    origin = Origin(name, _path(plain))
    if plain == name or origin.key not in secrets:
        origin = Origin(name, _path(name))
        return origin, _checked(origin.key, environ[name])
    if plain in environ:
        raise Wrong(Fault(origin.key, f"is given twice, by {plain} and {name}"))
    return origin, _content(origin.key, environ[name])


def _path(name: str) -> tuple[str, ...]:
    return tuple(name.removeprefix(PREFIX).lower().split("__"))


def _checked(key: str, text: str) -> str:
    """Refuse bytes that are no text: Python lets them through as lone surrogates."""
    if _SURROGATE.search(text):
        raise Wrong(Fault(key, "is not UTF-8 text"))
    return text


def _content(key: str, path: str) -> str:
    """Read a secret's file, without the newline that editors put at its end."""
    try:
        text = Path(path).read_bytes().decode()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise Wrong(Fault(key, f"its file cannot be read: {reason}")) from None
    return text.removesuffix("\n").removesuffix("\r")


def _put(table: dict[str, object], origin: Origin, value: Variable) -> None:
    """Set a key, making the tables on the way to it."""
    *path, last = origin.path
    key = ""
    for name in path:
        key = below(key, name)
        inner = table.setdefault(name, {})
        if isinstance(inner, Variable):
            inner = table[name] = decode(inner, key, TABLE)
        if not isinstance(inner, dict):
            raise Wrong(Fault(key, f"is not a table, as {origin.variable} needs it to be"))
        table = inner
    table[last] = value


def _copy(table: Mapping[str, object]) -> dict[str, object]:
    return {
        name: _copy(inner) if isinstance(inner, dict) else inner for name, inner in table.items()
    }
