"""Stage 2: one shard. Deltas in; the slices of its segments, their values and alerts out.

The shard's memory is a function of the partials it has read, so its durable state is a checkpoint:
the rows changed since the last one, with the position they stand for, in one transaction. What
was read after it is read again from the partials topic, which keeps it until the next checkpoint.
Updates are absolute and carry the position as revision, so publishing one twice changes nothing;
after a recovery nothing leaves before the position that was published last is reached again.

Segments over the cap are refused, and their deltas leave for the shard that owns `(other)`: with
every flush all that was refused below its position, and the names of all who were admitted. So
what is merged again below the position published last is decided as before: who is not known there
was refused, and has been sent on.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Self

import msgspec

from metrics import instant
from metrics.agenda import Agenda
from metrics.evaluate import Moment, evaluate
from metrics.plan import Plan
from metrics.row import RowKey
from metrics.segment import grouping
from metrics.store import Store
from metrics.update import Update, encode
from metrics.window import Window
from stream import partial
from stream.agent.checkpoint import EPOCH, Checkpoint, Published, Rows, new_epoch, recover
from stream.agent.gate import Gate
from stream.agent.said import GONE, Said
from stream.agent.sources import Sources
from stream.sink.shown import Shown, show
from stream.state.flush import Flush, Offset, Record
from stream.transport.batch import TP, Batch

PUBLISHED = b"#"
KNOWN = b"k"
ROW = b"r"
FULL = 100_000  # partials merged since the last checkpoint
TURN_S = 0.02  # of merging before the loop gets its turn
PAUSE_AFTER = 200  # rows or segments worked on before the loop gets its turn
FLUSH_RECORDS = 2_000  # updates in one transaction
REFRESH_MS = 5 * 60_000
STALE_MS = 60_000

_pack = msgspec.msgpack.Encoder().encode


class Target(msgspec.Struct, frozen=True):
    """Where a shard's flushes go; by topic how many partitions its deltas come from; all shards."""

    group: str
    updates: str
    state: str
    sources: Mapping[str, int]
    shards: int


