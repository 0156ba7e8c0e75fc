"""What Redis must hold, written down from the updates of the batch, and what it does hold."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from math import isclose
from typing import Any
from urllib.parse import quote

from redis import asyncio as redis

Hashes = Mapping[str, Mapping[str, str]]
NUMBERS = ("value", "n", "margin", "low", "high")
SPAN = ("window_start", "window_end")
SHOWN = 8  # faults in a message


async def settle(url: str, updates: Mapping[str, Any], seconds: float) -> list[str]:
    """Wait until the hashes are the updates'; return some of what is false after that time."""
    deadline = time.monotonic() + seconds
    while True:
        faults = ["Redis is away"]
        with suppress(redis.RedisError, OSError):
            faults = [*differences(await hashes(url), updates)]
        if not faults or time.monotonic() > deadline:
            return faults[:SHOWN]
        await asyncio.sleep(0.2)


async def hashes(url: str) -> dict[str, dict[str, str]]:
    """Read every hash, with the time that it lasts in `pttl`; and see that all are listed."""
    async with redis.Redis.from_url(url, decode_responses=True) as client:
        names = [name async for name in client.scan_iter("cx:*", count=1000) if name != "cx:keys"]
        async with client.pipeline(transaction=True) as pipe:
            pipe.zrange("cx:keys", 0, -1)
            for name in names:
                pipe.hgetall(name)
                pipe.pttl(name)
            listed, *found = await pipe.execute()
    if set(listed) != set(names):
        raise redis.DataError(f"listed and there differ: {set(listed) ^ set(names)}")
    pairs = zip(names, found[::2], found[1::2], strict=True)
    return {name: {**held, "pttl": str(pttl)} for name, held, pttl in pairs}


def differences(found: Hashes, updates: Mapping[str, Any]) -> Iterator[str]:
    """Say in which keys and fields the hashes differ from the updates."""
    expected = {key(update): update for update in updates.values()}
    for name in sorted(expected.keys() ^ found.keys()):
        yield f"{name}: {'missing' if name in expected else f'unexpected: {found[name]}'}"
    for name in sorted(expected.keys() & found.keys()):
        held, update = found[name], expected[name]
        for field in NUMBERS:
            if not _same(held.get(field), update[field]):
                yield f"{name}: {field} is {held.get(field)}, should be {update[field]}"
        for field in ("status", *(SPAN if ":" in update["window"] else ())):
            if held.get(field) != update[field]:
                yield f"{name}: {field} is {held.get(field)}, should be {update[field]}"


def _same(text: str | None, number: float | None) -> bool:
    if text is None or number is None:
        return text is None and number is None
    return isclose(float(text), number, rel_tol=1e-12, abs_tol=1e-12)


def key(update: Mapping[str, Any]) -> str:
    """Name the hash of an update, as users are told to."""
    segment = [f"{quote(d, '')}={quote(update['segment'][d], '')}" for d in update["grouping"]]
    by = [f"{quote(name, '')}={quote(value, '')}" for name, value in sorted(update["by"].items())]
    start = ":".join(("cx", update["metric"], update["variant"], update["window"]))
    return f"{start}:{','.join(segment) or 'all'}" + (f";{','.join(by)}" if by else "")
