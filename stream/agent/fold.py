"""Stage 1: one source partition. Batches in; deltas, ids, dead letters and the offset out.

The state of a partition is its position, its watermark, the ids it remembers and its entities:
rows of a compacted topic, written in the transaction that sends the deltas. The deltas themselves
are not kept: they count exactly once, because they leave with the position that they bring.
"""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Self
from zlib import crc32

import msgspec

from metrics.admission import NEVER, Admission, Chunk
from metrics.columns import Columns
from metrics.outcome import Outcome, judge
from metrics.overlay import Overlay
from metrics.plan import Plan
from metrics.slice import Rung, slice_start
from stream import partial
from stream.agent.correction import Corrections
from stream.codec import Bad
from stream.reader import Reader, Taken
from stream.state.flush import Flush, Offset, Record
from stream.tally import Tally
from stream.transport.batch import TP, Batch

FULL = 100_000  # events folded since the last flush
FULL_BYTES = 16 << 20  # of dead letters since the last flush
POSITION = b"@"
IDS = b"ids/"

_encode = msgspec.msgpack.Encoder().encode


class Mark(msgspec.Struct, array_like=True, frozen=True):
    """The last record that was folded: by it a topic that was made anew under its name is told."""

    offset: int
    timestamp: int
    checksum: int

    @classmethod
    def of(cls, offset: int, timestamp: int, value: bytes | None) -> Self:
        """Mark a record; the checksum says nothing of the value."""
        return cls(offset, timestamp, crc32(value or b""))


class Place(msgspec.Struct, array_like=True, frozen=True):
    """The position row of a source partition: all that goes on from here."""

    position: int
    watermark: int | None
    chunks: int
    mark: Mark | None = None


class Target(msgspec.Struct, frozen=True):
    """Where a source partition's flushes go: topics, the group, the number of shards."""

    group: str
    partials: str
    shards: int
    dead_letters: str
    state: str


