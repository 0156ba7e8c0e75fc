"""The stage of the demo: servers, a worker, traffic and a narrator, in one process."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import msgspec

from metrics.duration import MINUTE, SECOND
from stream import broker
from stream.app import serve
from stream.demo import configuration, witness
from stream.demo.configuration import Place
from stream.demo.narrator import Say, narrate, opening
from stream.demo.script import Script
from stream.embedded.broker import broker as embedded_broker
from stream.embedded.latest import corrected
from stream.embedded.redis import redis as embedded_redis
from stream.embedded.server import Server
from stream.ending import end, unless, until_signal
from stream.feed import Feed
from stream.settings import Settings
from stream.topic import Topic

PARTITIONS = 2  # of each source topic


class Options(msgspec.Struct, frozen=True):
    """What the user chose."""

    port: int
    notes: str = ""
    """What is to be said of the port."""
    rate: float = 50.0
    seconds: float | None = None
    """None: until a signal."""
    bootstrap: str | None = None
    """None: the embedded broker."""
    breaks_after: int = MINUTE
    """When the service breaks, ms after the start, and for how long."""
    lasts: int = 90 * SECOND

    def script(self, start: int) -> Script:
        """Write what happens in a demo that starts now, in ms UTC."""
        return Script(start, self.rate, breaks_after=self.breaks_after, lasts=self.lasts)


class Set(msgspec.Struct, frozen=True):
    """What the demo plays on; `server` is the embedded broker, if it is that."""

    place: Place
    settings: Settings
    server: Server | None = None


async def play(options: Options, say: Say) -> None:
    """Play until a signal, the time given, or the broker's memory ends it.

    Raises `EmbeddedError`, `BrokerError`, `TopicError`, `ConfigError` or `OSError` when it cannot.
    """
    ended = until_signal()
    async with _built(options) as stage:
        await unless(ended, _topics(stage.settings))
        if ended.done():
            return
        script = options.script(time.time_ns() // 1_000_000)
        for line in opening(stage.place, script, options.notes):
            say(line)
        try:
            await _act(Act(stage, script, options.seconds, say, ended))
        except ExceptionGroup as group:
            raise group.exceptions[0] from None


@asynccontextmanager
async def _built(options: Options) -> AsyncIterator[Set]:
    """Start the servers; what is left of the demo on a broker of the user's is deleted."""
    async with embedded_redis() as redis:
        if options.bootstrap:
            group = f"ressenti-demo-{uuid.uuid4().hex[:8]}"
            place = Place(options.bootstrap, redis.address, options.port, group, f"{group}.")
            stage = Set(place, configuration.settings(place))
            try:
                yield stage
            finally:
                await _swept(stage)
        else:
            async with embedded_broker() as server:
                place = Place(server.address, redis.address, options.port, delivery="at_least_once")
                with corrected():
                    yield Set(place, configuration.settings(place), server)


async def _swept(stage: Set) -> None:
    with suppress(broker.BrokerError):
        await broker.delete(stage.settings.kafka.client(), stage.place.group)


async def _topics(settings: Settings) -> None:
    client = settings.kafka.client()
    await broker.wait_for_broker(client)
    names = settings.topics.inputs().values()
    await broker.apply(client, [Topic(name, PARTITIONS, {}) for name in names])


class Act(msgspec.Struct, frozen=True):
    """What goes on at once."""

    stage: Set
    script: Script
    seconds: float | None
    say: Say
    ended: asyncio.Future[None]


async def _act(act: Act) -> None:
    """Run everything until `ended`; the first failure ends all."""
    settings = act.stage.settings
    feed = Feed(settings.kafka.client(), settings.topics.inputs(), act.ended)
    seen = witness.first_values(f"http://127.0.0.1:{settings.web.port}/")
    async with asyncio.TaskGroup() as group:
        sides = [
            group.create_task(work)
            for work in (
                feed.run(act.script.lines()),
                narrate(act.script, seen, act.say),
                _after(act),
                _guard(act),
            )
        ]
        await serve(settings, act.ended)
        for side in sides:
            side.cancel()


async def _after(act: Act) -> None:
    if act.seconds is not None:
        await asyncio.sleep(act.seconds)
        end(act.ended)


async def _guard(act: Act) -> None:
    server = act.stage.server
    if server:
        await witness.until_full(server)
        act.say("The embedded broker never deletes anything and holds almost 2 GB: the demo ends.")
        end(act.ended)
