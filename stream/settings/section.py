"""Sections: records whose fields are keys, and how a table of the file becomes one.

A field is declared `Annotated[type, Key(kind, "meaning")]`, or is a section itself. Every key has
a default, so what is wrong never keeps the rest from being read.
"""

from collections.abc import Iterator
from typing import TypeVar, get_args

import msgspec

from stream.settings.fault import Faults, below, unknown
from stream.settings.kind import TABLE, Kind, Variable, decode, typed

S = TypeVar("S", bound=msgspec.Struct)


class Key(msgspec.Struct, frozen=True):
    """What a field's annotation says of its key."""

    kind: Kind
    meaning: str


class Entry(msgspec.Struct, frozen=True):
    """One field of a section: a key, or a section of its own."""

    name: str
    key: Key | None
    section: type[msgspec.Struct] | None
    default: object

    def take(self, raw: object, at: str, faults: Faults) -> object:
        """Read the field's value; raises `Wrong`, or keeps the faults of a section."""
        if self.key:
            return self.key.kind.take(raw, at)
        return read(self.section or msgspec.Struct, raw, at, faults)


def entries(shape: type[msgspec.Struct]) -> Iterator[Entry]:
    """Yield the fields of a section, in their order."""
    for field in msgspec.structs.fields(shape):
        key = next((part for part in get_args(field.type) if isinstance(part, Key)), None)
        section = None if key else _section(field.type)
        yield Entry(field.name, key, section, _default(field))


def _section(annotation: object) -> type[msgspec.Struct] | None:
    """Find the section in an annotation such as `Web` or `Redis | None`."""
    for part in get_args(annotation) or (annotation,):
        if isinstance(part, type) and issubclass(part, msgspec.Struct):
            return part
    return None


def _default(field: msgspec.structs.FieldInfo) -> object:
    return field.default_factory() if callable(field.default_factory) else field.default


def read(section: type[S], raw: object, at: str, faults: Faults) -> S:
    """Read a table as a section: what is wrong goes to `faults`, and its default in its place."""
    values: dict[str, object] = {}
    with faults.kept():
        if isinstance(raw, Variable):
            raw = decode(raw, at, TABLE)
        known = {entry.name: entry for entry in entries(section)}
        for name, one in typed(raw, dict, at, TABLE).items():
            key = below(at, name)
            if name not in known:
                faults.append(unknown(key, name, known))
                continue
            with faults.kept():
                values[name] = known[name].take(one, key, faults)
    return section(**values)


def keys(section: type[msgspec.Struct], at: str = "") -> Iterator[tuple[str, Entry]]:
    """Yield every key below a section with its full name, in the order of declaration."""
    for entry in entries(section):
        name = below(at, entry.name)
        if entry.section:
            yield from keys(entry.section, name)
        else:
            yield name, entry