class MergeShard:
    """One shard that this worker owns; `position` is the next offset of partials to merge."""

    def __init__(self, tp: TP, plan: Plan, target: Target) -> None:
        self.tp = tp
        self.plan = plan
        self.position = 0
        self.epoch = 0
        self.store = Store(plan.keep(), plan.calendar.zone)
        self.merged_since = 0
        self.published = 0
        self.shown: list[Shown] = []
        """Updates since the owner last took them, for sinks that follow the commit."""
        self.gate = Gate(plan.cap(tp.partition, target.shards), tp.topic, target.shards)
        self._target = target
        self._agenda = Agenda(plan)
        self.sources = Sources(target.sources)
        self._said = Said()
        self._since = ""
        """Closed windows that end by then may be published; written as updates write it."""
        self._news: dict[str, None] = {}
        self._refreshed = 0
        self._again = False
        self._was_stale: frozenset[str] = frozenset()
        self._merged_to, self._pieces = -1, 0  # of the last checkpoint
        self._lock = asyncio.Lock()

    def restore(self, rows: Mapping[bytes, bytes], start: int) -> Self:
        """Go on from recovered rows; without any from the offset `start`."""
        self.position = start
        if held := recover(rows):
            self.position, self.epoch, self._pieces = held.position, held.epoch, held.pieces
            self.store.watermark = held.watermark
            self._agenda = Agenda(self.plan, held.ticked, held.changed)
            self.sources.restore(held.progress)
        self._merged_to = self.position
        if PUBLISHED in rows:
            said = msgspec.msgpack.decode(rows[PUBLISHED], type=Published)
            self.published, self.epoch = said.position, said.epoch
        if held or PUBLISHED in rows:
            self._since = instant.format(instant.END - 1)
        self.epoch = self.epoch or new_epoch()
        for key, row in rows.items():
            if key[:1] == ROW:
                self.store.restore(msgspec.msgpack.decode(key[1:], type=RowKey), row)
            elif key[:1] == KNOWN and grouping(key[1:].decode()) in self.plan.groupings:
                names = msgspec.msgpack.decode(row, type=list[str])
                self.store.known[key[1:].decode()] = dict.fromkeys(names)
        self.gate.restore(rows, self.store.known)
        return self

    @property
    def ready(self) -> bool:
        """Whether all that was ever published is merged again, so that values may leave."""
        return self.position >= self.published

    @property
    def dirty(self) -> bool:
        """Whether a checkpoint has something to keep, and passes over nothing that is still due."""
        return self.position != self._merged_to and not self.owes

    @property
    def owes(self) -> bool:
        """Whether a publication was broken off, and the rest of it is still due."""
        return not self._agenda.done

    @property
    def full(self) -> bool:
        """Whether so much was merged since the last checkpoint that the next one is due."""
        return self.merged_since > FULL

    async def absorb(self, batch: Batch) -> None:
        """Merge a batch of partials that begins at the position.

        The loop gets its turn in between, and what is published then is of the position by then.
        """
        async with self._lock:
            if batch.first != self.position:
                return  # another one came first
            began = time.monotonic()
            for record, value in zip(batch.records, batch.values, strict=True):
                if value is not None:
                    self._merge(record.offset, partial.decode(value))
                self.position = record.offset + 1
                if time.monotonic() - began > TURN_S:
                    await asyncio.sleep(0)
                    began = time.monotonic()
            self.position = batch.next
            self.merged_since += len(batch.values)

    def _merge(self, offset: int, record: partial.Partial) -> None:
        for segment, parts in record.deltas:
            if segment not in self.store.known and not self._admits(segment, offset, parts):
                continue
            for part in parts:
                if self.store.merge(segment, part.start, partial.summary(part)):
                    self._news[segment] = None
                self._agenda.note(segment, part.start)
        self.sources.hear(record.progress)

    def _admits(self, segment: str, offset: int, parts: Sequence[partial.Part]) -> bool:
        """Admit a segment that is not known, or see to it that its parts are sent on, once."""
        if offset < self.published or not self.gate.admits(segment, parts):
            return False
        self._news[segment] = None
        return True

    def moment(self, now: int) -> Moment:
        """Say when values are computed: as of now, of what is merged."""
        return Moment(now, self.epoch * EPOCH + self.position, self._stale(now))

    def _stale(self, now: int) -> frozenset[str]:
        oldest = self.sources.behind()
        if oldest is None:
            return frozenset()
        return frozenset(
            window.name
            for window in self.plan.windows()
            if oldest < now - max(STALE_MS, 3 * window.rung)
        )

    async def publish(
        self, now: int, late: Callable[[], bool] = lambda: False
    ) -> AsyncIterator[Flush]:
        """Evaluate what is due and yield flushes of updates, each of a bounded size.

        Only then state ages, by what was merged before: a window that closed long ago is said once.
        What was refused leaves with them. When it is `late`, the rest is left for the next time.
        """
        mark, self.store.clock = self.sources.mark(), now
        stale = self._stale(now)
        age = now - self._refreshed  # negative when the clock was set back
        refresh = not 0 <= age < REFRESH_MS
        self._again = again = refresh or self._again  # also what is left of a refresh
        if refresh:
            self._refreshed = now
        everything, self._was_stale = refresh or stale != self._was_stale, stale
        records: list[Record] = []
        worked = 0
        for segment, windows in self._agenda.due(now, self.store.known, everything):
            records += self._changes(segment, windows, now, again)
            if late():
                break
            worked += len(windows)
            if worked > PAUSE_AFTER:
                worked = 0
                await asyncio.sleep(0)
            if len(records) > FLUSH_RECORDS:
                yield self._published(records)
                records = []
        if records or self.gate.owes:
            yield self._published(records)
        if self.owes:
            return
        self._again = False
        self._since = min(self._since, instant.format(now))
        if mark > (self.store.watermark or 0):
            self.store.watermark = mark

    def _changes(
        self, segment: str, windows: Sequence[Window], now: int, again: bool
    ) -> Iterator[Record]:
        moment = self.moment(now)
        for update in evaluate(self.plan, self.store, segment, windows, moment):
            may_stand = update.window_end <= self._since
            suppressed = update.n < self.plan.min_n
            said = self._said.is_news(update, suppressed, again, may_stand)
            if said is not None:
                self.shown.append(show(self.plan, self.store, update))
                value = None if said == GONE else encode(update)
                yield Record(self._target.updates, value, key=update.key().encode())

    def _published(self, records: list[Record]) -> Flush:
        sent_on, rows = self._settled()
        return self._flush([*records, *sent_on], rows)

    def _settled(self) -> tuple[list[Record], Rows]:
        """Give what leaves with every flush: what was refused, and the names of the admitted."""
        self.published = max(self.published, self.position)
        news, self._news = self._news, {}
        rows: Rows = [(KNOWN + one.encode(), _pack(list(self.store.known[one]))) for one in news]
        sent_on, closed = self.gate.take()
        return sent_on, [*rows, *closed, (PUBLISHED, _pack(Published(self.published, self.epoch)))]

    def _flush(self, records: list[Record], rows: Rows) -> Flush:
        state, partition = self._target.state, self.tp.partition
        return Flush(
            records=records,
            rows=[Record(state, row, key=key, partition=partition) for key, row in rows],
            offset=Offset(self._target.group, self.tp, self.position),
        )

    async def checkpoint(self) -> Flush:
        """Pack what changed since the last checkpoint, the position with it."""
        async with self._lock:
            rows: Rows = []
            for key, row in self.store.checkpoint():
                rows.append((ROW + _pack(key), row))
                if len(rows) % PAUSE_AFTER == 0:
                    await asyncio.sleep(0)
            rows += ((ROW + _pack(key), None) for key in self.store.expire())
            self._said.forget(self._oldest())
            sent_on, settled = self._settled()
            kept, self._pieces = self._checkpoint().rows(self._pieces)
            rows += [*settled, *kept]
            self._merged_to, self.merged_since = self.position, 0
            return self._flush(sent_on, rows)

    def _oldest(self) -> str:
        """Say when the oldest day that is kept begins."""
        oldest = (self.store.watermark or 0) - self.plan.keep_days()
        return instant.format(max(instant.FIRST, oldest))

    def _checkpoint(self) -> Checkpoint:
        return Checkpoint(
            self.position,
            self.epoch,
            self._agenda.ticked,
            self.store.watermark,
            self.sources.progress(),
            self._agenda.changed(),
        )

    def updates(self, now: int, plan: Plan | None = None) -> Iterator[list[Update]]:
        """Evaluate open windows as of now, a segment at a time; for scrapes.

        `plan` is what is wanted of the shard's own, None being all.
        """
        plan = plan or self.plan
        windows, moment = plan.windows(), self.moment(now)
        for segment in list(self.store.known):
            if grouping(segment) in plan.groupings:
                yield list(evaluate(plan, self.store, segment, windows, moment))
