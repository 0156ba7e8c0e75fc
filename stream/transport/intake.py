"""What is being read, and how much of it waits for its owner."""

import asyncio
import threading
from collections.abc import Iterable, Mapping

import msgspec

from stream.transport.batch import TP, Batch

FIXED_WEIGHT = 100  # records that a batch counts at least, for what it costs by itself


class Reading:
    """One stretch of reading a partition, from a seek to the next seek or revocation."""

    __slots__ = ("position", "records", "size")

    def __init__(self, position: int) -> None:
        self.position = position
        """The offset at which the next batch for the owner must begin."""
        self.records = 0
        """Records fetched and not absorbed yet; a batch counts at least `FIXED_WEIGHT`."""
        self.size = 0
        """Bytes of their values and headers."""


class Parcel(msgspec.Struct):
    """A batch on its way to the owner, with the reading that fetched it."""

    reading: Reading
    batch: Batch


class Intake:
    """The readings of a consumer, and the bound on what they hold.

    At most about `records` and `size` bytes are held for all partitions together, plus one fetch
    for each: every partition has an equal share, so a slow one starves no other. Nothing is wanted
    while the intake is closed: Faust empties its queues when a rebalance ends, and what is fetched
    before that would be lost. `begin` may be called on any thread, everything else on the
    application's loop only.
    """

    def __init__(self, records: int, size: int) -> None:
        self._records = records
        self._size = size
        self._readings: Mapping[TP, Reading] = {}  # replaced, never changed: two threads read it
        self._lock = threading.Lock()
        self._open = False
        self._stirred = asyncio.Event()

    def begin(self, positions: Mapping[TP, int]) -> None:
        """Start to read at these offsets; what was fetched of the partitions before is void."""
        begun = {tp: Reading(position) for tp, position in positions.items()}
        with self._lock:
            self._readings = {**self._readings, **begun}

    def end(self, tps: Iterable[TP]) -> None:
        """Read these partitions no more; what was fetched of them is void."""
        ended = frozenset(tps)
        with self._lock:
            self._readings = {tp: r for tp, r in self._readings.items() if tp not in ended}

    def close(self) -> None:
        """Read nothing until `open`; everything that was fetched is void."""
        self._open = False
        self.end(self._readings)

    def open(self) -> None:
        """Let readings flow that have begun since `close`, and later ones."""
        self._open = True
        self.stir()

    @property
    def is_open(self) -> bool:
        """Whether what is fetched now reaches its owner; may be asked on any thread."""
        return self._open

    def stir(self) -> None:
        """Wake up who waits for something to read."""
        self._stirred.set()

    def reading(self, tp: TP) -> Reading | None:
        """Return the partition's present reading, None when it is not read."""
        return self._readings.get(tp)

    def wanted(self) -> frozenset[TP]:
        """Return the partitions that have room for another fetch."""
        readings = self._readings
        if not self._open or not readings:
            return frozenset()
        records, size = self._records // len(readings), self._size // len(readings)
        return frozenset(
            tp
            for tp, r in readings.items()
            if not r.records or (r.records < records and r.size < size)
        )

    def room(self) -> int:
        """Return how many records more may be held, all partitions together; 0 or less: none."""
        return self._records - sum(reading.records for reading in self._readings.values())

    def all_wanted(self, wanted: frozenset[TP]) -> bool:
        """Say whether no partition is held back for want of room."""
        return len(wanted) == len(self._readings)

    async def wait(self, seconds: float) -> None:
        """Wait until there may be something to read again, or the time is over."""
        self._stirred.clear()
        try:
            await asyncio.wait_for(self._stirred.wait(), seconds)
        except TimeoutError:
            return

    def put(self, parcel: Parcel) -> None:
        """Count a parcel in."""
        parcel.reading.records += max(FIXED_WEIGHT, len(parcel.batch.values))
        parcel.reading.size += parcel.batch.size

    def take(self, parcel: Parcel) -> None:
        """Count a parcel out."""
        parcel.reading.records -= max(FIXED_WEIGHT, len(parcel.batch.values))
        parcel.reading.size -= parcel.batch.size
        self.stir()
