"""What is seen of the running demo: its first values, and whether its broker is still well."""

import asyncio
import urllib.request
from collections.abc import Collection
from contextlib import suppress

from metrics.catalog import METRICS
from stream.embedded.child import resident
from stream.embedded.server import EmbeddedError, Server

LOOK_S = 0.3
HELD_MOST = 1_800_000_000  # bytes; the broker never lets go of a record
WEIGH_S = 2.0


async def first_values(url: str) -> None:
    """Return when `/metrics` shows a value of every metric."""
    names = [f"\ncx_{metric}_samples{{" for metric in METRICS]
    while not await asyncio.to_thread(_shows, f"{url}metrics", names):  # noqa: ASYNC110
        await asyncio.sleep(LOOK_S)


def _shows(url: str, names: Collection[str]) -> bool:
    with suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 # our own
        text = answer.read().decode()
        return all(name in text for name in names)
    return False


async def until_full(server: Server, most: int = HELD_MOST) -> None:
    """Return when the broker holds as much as it may; `EmbeddedError` when it has ended."""
    while resident(server.child.pid) < most:
        if not server.child.running:
            raise EmbeddedError(f"the embedded broker has ended: {server.child.said()}")
        await asyncio.sleep(WEIGH_S)
