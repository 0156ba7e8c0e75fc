"""The worker: the one place where everything is built and wired."""

import asyncio
import gc
from collections.abc import Sequence

import structlog
from msgspec import structs

from stream import broker
from stream.client import Client
from stream.ending import unless
from stream.ground import Ground
from stream.health import Health
from stream.heartbeat import Heartbeat
from stream.layout import Names, topic_names, wanted
from stream.live.follower import Follower
from stream.owner import Owner
from stream.reader import Reader, hash_key
from stream.settings import Settings
from stream.sink.prometheus import Selection
from stream.sink.redis import RedisSink
from stream.sink.whole import Whole
from stream.telemetry import Telemetry
from stream.timing import Timing
from stream.transport.app import TransportSettings, build, quiet
from stream.transport.line import Line
from stream.web.address import AddressError
from stream.web.api import Api
from stream.web.server import Server
from stream.web.status import Reporter

SWALLOWED_S = 1.0  # after so long a cancelled task is cancelled again

log = structlog.get_logger(__name__)


async def serve(settings: Settings, ended: asyncio.Future[None]) -> None:
    """Run a worker until `ended` is done; then flush, leave the group and return.

    Raises `TopicError`, `BrokerError` or `AddressError` when it cannot start.
    """
    quiet()
    client = settings.kafka.client()
    names = await unless(ended, _prepare(settings, client))
    if names:
        await Worker(settings, client, names).run(ended)


async def _prepare(settings: Settings, client: Client) -> Names:
    """Wait for the broker, look at the source topics, make what is ours and missing."""
    await broker.wait_for_broker(client)
    names = topic_names(settings)
    found = await broker.sources(client, names.sources)
    await broker.apply(client, wanted(settings, found))
    counts = {name: one.partitions for name, one in found.items()}
    return structs.replace(names, partitions=counts)


class Worker:
    """One worker, wired from settings; `names` are those of topics that are there."""

    def __init__(self, settings: Settings, client: Client, names: Names) -> None:
        self._web = settings.web
        self.telemetry = Telemetry()
        self.telemetry.events.expect(names.sources)
        ground = _ground(settings, client, names)
        windows = settings.windows
        session = settings.kafka.session_timeout / 1000
        timing = Timing(windows.flush_every / 1000, windows.publish_every / 1000, session=session)

        def employ(line: Line) -> Owner:
            self.owner = Owner(ground, line, timing, self.telemetry)
            return self.owner

        self.app = build(_transport(settings, client, names), employ)
        if settings.kafka.delivery == "at_least_once":
            ground.commit_offset = self.app.line.commit
        self.heartbeat = Heartbeat(client, self.owner, names)
        health = Health(self.owner, self.app.line, session)
        plan = settings.plan()
        follower = Follower(client, names.updates, plan.keep_days())
        inputs = settings.topics.inputs()
        api = Api(plan, inputs, follower, Reporter(health, self.telemetry))
        self.server = Server(health, self.telemetry, _selection(settings), api)
        self._sinks = self._redis(settings, health)

    def _redis(self, settings: Settings, health: Health) -> list[RedisSink]:
        if settings.redis is None:
            return []
        failed = self.telemetry.sink_errors.labels("redis").inc
        suppresses = settings.privacy.min_n > 0
        sink = RedisSink(settings.redis.url, Whole(health.exported), failed, suppresses)
        self.owner.sinks.append(sink)
        return [sink]

    async def run(self, ended: asyncio.Future[None]) -> None:
        """Work until `ended` is done or the application crashes."""
        _spare_collector()
        try:
            await self.server.start(self._web.host, self._web.port)
        except OSError as error:
            raise AddressError(self._web, error) from error
        tasks = [
            asyncio.create_task(work)
            for work in (
                self._read(),
                self.owner.run(),
                self.heartbeat.run(),
                *(sink.run() for sink in self._sinks),
            )
        ]
        try:
            await asyncio.wait([ended, *tasks], return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            log.info("stopping")
            await _end(tasks[1:])
            await self.app.stop()
            await _end(tasks)
            await asyncio.gather(*(sink.close() for sink in self._sinks))
            await self.server.stop()
            log.info("stopped")

    async def _read(self) -> None:
        await self.app.start()
        await self.app.watch()


def _spare_collector() -> None:
    """Let the cyclic collector pass over what is here for good, and look for garbage seldom.

    An event's dimensions are a dict, which it counts: 5,000 of them a batch would set it off at
    each, to walk over a state that has no cycles.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel tasks until they have ended: a client library may swallow a cancellation."""
    while running := [task for task in tasks if not task.done()]:
        for task in running:
            task.cancel()
        await asyncio.wait(running, timeout=SWALLOWED_S)


def _ground(settings: Settings, client: Client, names: Names) -> Ground:
    plan = settings.plan()
    key = hash_key(settings.privacy.hash_key)
    readers = {name: Reader(source, plan, key) for name, source in names.sources.items()}
    return Ground(client, names, plan, readers)


def _transport(settings: Settings, client: Client, names: Names) -> TransportSettings:
    options = dict(client.options())
    options.pop("bootstrap_servers")
    return TransportSettings(
        bootstrap=client.bootstrap,
        group=names.group,
        lanes=(tuple(names.sources), (names.partials,)),
        session_timeout_ms=settings.kafka.session_timeout,
        heartbeat_interval_ms=max(100, min(1_000, settings.kafka.session_timeout // 5)),
        security=options,
    )


def _selection(settings: Settings) -> Selection:
    chosen = settings.prometheus
    return Selection(
        metrics=_set(chosen.metrics),
        windows=_set(chosen.windows),
        groupings=_set(chosen.groupings),
        max_series=chosen.max_series,
        min_n=settings.privacy.min_n,
    )


def _set(names: tuple[str, ...] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(names)
