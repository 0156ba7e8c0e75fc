"""The Redis sink on real servers: Debian's Redis and the Valkey of the demo's wheel."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from redis import asyncio as redis

from metrics.update import Update
from stream.sink.redis import RedisSink
from stream.sink.shown import Shown
from stream.sink.whole import Whole
from tests.service.redis import PROGRAMS, Redis

DAY_MS = 86_400_000
KEY = "cx:nps:default:24h:region=f%20r,product=web"
CSAT, CES = KEY.replace("nps", "csat"), KEY.replace("nps", "ces")
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


@asynccontextmanager
async def sink(server: Redis, suppresses: bool = False) -> AsyncIterator[RedisSink]:
    """Give a sink that has reached its server, with no shards to tell of."""
    made = RedisSink(server.url, Whole(list), lambda: None, suppresses)
    task = asyncio.create_task(made.run())
    try:
        await until_here(made, True)
        yield made
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await made.close()


async def until_here(made: RedisSink, here: bool) -> None:
    """Wait until the sink has reached its server, or noticed that it is away."""
    async with asyncio.timeout(20):
        while True:
            if made.here is here:
                return
            await asyncio.sleep(0.01)


@asynccontextmanager
async def reader(server: Redis) -> AsyncIterator[Any]:
    """Give a client that reads text."""
    client = redis.Redis.from_url(server.url, decode_responses=True)
    try:
        yield client
    finally:
        await client.aclose()


def shown(**changes: Any) -> Shown:
    """An update with some fields changed, of either record."""
    one = {
        name: changes.pop(name) for name in {"suppressed", "lasts_ms", "corrects"} & changes.keys()
    }
    one = {"suppressed": False, "lasts_ms": DAY_MS, **one}
    return Shown(msgspec.structs.replace(UPDATE, **changes), **one)


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
    async with sink(server) as made, reader(server) as client:
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
        assert abs(expiry - await clock(client) - left) < 1_000


async def clock(client: Any) -> int:
    """The server's time, in milliseconds."""
    seconds, micros = await client.time()
    return int(seconds * 1000 + micros // 1000)


async def test_null_removes_its_field_and_by_is_a_suffix(server: Redis) -> None:
    """No data: value and margin are gone, n is 0 and the status says why."""
    nothing = {"margin": None, "low": None, "high": None, "value": None, "status": "no_data"}
    async with sink(server) as made, reader(server) as client:
        made.offer([shown()])
        await until(client, bool)
        made.offer([shown(**nothing, n=0, revision=1 << 42)])
        held = await until(client, lambda held: held.get("n") == "0")
        assert held["status"] == "no_data"
        assert not {"margin", "low", "high", "value"} & held.keys()
        made.offer([shown(by={"scale": "1-10"})])
        await until(client, bool, f"{KEY};scale=1-10")


async def test_what_has_expired_is_not_listed(server: Redis) -> None:
    """By Redis's own clock: the next write takes it off the list."""
    async with sink(server) as made, reader(server) as client:
        made.offer([shown(lasts_ms=1)])
        await until(client, lambda held: not held)
        made.offer([shown(metric="csat")])
        await until(client, bool, CSAT)
        assert await client.zrange("cx:keys", 0, -1) == [CSAT]


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        ({"revision": 9}, {"revision": 8, "window_end": "2027-01-01T00:00:00.000Z"}),
        ({"revision": 10}, {"revision": 9}),
        ({"revision": (1 << 62) + 1}, {"revision": 1 << 62}),
        ({"window_end": "2026-11-22T10:10:00.000Z"}, {"window_end": "2026-11-22T10:05:00.000Z"}),
        ({"revision": 10, "n": 0, "suppressed": True}, {"revision": 9}),
    ],
)
async def test_an_older_value_never_overwrites_a_newer_one(
    server: Redis, newer: dict[str, Any], older: dict[str, Any]
) -> None:
    """Two owners hand over: the later one has written, then the former one's last value comes.

    It is not published either.
    """
    async with sink(server, True) as heir, sink(server, True) as former, reader(server) as client:
        async with client.pubsub() as channel:
            await channel.subscribe("cx:updates")
            await channel.get_message(timeout=5)
            heir.offer([shown(**{"n": 2, **newer}), shown(metric="ces")])
            await until(client, bool, CES)
            former.offer([shown(n=1, **older), shown(metric="csat")])
            await until(client, bool, CSAT)
            is_suppressed = newer.get("suppressed", False)
            published = [await published_n(channel) for _ in range(2 if is_suppressed else 3)]
        assert published == ([100, 100] if is_suppressed else [2, 100, 100])
        assert (await client.hgetall(KEY)).get("n") == (None if is_suppressed else "2")


async def published_n(channel: Any) -> int:
    """Wait for the next update and give its n."""
    async with asyncio.timeout(10):
        while (message := await channel.get_message(True, timeout=1)) is None:
            pass
    return msgspec.json.decode(message["data"], type=Update).n


async def test_a_suppressed_value_goes_and_comes_back(server: Redis) -> None:
    """What `min_n` hides leaves no hash and no listing; enough samples bring it back."""
    async with sink(server, True) as made, reader(server) as client:
        made.offer([shown()])
        await until(client, bool)
        made.offer([shown(suppressed=True)])
        await until(client, lambda held: not held)
        assert await client.keys("cx:*") == []
        made.offer([shown(revision=1 << 42)])
        await until(client, bool)
        assert set(await client.keys()) == {KEY, "cx:keys"}


async def test_a_correction_to_nothing_brings_no_key_up(server: Redis) -> None:
    """It replaces the value of a closed window that is there."""
    nothing = {"n": 0, "value": None, "corrects": True}
    async with sink(server) as made, reader(server) as client:
        made.offer([shown(metric="csat"), shown(**nothing)])
        await until(client, bool, CSAT)
        made.offer([shown(metric="csat", **nothing)])
        await until(client, lambda held: held.get("n") == "0", CSAT)
        assert set(await client.keys()) == {CSAT, "cx:keys"}


async def test_another_kind_of_key_in_the_way_is_replaced(server: Redis) -> None:
    """It would otherwise stop every update that shares its pipeline."""
    async with sink(server) as made, reader(server) as client:
        await client.set(KEY, "not a hash")
        made.offer([shown(metric="csat"), shown()])
        await until(client, bool)


async def test_what_is_offered_while_redis_is_away_is_not_kept(server: Redis) -> None:
    """Memory is bounded; everything is told when it is back, from the state (`Whole`)."""
    async with sink(server) as made, reader(server) as client:
        server.kill()
        made.offer([shown(metric="csat")])
        await until_here(made, False)
        made.offer([shown(metric="ces")])
        await asyncio.to_thread(server.start)
        await until_here(made, True)
        made.offer([shown()])
        await until(client, bool)
        assert set(await client.keys()) == {KEY, "cx:keys"}


async def test_the_last_values_are_written_before_the_worker_ends(server: Redis) -> None:
    """A worker flushes once more after its tasks have ended: that is offered, too."""
    made = RedisSink(server.url, Whole(list), lambda: None)
    task = asyncio.create_task(made.run())
    await until_here(made, True)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    made.offer([shown()])
    await made.close()
    async with reader(server) as client:
        assert await client.exists(KEY)
