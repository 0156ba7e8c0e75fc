"""Loading: one TOML file and the environment become settings, or every fault at once."""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from stream.settings.fault import ConfigError, Fault, Faults, Wrong
from stream.settings.root import Settings, check
from stream.settings.section import keys, read
from stream.settings.variable import Origin, overlay

SECRETS = frozenset(
    name for name, entry in keys(Settings) if entry.key and entry.key.kind.is_secret
)
"""The keys that may also be given as `..._FILE`."""

_PLACE = re.compile(r"\(at (.+)\)$")
_TUPLE = re.compile(r"\(('.+?',? ?)+\)")
_PLAIN = ("Expected ", "Cannot ", "Unclosed ", "Unterminated ", "Invalid ")


def load(path: Path | None, environ: Mapping[str, str], needs: Iterable[str] = ()) -> Settings:
    """Read the file, if there is one, and the `RESSENTI_` variables, which win over it.

    `needs` names tables that the command cannot do without. Raises `ConfigError` with all faults,
    by key and never by value.
    """
    try:
        table = _table(path) if path else {}
    except Wrong as wrong:
        raise ConfigError(wrong.faults) from None
    return resolve(table, environ, needs)


def resolve(
    table: Mapping[str, object], environ: Mapping[str, str], needs: Iterable[str] = ()
) -> Settings:
    """Make settings of a file's table and the variables; raises `ConfigError` with all faults."""
    faults = Faults()
    whole, origins = overlay(table, environ, SECRETS, faults)
    settings = read(Settings, whole, "", faults)
    faults += check(settings, faults, needs)
    if faults:
        raise ConfigError(_with_origin(fault, origins) for fault in faults)
    return settings


def _with_origin(fault: Fault, origins: Sequence[Origin]) -> Fault:
    """Add the variable that the key's value came from, if it did."""
    for origin in reversed(origins):
        if fault.within(origin.key):
            return Fault(fault.key, f"{fault.problem} (from {origin.variable})")
    return fault


def _dotted(keys: re.Match[str]) -> str:
    """Write keys as TOML does; the parser writes them as Python does."""
    names = re.findall("'(.+?)'", keys[0])
    return f"[{'.'.join(names)}]"


def _hint(error: tomllib.TOMLDecodeError) -> str:
    """Give the parser's words where they are of a kind that holds nothing of the file but keys."""
    text = _TUPLE.sub(_dotted, _PLACE.sub("", str(error)).strip())
    return f": {text}" if text.startswith(_PLAIN) else ""


def _table(path: Path) -> dict[str, object]:
    """Read a TOML file; raises `Wrong` that says where it stops being TOML."""
    file = str(path)
    try:
        return tomllib.loads(path.read_bytes().decode())
    except OSError as error:
        raise Wrong(Fault(file, f"cannot be read: {error.strerror or 'no file'}")) from None
    except UnicodeDecodeError:
        raise Wrong(Fault(file, "is not UTF-8 text")) from None
    except tomllib.TOMLDecodeError as error:
        place = _PLACE.search(str(error))
        raise Wrong(
            Fault(file, f"is not TOML at {place[1] if place else 'some place'}{_hint(error)}")
        ) from None
    except (ValueError, RecursionError):
        raise Wrong(Fault(file, "is TOML with a number or nesting beyond all bounds")) from None
