"""Redis: the newest value of every key as a hash, for applications that want one quickly.

What is offered waits, one update a key, until Redis takes it; the fold never waits. A script lets
no older value overwrite a newer one, so two owners may write at once. When Redis has lost its
memory, or was away, everything is offered again.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

import structlog
from redis import asyncio as redis
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError
from redis.retry import Retry

from metrics.update import Update, encode
from stream.sink.shown import Shown

KEYS = "cx:keys"
CHANNEL = "cx:updates"
AT_ONCE = 500  # updates in one pipeline
TIMEOUT_S = 5.0
FIRST_WAIT_S, LONGEST_WAIT_S = 0.2, 10.0

FIELDS = (
    *("value", "n", "margin", "low", "high", "status"),
    *("as_of", "revision", "window_start", "window_end"),
)

GUARDED = """
local newest = redis.call('HMGET', KEYS[1], 'revision', 'window_end')
if newest[1] then
  local held, offered = tonumber(newest[1]), tonumber(ARGV[1])
  if held > offered or (held == offered and newest[2] > ARGV[2]) then return 0 end
end
redis.call('DEL', KEYS[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[3])
if #ARGV == 3 then
  redis.call('ZREM', KEYS[2], KEYS[1])
  return 1
end
redis.call('HSET', KEYS[1], unpack(ARGV, 6))
redis.call('PEXPIREAT', KEYS[1], ARGV[4])
redis.call('ZADD', KEYS[2], ARGV[4], KEYS[1])
redis.call('PUBLISH', KEYS[3], ARGV[5])
return 1
"""
"""Arguments: revision, window end, now; and unless the key is to go: expiry, update, fields.

The hash is written anew, so that a null leaves no field behind.
"""

log = structlog.get_logger(__name__)


class RedisSink:
    """Writes to one Redis; `lost_memory` is called when everything must be offered again."""

    def __init__(
        self, url: str, lost_memory: Callable[[], None], failed: Callable[[], None]
    ) -> None:
        self._redis = redis.Redis.from_url(
            url,
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
        )
        self._lost_memory = lost_memory
        self._failed = failed
        self._waiting: dict[str, Shown] = {}
        self._stirred = asyncio.Event()
        self._script = ""

    def offer(self, shown: Iterable[Shown]) -> None:
        """Have updates written as soon as Redis takes them; a later one of a key replaces it."""
        for one in shown:
            self._waiting[key(one.update)] = one
        self._stirred.set()

    async def run(self) -> None:
        """Write until cancelled."""
        wait = FIRST_WAIT_S
        try:
            while True:
                await self._stirred.wait()
                if await self._write():
                    wait = FIRST_WAIT_S
                else:
                    await asyncio.sleep(wait)
                    wait = min(2 * wait, LONGEST_WAIT_S)
        finally:
            await self._redis.aclose()

    async def _write(self) -> bool:
        """Write some of what waits; what fails goes on waiting, unless something newer has come."""
        taken = dict(list(self._waiting.items())[:AT_ONCE])
        try:
            await self._send(taken)
        except (RedisError, OSError, TimeoutError) as error:
            self._note(error)
            return False
        for name, one in taken.items():
            if self._waiting.get(name) is one:
                del self._waiting[name]
        if not self._waiting:
            self._stirred.clear()
        return True

    async def _send(self, taken: dict[str, Shown]) -> None:
        if not self._script:
            self._script = await self._redis.script_load(GUARDED)
            self._lost_memory()
        async with self._redis.pipeline(transaction=False) as pipe:
            now = time.time_ns() // 1_000_000
            for name, one in taken.items():
                arguments = _arguments(one, now)
                pipe.evalsha(self._script, 3, name, KEYS, CHANNEL, *arguments)
            await pipe.execute()

    def _note(self, error: Exception) -> None:
        self._failed()
        # a server without our script has started anew: what it held before may be gone
        if self._script or not isinstance(error, NoScriptError):
            log.warning("redis does not take updates, trying again", error=type(error).__name__)
        self._script = ""


def key(update: Update) -> str:
    """Name the hash of an update: `cx:nps:default:24h:region=fr,product=web;scale=1-10`."""
    segment = _pairs([(name, update.segment[name]) for name in update.grouping]) or "all"
    by = _pairs(sorted(update.by.items()))
    name = f"cx:{update.metric}:{update.variant}:{update.window}:{segment}"
    return f"{name};{by}" if by else name


def _pairs(pairs: Iterable[tuple[str, str]]) -> str:
    return ",".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)


def _arguments(one: Shown, now: int) -> list[Any]:
    update = one.update
    guard: list[Any] = [update.revision, update.window_end, now]
    if one.suppressed:
        return guard
    fields: list[Any] = []
    for name in FIELDS:
        if (value := getattr(update, name)) is not None:
            fields += [name, repr(value) if isinstance(value, float) else value]
    return [*guard, now + one.lasts_ms, encode(update), *fields]
