"""Redis: the newest value of every key as a hash, for applications that want one quickly.

What is offered waits, one update a key, until Redis takes it; the fold never waits. While Redis is
away nothing is kept for it: whatever it may have missed or forgotten, every shard is told to it
whole once it is back. A script lets no older value overwrite a newer one, so two owners may write
at once.
"""

import asyncio
import random
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from math import inf

import structlog
from redis import asyncio as redis
from redis.asyncio.connection import AbstractConnection
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from stream.sink import guarded
from stream.sink.shown import OPEN_LASTS_MS, Shown
from stream.sink.whole import Whole

AT_ONCE = 200  # updates of either kind in one pipeline
MOST_WAITING = 20_000  # updates; when more wait, Redis is told everything at its own pace instead
TIMEOUT_S = 5.0
FIRST_WAIT_S, LONGEST_WAIT_S = 0.2, 5.0
IDLE_S = 1.0  # without news Redis is asked so often whether it is there and remembers
CLOSING_S = 2.0

log = structlog.get_logger(__name__)


class RedisSink:
    """Writes to one Redis what is offered, and `whole`; `failed` is called at each failure.

    `suppresses` says whether values may be suppressed.
    """

    def __init__(
        self, url: str, whole: Whole, failed: Callable[[], None], suppresses: bool = False
    ) -> None:
        self._redis = redis.Redis.from_url(
            url,
            protocol=2,
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
            redis_connect_func=self._greet,
        )
        self._whole = whole
        self._failed = failed
        self._suppresses = suppresses
        self._waiting: dict[str, Shown] = {}
        self._stirred = asyncio.Event()
        self.here: bool | None = None
        """Whether Redis takes updates; None before the first try."""
        self._tell_again = inf
        """When, by the monotonic clock."""
        self._witness = guarded.KEYS
        """What is there as long as Redis has not forgotten what we wrote."""

    def offer(self, shown: Iterable[Shown]) -> None:
        """Have updates written as soon as Redis takes them; a later one of a key replaces it."""
        if not self.here:
            return  # everything is told when it is back
        for one in shown:
            self._waiting[one.update.key()] = one
        if len(self._waiting) > MOST_WAITING:
            self._waiting.clear()
            self._whole.again()
        self._stirred.set()

    async def run(self) -> None:
        """Write until cancelled."""
        wait = FIRST_WAIT_S
        while True:
            if await self._turn():
                wait = FIRST_WAIT_S
            else:
                await asyncio.sleep(wait * random.uniform(0.5, 1))  # noqa: S311 # no secret
                wait = min(2 * wait, LONGEST_WAIT_S)

    async def close(self) -> None:
        """Write what still waits, if Redis takes it within moments; `run` has ended."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSING_S):
                while self._waiting and await self._turn():
                    pass
        await self._redis.aclose()

    async def _turn(self) -> bool:
        """Write some of what there is; return whether Redis took it."""
        news = dict(list(self._waiting.items())[:AT_ONCE])
        told = self._tell() if self.here else []
        taken = [*news.values(), *told]
        self._stirred.clear()
        try:
            async with asyncio.timeout(TIMEOUT_S):
                written = await self._write(taken)
        except (RedisError, OSError, TimeoutError) as error:
            await self._gone(error)
            return False
        if not self.here:
            self.here = True
            log.info("redis takes updates")
            return True
        if -1 in written[len(news) :]:
            self._tell_again = time.monotonic() + IDLE_S
        for name, one in news.items():
            if self._waiting.get(name) is one:
                del self._waiting[name]
        if not taken:
            await self._rest()
        return True

    def _tell(self) -> list[Shown]:
        """Compute what Redis is to be told next of the whole.

        What it refused is told anew a little later. A former owner whose clock is ahead may have
        written windows that end later, of the same revision: each heartbeat makes ours greater.
        """
        told = self._whole.take(AT_ONCE)
        if not told and self._tell_again < time.monotonic():
            self._tell_again = inf
            self._whole.again()
        return told

    async def _rest(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(IDLE_S):
                await self._stirred.wait()

    async def _greet(self, connection: AbstractConnection) -> None:
        """Begin a connection: who knows what the server at its other end holds."""
        await connection.on_connect()
        await connection.send_command("SCRIPT", "LOAD", guarded.SCRIPT)
        await connection.read_response()
        self._remind()

    def _remind(self) -> None:
        self._witness = guarded.KEYS
        self._whole.again()

    async def _write(self, taken: Sequence[Shown]) -> list[int]:
        """Write in one transaction, so that memory lost before it is seen in it, or in the next.

        Returns what the script says of each.
        """
        witness = self._witness
        names = [guarded.key(one.update) for one in taken]
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.exists(witness)
            for name, one in zip(names, taken, strict=True):
                keys = guarded.keys(name, self._suppresses)
                pipe.evalsha(guarded.DIGEST, len(keys), *keys, *guarded.arguments(one))
            remembers, *written = await pipe.execute()
        if not remembers and witness == self._witness != guarded.KEYS:
            log.warning("redis has forgotten what it held, writing all again")
            self._remind()
        for name, one, holds in zip(names, taken, written, strict=True):
            if holds > 0 and one.lasts_ms >= OPEN_LASTS_MS:
                self._witness = name
        return written

    async def _gone(self, error: Exception) -> None:
        """Forget what waits, and the connection, whatever state it is in."""
        self._failed()
        if self.here is not False:
            log.warning("redis does not take updates, trying again", reason=_reason(error))
        self.here = False
        self._waiting.clear()
        with suppress(RedisError, OSError, TimeoutError):
            await self._redis.connection_pool.disconnect()


def _reason(error: Exception) -> str:
    """Say what went wrong, without the command that it went wrong with."""
    words = str(error).rpartition(" of pipeline caused error: ")[2]
    return f"{type(error).__name__}: {words}" if words else type(error).__name__
