"""Faust's Kafka consumer, changed to deliver whole batches and to remember nothing."""

import time
from collections.abc import Mapping
from typing import Any, cast

import structlog
from aiokafka.errors import KafkaError, NoOffsetForPartitionError, OffsetOutOfRangeError
from faust.transport.drivers import aiokafka as driver
from faust.types import ConsumerMessage
from mode import Service

from stream.transport.batch import TP
from stream.transport.intake import Intake, Parcel
from stream.transport.thread import Listener, Thread

ERROR_PAUSE = 1.0  # seconds after an error of the consumer, before it is asked again
SILENCE = 0.1  # seconds to wait for records; a partition sought meanwhile waits as long
HELD_BACK = 0.01  # the same while a partition without room has records ready

log = structlog.get_logger(__name__)


class Forgetful(dict[TP, int | None]):
    """Faust's read offsets: always None, or it would drop what is read again after a seek."""

    def __getitem__(self, tp: TP) -> None:
        """Know nothing."""
        return

    def __setitem__(self, tp: TP, offset: int | None) -> None:
        """Keep nothing."""


class Consumer(driver.Consumer):
    """Delivers parcels to Faust's conductor; positions are the owner's business alone."""

    RebalanceListener = Listener
    app: Any
    _thread: Thread

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.settings = self.app.settings
        self.intake = Intake(self.settings.buffer_records, self.settings.buffer_bytes)
        self._read_offset: Any = Forgetful()

    def _new_consumer_thread(self) -> Thread:
        return Thread(self, loop=self.loop, beacon=self.beacon)

    async def begin(self, positions: Mapping[TP, int]) -> None:
        """Read the partitions from these offsets."""
        await self._thread.call(self._thread.begin(positions))
        self.intake.stir()

    async def end(self, tps: frozenset[TP]) -> None:
        """Read the partitions no more."""
        self.intake.end(tps)
        await self._thread.call(self._thread.end(tps))

    async def committed(self, tp: TP) -> int | None:
        """Return the group's offset."""
        consumer = self._thread._ensure_consumer()
        return cast(int | None, await self._thread.call(consumer.committed(tp)))

    async def commit_offsets(self, offsets: Mapping[TP, int]) -> None:
        """Commit offsets for the group."""
        await self._thread.call(self._thread.commit_offsets(offsets))

    def silence(self) -> float:
        """Say for how many seconds the group has not confirmed our membership."""
        return time.monotonic() - self._thread.heard

    def assigned(self) -> frozenset[TP]:
        """Return the present assignment, empty before there is one."""
        consumer = self._thread._consumer
        return frozenset(consumer.assignment()) if consumer else frozenset()

    def end_offset(self, tp: TP) -> int | None:
        """Return the last stable offset of the last fetch response."""
        consumer = self._thread._consumer
        subscription = consumer and consumer._subscription.subscription
        assignment = subscription and subscription.assignment
        state = assignment and assignment.state_value(tp)
        return cast(int | None, state.lso) if state else None

    def highwater(self, tp: Any) -> int:
        """Return the partition's end for Faust's monitor, which must not fail in a rebalance."""
        return self.end_offset(tp) or 0

    async def _wait_next_records(self, timeout: float) -> tuple[Any, None]:  # noqa: ASYNC109
        if not self.flow_active:
            await self.wait(self.can_resume_flow.wait())
        try:
            return await self._fetch(), None
        except NoOffsetForPartitionError:
            pass  # assigned while we were waiting, and not claimed yet
        except OffsetOutOfRangeError as error:
            await self._report_gaps(error.args[0])
        except KafkaError as error:
            self._raise_if_over()
            log.warning("reading from the broker failed, trying again", error=repr(error))
            await self.sleep(ERROR_PAUSE)
        return {}, None

    async def _fetch(self) -> Mapping[TP, list[Parcel]]:
        wanted = self.intake.wanted()
        if not wanted:
            await self.intake.wait(SILENCE)
            return {}
        longest = SILENCE if self.intake.all_wanted(wanted) else HELD_BACK
        fetched: Any = await self._thread.getmany(cast(Any, wanted), longest)
        for parcels in fetched.values():
            for parcel in parcels:
                self.intake.put(parcel)
        return cast(Mapping[TP, list[Parcel]], fetched)

    async def _report_gaps(self, positions: Mapping[TP, int]) -> None:
        for tp, position in positions.items():
            if await self._is_gone(tp, position):
                await self.end(frozenset([tp]))
                await self.app.handover.gap(tp, position)
            else:  # a broker that has just taken the partition over may be wrong for a moment
                await self.sleep(ERROR_PAUSE)

    async def _is_gone(self, tp: TP, position: int) -> bool:
        try:
            start, end = await self._thread.call(self._thread.bounds(tp))
        except KafkaError:
            return False  # the next fetch asks again
        return not start <= position <= end

    def _raise_if_over(self) -> None:
        """Raise what ended aiokafka's own tasks: then no waiting helps, only a new process."""
        consumer: Any = self._thread._ensure_consumer()
        for task in (consumer._coordinator._coordination_task, consumer._fetcher._fetch_task):
            if task.cancelled() and not self.should_stop:
                raise KafkaError("a task of the consumer was cancelled")
            if task.done() and not self.should_stop:
                task.result()

    def _to_message(self, tp: Any, record: Any) -> ConsumerMessage:
        last, generation = record.batch.next - 1, self.app.consumer_generation_id
        message: Any = (*tp, last, 0.0, 0, None, None, record, None, 0, 0, tp)
        return ConsumerMessage(*message, generation_id=generation)  # type: ignore[misc]

    @Service.task
    async def _live(self) -> None:
        async for _ in self.itertimer(1.0, name="live"):
            try:
                await self._thread.call(self._thread.live())
            except KafkaError as error:
                self._raise_if_over()
                log.warning("the group was not reached, trying again", error=repr(error))

    async def perform_seek(self) -> None:
        """Leave positions alone: the owner has sought when it claimed."""

    async def wait_empty(self) -> None:
        """Wait for nothing: acknowledgements are off."""

    def on_buffer_full(self, tp: Any) -> None:
        """Leave back-pressure to the intake."""

    def on_buffer_drop(self, tp: Any) -> None:
        """Leave back-pressure to the intake."""

    def verify_event_path(self, now: float, tp: Any) -> None:
        """Judge nothing: without commits every partition would look stuck."""

    def close(self) -> None:
        """Leave closing to the thread, which also leaves the group."""
