"""The thread that talks to the broker: aiokafka's consumer, as we want it."""

import asyncio
import time
from collections.abc import Coroutine, Iterable, Mapping
from math import inf
from typing import Any, TypeVar

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import ConsumerStoppedError, KafkaError
from faust.transport.drivers import aiokafka as driver

from stream.transport.assignor import EvenAssignor
from stream.transport.batch import TP, Batch
from stream.transport.intake import Parcel
from stream.transport.record import RECORDS, unpack

FETCH_WAIT_MS = 50  # the broker waits so long for records: no other fetch begins meanwhile
FETCH_BYTES = 16 << 20  # of a response
FETCH_BATCHES = 16  # of up to 4,000 records that one call unpacks: 10-20 ms of the thread
FETCH_LEAST = 4  # however much is held already: compressed, a response may be of one partition
MAIN_LOOP_TIMEOUT_MS = 60_000  # a worker whose loop hangs longer leaves the group
METADATA_AGE_MS = 30_000  # how late a topic that is created after the start is noticed
REBALANCE_TIMEOUT_MS = 30_000  # how long the group waits for a member that is flushing

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Thread(driver.AIOKafkaConsumerThread):
    """The thread that talks to the broker and keeps the membership alive."""

    consumer: Any
    heard = -inf
    """When the group last confirmed our membership, by the monotonic clock."""

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:
        settings = self.consumer.settings
        return AIOKafkaConsumer(
            bootstrap_servers=settings.bootstrap,
            client_id=settings.client_id,
            group_id=settings.group,
            session_timeout_ms=settings.session_timeout_ms,
            heartbeat_interval_ms=settings.heartbeat_interval_ms,
            rebalance_timeout_ms=REBALANCE_TIMEOUT_MS,
            max_poll_interval_ms=MAIN_LOOP_TIMEOUT_MS,
            metadata_max_age_ms=METADATA_AGE_MS,
            partition_assignment_strategy=[EvenAssignor()],
            enable_auto_commit=False,
            auto_offset_reset="none",  # records that are gone are a gap, never skipped in silence
            isolation_level="read_committed",
            fetch_max_wait_ms=FETCH_WAIT_MS,
            fetch_max_bytes=FETCH_BYTES,
            **settings.security,
        )

    async def on_start(self) -> None:
        """Connect, and have fetch responses unpacked into batches."""
        await super().on_start()
        unpack(self._ensure_consumer())
        self._listen(self._ensure_consumer()._coordinator)

    def _listen(self, coordinator: Any) -> None:
        """Note each heartbeat that is answered: a worker that hears none must show nothing.

        One that is refused is one without an answer: let out, the error would end the heartbeats
        for good, and with the session all that this worker does.
        """
        beat = coordinator._do_heartbeat

        async def do_heartbeat() -> bool:
            sent = time.monotonic()
            try:
                confirmed: bool = await beat()
            except KafkaError as error:
                log.warning("a heartbeat was refused", error=repr(error))
                return False
            if confirmed:
                self.heard = sent
            return confirmed

        coordinator._do_heartbeat = do_heartbeat

    async def on_thread_stop(self) -> None:
        """Leave the group and disconnect."""
        try:
            await super().on_thread_stop()
        except asyncio.CancelledError:
            # aiokafka's fetcher lets it out of `close` when it is waiting to try again
            await self._ensure_consumer()._client.close()

    async def _fetch_records(
        self,
        consumer: Any,
        active_partitions: Any,
        timeout: float | None = None,  # noqa: ASYNC109  # Faust's signature
        max_records: int | None = None,
    ) -> Any:
        if consumer._closed:
            raise ConsumerStoppedError
        room = self.consumer.intake.room() // RECORDS
        most = min(FETCH_BATCHES, max(FETCH_LEAST, room))
        fetched = await consumer._fetcher.fetched_records(active_partitions, timeout, most)
        return self._wrap(fetched)  # on this thread without a pause: no seek comes between

    def _wrap(self, fetched: Mapping[TP, list[Batch]]) -> Mapping[TP, list[Parcel]]:
        """Give batches with their reading.

        A call that aiokafka held back for a rebalance may end before Faust lets anything flow, and
        what it gives would be thrown away, the last records of a partition for ever: it is given
        back to the fetcher, by a seek to where it began.
        """
        intake = self.consumer.intake
        readings = {tp: found for tp in fetched if (found := intake.reading(tp))}
        if not intake.is_open:
            for tp in readings:
                self._ensure_consumer().seek(tp, fetched[tp][0].first)
            return {}
        return {
            tp: [Parcel(reading, batch) for batch in fetched[tp]]
            for tp, reading in readings.items()
        }

    async def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` on this thread's loop, beside what its queue of methods is busy with."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self.thread_loop))

    async def begin(self, positions: Mapping[TP, int]) -> None:
        """Seek those of the partitions that are assigned, and fetch them."""
        consumer = self._ensure_consumer()
        held = {tp: at for tp, at in positions.items() if tp in consumer.assignment()}
        for tp, position in held.items():
            consumer.seek(tp, position)
        self.consumer.intake.begin(held)
        consumer.resume(*held)

    async def end(self, tps: frozenset[TP]) -> None:
        """Fetch these partitions no more."""
        consumer = self._ensure_consumer()
        consumer.pause(*tps & consumer.assignment())

    async def commit_offsets(self, offsets: Mapping[TP, int]) -> None:
        """Commit offsets for the group, as a member of it."""
        await self._ensure_consumer().commit(offsets)

    async def bounds(self, tp: TP) -> tuple[int, int]:
        """Ask the broker for the first offset of a partition and the end of what can be read."""
        consumer = self._ensure_consumer()
        first, last = await consumer.beginning_offsets([tp]), await consumer.end_offsets([tp])
        return first[tp], last[tp]

    async def live(self) -> None:
        """Tell the coordinator that the application's loop turns, be it busy or waiting.

        Raises what went wrong in the group since: the coordinator waits until somebody has asked,
        and in a rebalance nobody fetches.
        """
        consumer: Any = self._ensure_consumer()
        with consumer._subscription.fetch_context():
            pass
        coordinator = consumer._coordinator
        if coordinator is None:
            return  # it is still connecting
        if coordinator._coordination_task.cancelled():
            raise KafkaError("the task that keeps us in the group was cancelled")
        _revive(coordinator, consumer._subscription.subscription)
        coordinator.check_errors()


def _revive(coordinator: Any, subscription: Any) -> None:
    """Begin again what an error has ended: aiokafka does so only with the next join.

    Without heartbeats the session ends; without the group's offsets, which it asks for first and
    waits for, nothing is fetched.
    """
    if _failed(coordinator._heartbeat_task):
        coordinator._heartbeat_task = None
        coordinator._start_heartbeat_task()
    assignment = subscription and subscription.assignment
    if assignment and assignment.active and _failed(coordinator._commit_refresh_task):
        coordinator.start_commit_offsets_refresh_task(assignment)


def _failed(task: asyncio.Task[None] | None) -> bool:
    return bool(task and task.done() and not task.cancelled() and task.exception())


class Listener(driver.ConsumerRebalanceListener):
    """Rebalance callbacks, on the consumer's thread."""

    async def on_partitions_assigned(self, assigned: Iterable[TP]) -> None:
        """Fetch nothing of an assignment until its owner has said from where."""
        self._thread._ensure_consumer().pause(*assigned)
        await super().on_partitions_assigned(assigned)
