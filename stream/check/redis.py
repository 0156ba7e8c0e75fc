"""Redis: whether it lets us in, runs our script and keeps what we write."""

import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import Any

from redis import asyncio as redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeout
from redis.retry import Retry

from stream.check.finding import Finding, bad, note, ok

SUBJECT = "redis.url"
TIMEOUT_S = 5.0
EVICTS = "may remove values that still hold; use noeviction and enough memory"

MEANINGS: tuple[tuple[type[Exception], str], ...] = (
    (AuthenticationError, "refuses the login, or wants one; correct user and password in the URL"),
    (NoPermissionError, "the user may not do what we need; allow it +@all on ~cx:* and &cx:*"),
    (ResponseError, "refuses a command; correct the database's number, or use Redis 6 or newer"),
    (ssl.SSLError, "TLS fails; let this machine trust its certificate, or use redis://"),
    (RedisTimeout, "does not answer in time; look at the network, or try redis:// for rediss://"),
    (socket.gaierror, "its host cannot be resolved; correct the URL"),
    (ConnectionRefusedError, "refuses the connection; start it, or correct the URL"),
    (FileNotFoundError, "there is no such socket; start it, or correct the URL"),
    (OSError, "cannot be reached; look at the network"),
)
"""What an error means, or what is behind it; the first that fits."""


async def look(url: str) -> list[Finding]:
    """Log in, run a script and read what the server says of itself."""
    server = redis.Redis.from_url(
        url,
        socket_timeout=TIMEOUT_S,
        socket_connect_timeout=TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
    )
    try:
        await server.ping()
        await server.eval("return 1", 0)
        about = await server.info()
    except (RedisError, OSError) as error:
        return [bad(SUBJECT, _words(error))]
    finally:
        await server.aclose()
    return list(_found(about))


def _found(about: Mapping[str, Any]) -> Iterator[Finding]:
    name = "valkey" if "valkey_version" in about else "redis"
    version = about.get(f"{name}_version", "of unknown version")
    yield ok(SUBJECT, f"{name.capitalize()} {version} answers and runs scripts")
    policy = about.get("maxmemory_policy", "noeviction")
    if about.get("maxmemory") and policy != "noeviction":
        yield note(SUBJECT, f"maxmemory-policy={policy} {EVICTS}")
    if about.get("role") == "slave":
        yield bad(SUBJECT, "is a replica, which takes no writes; name its primary")


def _words(error: Exception) -> str:
    """Say why, without anything of the URL: that may hold a password."""
    for kind, words in MEANINGS:
        if isinstance(error, kind) or isinstance(error.__context__, kind):
            return words
    return "closes the connection; it may want TLS: rediss://"
