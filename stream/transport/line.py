"""What an owner may ask of the transport."""

import asyncio
from collections.abc import Callable, Iterable, Mapping

from stream.state.flush import Offset
from stream.transport.batch import TP
from stream.transport.consumer import Consumer

COMMITTED_TIMEOUT = 10.0  # seconds


class Line:
    """An owner's line to its partitions; to be used on the application's loop, once it runs."""

    def __init__(self, consumer: Callable[[], Consumer]) -> None:
        self._find = consumer

    def assignment(self) -> frozenset[TP]:
        """Return the partitions that the group gives to this worker now."""
        return self._find().assigned()

    async def seek(self, positions: Mapping[TP, int]) -> None:
        """Read these partitions from these offsets, paused ones too; at any time.

        The next batch that `absorb` gets begins there; what was fetched before is thrown away.
        Partitions that are not assigned any more are passed over.
        """
        await self._find().begin(positions)

    async def pause(self, tps: Iterable[TP]) -> None:
        """Read these partitions no more until `seek`; what was fetched is thrown away."""
        await self._find().end(frozenset(tps))

    async def committed(self, tp: TP) -> int | None:
        """Ask the broker for the group's offset: a second opinion, never the position.

        None when there is none, which a broker that was just restarted says of any partition.
        Raises `TimeoutError` after 10 s, or aiokafka's `KafkaError`.
        """
        async with asyncio.timeout(COMMITTED_TIMEOUT):  # `wait_for` may swallow a cancellation
            return await self._find().committed(tp)

    async def commit(self, offset: Offset) -> None:
        """Commit an offset for the group: where the broker has no transactions to do it in."""
        await self._find().commit_offsets({offset.tp: offset.next})

    def silence(self) -> float:
        """Say for how many seconds the group has not confirmed that we are a member of it."""
        return self._find().silence()

    def end_offset(self, tp: TP) -> int | None:
        """Return the end of what can be read, as the last fetch response told (LSO).

        Below an open transaction, so it may be less than the high watermark. None before the first
        response, or when the partition is not assigned; old while the partition is paused.
        """
        return self._find().end_offset(tp)

    def position(self, tp: TP) -> int | None:
        """Return the offset at which the next batch for `absorb` begins, None when it is not read.

        With `end_offset` it tells the lag and whether a partition is drained.
        """
        reading = self._find().intake.reading(tp)
        return reading.position if reading else None
