"""What the demo says on the terminal, and when."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime

from stream.demo.configuration import TOPICS, Place
from stream.demo.script import Script

Say = Callable[[str], None]
"""Takes one line."""


def opening(place: Place, script: Script, notes: str) -> Iterator[str]:
    """Say what this is, where it can be looked at, and what will happen."""
    web = f"http://127.0.0.1:{place.port}"
    redis_port, region = place.redis.rpartition(":")[2], script.region
    yield "A small company's customers, live."
    yield ""
    yield f"  page     {web}/#window=1m{notes}"
    yield f"  metrics  {web}/metrics"
    yield f"  Kafka    {place.bootstrap}  values are on {place.prefix}{TOPICS['metrics']}"
    yield f"  Redis    {place.redis}  redis-cli -p {redis_port} hgetall cx:nps:default:1m:all"
    yield ""
    yield f"The last 60 days come first, then {script.rate:g} events a second."
    yield f"{clock(script.breaks)}  the service in {region} will break: less NPS, longer calls"
    yield f"{clock(script.recovers)}  it will work again"
    yield "Ctrl-C ends the demo; nothing of it stays."
    yield ""


async def narrate(script: Script, first: Awaitable[None], say: Say) -> None:
    """Say what happens as it happens; `first` is awaited for the first values."""
    begun = time.monotonic()
    await first
    say(f"{clock(_now())}  every metric has its values, after {time.monotonic() - begun:.1f} s")
    await asyncio.sleep((script.breaks - _now()) / 1000)
    say(f"{clock(_now())}  the service in {script.region} is broken")
    await asyncio.sleep((script.recovers - _now()) / 1000)
    say(f"{clock(_now())}  the service in {script.region} works again")


def clock(at: int) -> str:
    """Write a time as the clock on the wall shows it."""
    return datetime.fromtimestamp(at / 1000).strftime("%H:%M:%S")


def _now() -> int:
    return time.time_ns() // 1_000_000