class FoldShard:
    """One source partition that this worker owns; `position` is the next offset to fold."""

    def __init__(self, tp: TP, reader: Reader, plan: Plan, target: Target) -> None:
        self.tp = tp
        self.position = 0
        self.waiting = True
        """Whether there is input beyond what is committed, or nobody knows; the owner's to say."""
        self.folded_since = 0
        self._reader = reader
        self._fine = plan.fine()
        self._skew = plan.future_skew
        self._target = target
        self._admission = Admission(plan.bounds(reader.source))
        self._overlay = Overlay(reader.source, plan.roll_up())
        self._corrections = Corrections(reader.source, plan)
        self._letters: list[Record] = []
        self._letters_size = 0
        self._chunks = 0
        self._last: tuple[int, int, bytes | None] | None = None
        self.mark: Mark | None = None
        self._flushed = -1
        self.committed = self.progress()
        """How far the partition has come for good: what others may be told."""
        self.outcomes: Counter[str] = Counter()
        self._tally = Tally()

    def restore(self, rows: Mapping[bytes, bytes], start: int) -> Self:
        """Go on from recovered rows; without any from the offset `start`."""
        place = msgspec.msgpack.decode(rows[POSITION], type=Place) if POSITION in rows else None
        self.position = place.position if place else start
        self._flushed = self.position if place else -1
        if place:
            self._admission.watermark = place.watermark
            self._chunks = place.chunks
            self.mark = place.mark
        chunks = [
            (int(key[len(IDS) :]), msgspec.msgpack.decode(row, type=Chunk))
            for key, row in rows.items()
            if key.startswith(IDS)
        ]
        self._admission.restore(chunks)
        self._corrections.restore(rows)
        self.committed = self.progress()
        return self

    @property
    def watermark(self) -> int | None:
        """The largest accepted `at` of the partition, milliseconds UTC."""
        return self._admission.watermark

    @property
    def dirty(self) -> bool:
        """Whether there is anything to flush."""
        return self.position != self._flushed

    @property
    def full(self) -> bool:
        """Whether so much has happened since the last flush that no more may, before the next."""
        return self.folded_since > FULL or self._letters_size > FULL_BYTES

    def progress(self) -> partial.Progress:
        """Say how far the partition has come."""
        return partial.Progress(*self.tp, self.position, self.watermark, self.waiting)

    def absorb(self, batch: Batch) -> None:
        """Fold a batch that begins at the position."""
        taken = self._reader.read(batch.values)
        before = self.watermark
        outcome = judge(self._admission, taken.columns, self._limits(batch, taken))
        self._overlay.add(taken.columns.only(outcome.alone))
        if taken.columns.revisions:
            self._revise(taken.columns, outcome, before)
        self._bury(batch, taken, outcome)
        self._count(taken, outcome)
        if batch.records:
            last = batch.records[-1]
            self._last = last.offset, last.timestamp, batch.values[-1]
        self.position = batch.next
        self.folded_since += len(batch.values)

    def _revise(self, columns: Columns, outcome: Outcome, before: int | None) -> None:
        """Apply the events that belong to an entity; each is told of, whether it wins or not."""
        accepted = outcome.verdict.accepted
        corrected = self._corrections.absorb(columns, accepted, before, self._overlay)
        self._tally.corrections += corrected
        self._tally.cells.update(
            cell
            for row in outcome.folded
            if row in columns.revisions and (cell := columns.cells[row]) is not None
        )

    def _limits(self, batch: Batch, taken: Taken) -> Sequence[int] | int:
        if not batch.append_time:
            return time.time_ns() // 1_000_000 + self._skew
        return [batch.records[row].timestamp + self._skew for row in taken.rows]

    def _bury(self, batch: Batch, taken: Taken, outcome: Outcome) -> None:
        verdict = outcome.verdict
        for bad in taken.bad:
            self._letters.append(self._letter(batch, bad))
        for reason, detail, rows in (
            ("late", "at: expected within the allowed lateness of the watermark", verdict.late),
            ("future", "at: expected at most the future skew ahead of the clock", verdict.future),
        ):
            for row in rows:
                self._letters.append(self._letter(batch, Bad(taken.rows[row], reason, detail)))

    def _letter(self, batch: Batch, bad: Bad) -> Record:
        self._letters_size += len(batch.values[bad.row] or b"")
        record = batch.records[bad.row]
        headers = {
            "reason": bad.reason,
            "detail": bad.detail,
            "topic": batch.topic,
            "partition": batch.partition,
            "offset": record.offset,
            "timestamp": record.timestamp,
        }
        return Record(
            self._target.dead_letters,
            batch.values[bad.row],
            key=record.key,
            headers=[(name, str(value).encode()) for name, value in headers.items()],
        )

    def _count(self, taken: Taken, outcome: Outcome) -> None:
        verdict = outcome.verdict
        if self._reader.source == "ticket_closures":
            self._tally.add(taken.events, outcome.folded)
        for name, n in (
            ("dead", len(taken.bad)),
            ("tombstone", taken.tombstones),
            ("future", len(verdict.future)),
            ("duplicate", len(verdict.duplicate)),
            ("late", len(verdict.late)),
            ("excluded", len(outcome.excluded)),
            ("folded", len(outcome.folded)),
        ):
            if n:
                self.outcomes[name] += n

    def take(self, now: int = 0) -> "Flushed":
        """Hand over all that has happened since the last flush, as one flush.

        `now` is the time by which windows are evaluated, as far as the caller knows.
        """
        deltas, cells = self._overlay.take(self._fine_since(now))
        letters, self._letters, self._letters_size = self._letters, [], 0
        outcomes, self.outcomes = self.outcomes, Counter()
        tally, self._tally = self._tally, Tally()
        tally.answers = self._reader.categories(cells + tally.cells)
        target = self._target
        partials = [
            Record(target.partials, record, partition=number)
            for number, record in partial.split(deltas, [self.progress()], target.shards)
        ]
        flush = Flush(
            records=[*partials, *letters],
            rows=self._rows(),
            offset=Offset(target.group, self.tp, self.position),
        )
        self._flushed, self.folded_since = self.position, 0
        return Flushed(flush, self.progress(), outcomes, tally)

    def _fine_since(self, now: int) -> int:
        return NEVER if self._fine is None else slice_start(now - self._fine, Rung.FIVE_MINUTES)

    def _rows(self) -> list[Record]:
        rows: list[tuple[bytes, bytes | None]] = []
        for chunk in self._admission.take(self._chunks):
            rows.append((_ids(self._chunks), _encode(chunk)))
            self._chunks += 1
        rows += ((_ids(number), None) for number in self._admission.forget())
        rows += self._corrections.rows(self.watermark)
        if self._last:
            self.mark, self._last = Mark.of(*self._last), None
        place = Place(self.position, self.watermark, self._chunks, self.mark)
        rows.append((POSITION, _encode(place)))
        state, partition = self._target.state, self.tp.partition
        return [Record(state, row, key=key, partition=partition) for key, row in rows]


class Flushed(msgspec.Struct, frozen=True):
    """A flush, and what is to be said of it once it is committed."""

    flush: Flush
    progress: partial.Progress
    outcomes: Counter[str]
    tally: Tally


def _ids(number: int) -> bytes:
    return b"%s%d" % (IDS, number)
