"""`[redis]`, `[web]` and `[prometheus]`: where values are shown, and which."""

from collections.abc import Collection, Iterator
from typing import Annotated
from urllib.parse import parse_qs, urlsplit

import msgspec

from metrics.catalog import METRICS
from stream.settings.fault import Fault, Wrong, unknown
from stream.settings.kind import Kind, Secret, choice, many, matching, secret, typed, whole
from stream.settings.section import Key
from stream.settings.window import CALENDAR, ROLLING

URL_WORDS = (
    "redis://user:password@host:port/database, rediss:// for TLS (with ?ssl_ca_certs=FILE and the "
    "like), or unix:///path"
)
TLS = {"ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs", "ssl_check_hostname"}
OPTIONS = {"redis": {"db"}, "rediss": {"db", *TLS}, "unix": {"db"}}
"""What may follow the `?` of an address, by its scheme."""


def _is_redis(url: str) -> bool:
    try:
        parts = urlsplit(url)
        options = parse_qs(parts.query, strict_parsing=bool(parts.query))
        if parts.scheme not in OPTIONS or not options.keys() <= OPTIONS[parts.scheme]:
            return False
        if parts.scheme == "unix":
            return bool(parts.path) and _is_number(*options.get("db", ()))
        is_place = bool(parts.hostname) and parts.port != 0
        return is_place and _is_number(parts.path.removeprefix("/"), *options.get("db", ()))
    except ValueError:  # a port that is no number, half an IPv6 address, an option without value
        return False


def _is_number(*databases: str) -> bool:
    return all(name.isdecimal() for name in databases if name)


class Redis(msgspec.Struct, frozen=True):
    """Redis; without this section there is none."""

    url: Annotated[
        Secret, Key(secret(URL_WORDS, _is_redis), "Where it is, with the password if it has one.")
    ] = Secret("redis://127.0.0.1:6379/0")


class Web(msgspec.Struct, frozen=True):
    """The page, the API, `/metrics` and health."""

    host: Annotated[
        str,
        Key(matching(r"[^\s/]+", "an address or a host's name"), "Address to listen on."),
    ] = "127.0.0.1"
    port: Annotated[int, Key(whole(0, 65_535), "Port to listen on; 0: any free one.")] = 6066


def _window(raw: object, key: str) -> str:
    """Read the name of a window, by whatever unit it is given."""
    text = typed(raw, str, key, "a window's name")
    if text in CALENDAR:
        return text
    try:
        return str(getattr(ROLLING.read(text, key), "name", text))
    except Wrong:
        raise Wrong(unknown(key, text, CALENDAR)) from None


def _grouping(raw: object, key: str) -> str:
    """Read a grouping as its dimensions or as its label."""
    if isinstance(raw, list):
        parts = [typed(one, str, f"{key}[{at}]", "a dimension") for at, one in enumerate(raw)]
        return ",".join(parts) or "all"
    return typed(raw, str, key, "a list of dimensions")


class Prometheus(msgspec.Struct, frozen=True):
    """What `/metrics` exports of the customers' numbers; absent: all."""

    metrics: Annotated[
        tuple[str, ...] | None,
        Key(many(choice(*METRICS), "a list of metrics"), "Metrics; absent: all."),
    ] = None
    windows: Annotated[
        tuple[str, ...] | None,
        Key(many(Kind("a window", _window), "a list of windows"), "Windows; absent: all."),
    ] = None
    groupings: Annotated[
        tuple[str, ...] | None,
        Key(
            many(Kind("a grouping", _grouping), "a list of groupings"),
            'Groupings, as in `groupings` or as the label (`"all"`, `"region,product"`); '
            "absent: all.",
        ),
    ] = None
    max_series: Annotated[
        int, Key(whole(0, 10_000_000), "Series at most; those of the largest n are kept.")
    ] = 50_000


def check(key: str, chosen: Collection[str] | None, there: Collection[str]) -> Iterator[Fault]:
    """Find what is chosen for Prometheus but not there."""
    for place, name in enumerate(chosen or ()):
        if name not in there:
            yield unknown(f"prometheus.{key}[{place}]", name, there)
