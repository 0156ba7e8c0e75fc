"""Builds the Faust application around an owner."""

import logging
from collections.abc import AsyncIterable, Callable, Mapping
from typing import Any, cast

import faust
import msgspec
from faust.app.base import BootStrategy
from faust.tables.manager import TableManager
from faust.transport.drivers import aiokafka as driver
from mode.supervisors import CrashingSupervisor

from stream.transport.consumer import Consumer
from stream.transport.handover import Handover
from stream.transport.intake import Parcel
from stream.transport.line import Line
from stream.transport.owner import Owner


class TransportSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where and how to read."""

    bootstrap: str
    """Brokers as aiokafka takes them: `host:port,host:port`."""
    group: str
    lanes: tuple[tuple[str, ...], ...]
    """Topics to read, one Faust agent per inner tuple: a slow lane does not hold up another."""
    client_id: str = "ressenti"
    session_timeout_ms: int = 10_000
    heartbeat_interval_ms: int = 1_000
    security: Mapping[str, Any] = {}
    """More arguments for `AIOKafkaConsumer`: `security_protocol`, `ssl_context`, `sasl_*`."""
    buffer_records: int = 100_000
    """Records fetched ahead of the owner, all partitions together."""
    buffer_bytes: int = 64 << 20
    """Bytes of their values; the objects around them take twice as much again."""


class Transport(driver.Transport):
    """Faust's Kafka transport with our consumer."""

    Consumer = Consumer


class Boot(BootStrategy):
    """What Faust starts: consumer, agents, conductor, recovery; no producer, no web server."""

    enable_kafka_producer = False
    enable_web = False


class Tables(TableManager):
    """Faust's tables: there are none, so they are not waited for, as Faust would for a second."""

    async def on_start(self) -> None:
        """Start what claims partitions."""
        if not self.should_stop:
            await self._update_channels()
            await self.recovery.start()


class Schema(faust.Schema[Any, Any]):
    """Passes parcels on as they are."""

    def compile(self, app: Any, **_: Any) -> Any:
        """Return the decoder."""

        async def decode(message: Any, *, propagate: bool = False) -> Any:
            return app.create_event(None, message.value, None, message)

        return decode


class App(faust.App):
    """A Faust application that reads batches for one owner. Use `build`.

    `await app.start()` returns before the first claim, or raises when no broker answers; `await
    app.stop()` flushes and leaves the group. It creates no topic, no file and no signal handler,
    and runs on the present loop.
    """

    BootStrategy = Boot

    def __init__(self, settings: TransportSettings, employ: Callable[[Line], Owner]) -> None:
        self.settings = settings
        super().__init__(settings.group, **_faust_options(settings))
        self.line = Line(self._reader)
        self.handover = Handover(employ(self.line), self.line, lambda: self._reader().intake)
        self.on_rebalance_complete.connect(self.handover.claim)
        self.on_partitions_revoked.connect(self.handover.revoke)
        self.on_before_shutdown.connect(self.handover.stop)
        for topics in settings.lanes:
            self._add_lane(topics)

    async def _wait_for_table_recovery_completed(self) -> bool:
        """Start without waiting for the first claim: it may take long, and a stop must get in."""
        return False

    async def watch(self) -> None:
        """Return when the application has stopped; raise what crashed it."""
        await self.wait_until_stopped()
        if self.crash_reason:
            raise self.crash_reason

    def on_rebalance_end(self) -> None:
        """Let batches flow: from here on Faust empties its queues no more."""
        super().on_rebalance_end()
        self._reader().intake.open()

    def _reader(self) -> Consumer:
        return cast(Consumer, self.consumer)

    def _add_lane(self, topics: tuple[str, ...]) -> None:
        channel = self.topic(*topics, schema=Schema(), acks=False)

        async def read(stream: AsyncIterable[Parcel]) -> None:
            async for parcel in stream:
                await self.handover.deliver(parcel)

        self.agent(channel, name=topics[0], supervisor_strategy=CrashingSupervisor)(read)

    def _new_transport(self) -> Transport:
        return Transport(self.conf.broker_consumer, self)

    def _create_directories(self) -> None:
        """Create none: no state of ours is in files."""


def build(settings: TransportSettings, employ: Callable[[Line], Owner]) -> App:
    """Return an application that reads the lanes for `employ(line)`; nothing connects yet."""
    return App(settings, employ)


def quiet() -> None:
    """Let Faust, mode and aiokafka log warnings and errors only, and no timer that is late."""
    for name in ("faust", "mode", "aiokafka"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("mode.timers").setLevel(logging.ERROR)


def _faust_options(settings: TransportSettings) -> dict[str, Any]:
    return {
        "broker": [f"kafka://{host.strip()}" for host in settings.bootstrap.split(",")],
        "autodiscover": False,
        "web_enabled": False,
        "topic_allow_declare": False,
        "topic_disable_leader": True,
        "stream_wait_empty": False,
        "TableManager": Tables,
    }
