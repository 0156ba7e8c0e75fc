"""The environment: `RESSENTI_KAFKA__BOOTSTRAP` is the key `kafka.bootstrap`.

It wins over the file. A variable replaces what it names, whole; deeper names go on top of
shallower ones. A secret may be in a file that `..._FILE` names.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import msgspec

from stream.settings.fault import Fault, Faults, Wrong
from stream.settings.kind import TABLE, Secret, Variable, decode

PREFIX = "RESSENTI_"
FILE = "_FILE"

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
    key: str


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


def _key(name: str) -> str:
    return name.removeprefix(PREFIX).lower().replace("__", ".")


def _source(name: str, environ: Mapping[str, str], secrets: Collection[str]) -> tuple[Origin, str]:
    """Say which key a variable gives, and its text."""
    plain = name.removesuffix(FILE)
    if plain == name or _key(plain) not in secrets:
        return Origin(name, _key(name)), _checked(_key(name), environ[name])
    if plain in environ:
        raise Wrong(Fault(_key(plain), f"is given twice, by {plain} and {name}"))
    return Origin(name, _key(plain)), _content(_key(plain), environ[name])


def _checked(key: str, text: str) -> str:
    """Refuse bytes that are no text: Python lets them through as lone surrogates."""
    if not text.isprintable() and any("\ud800" <= character <= "\udfff" for character in text):
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
    *path, last = origin.key.split(".")
    for depth, name in enumerate(path):
        inner = table.setdefault(name, {})
        if isinstance(inner, Variable):
            inner = table[name] = decode(inner, ".".join(path[: depth + 1]), TABLE)
        if not isinstance(inner, dict):
            raise Wrong(Fault(".".join(path[: depth + 1]), "is not a table"))
        table = inner
    table[last] = value


def _copy(table: Mapping[str, object]) -> dict[str, object]:
    return {
        name: _copy(inner) if isinstance(inner, dict) else inner for name, inner in table.items()
    }
