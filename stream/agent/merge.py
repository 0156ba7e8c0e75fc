"""Stage 2: one shard. Deltas in; the slices of its segments, their values and alerts out.

The shard's memory is a function of the partials it has read, so its durable state is a checkpoint:
the rows changed since the last one, with the position they stand for, in one transaction. What
was read after it is read again from the partials topic, which keeps it until the next checkpoint.
Updates are absolute and carry the position as revision, so publishing one twice changes nothing;
after a recovery nothing leaves before the position that was published last is reached again.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Self

import msgspec

from metrics import instant
from metrics.agenda import Agenda
from metrics.evaluate import Moment, evaluate
from metrics.plan import Plan
from metrics.slice import Rung
from metrics.store import RowKey, Store
from metrics.update import Update, encode
from metrics.window import Window
from stream import partial
from stream.sink.shown import Shown
from stream.state.flush import Flush, Offset, Record
from stream.transport.batch import TP, Batch

CHECKPOINT = b"@"
PUBLISHED = b"#"
KNOWN = b"k"
ROW = b"r"
EPOCH = 1 << 40  # revisions of one epoch of the partials topic
PAUSE_AFTER = 200  # rows or segments worked on before the loop gets its turn
FLUSH_RECORDS = 2_000  # updates in one transaction
OPEN_LASTS_MS = 15 * 60_000
REFRESH_MS = 5 * 60_000
STALE_MS = 60_000

_pack = msgspec.msgpack.Encoder().encode


class Checkpoint(msgspec.Struct, array_like=True, frozen=True):
    """What a shard's rows stand for: partials below `position`, evaluated as of `ticked`."""

    position: int
    epoch: int
    ticked: int | None
    watermark: int | None
    progress: list[partial.Progress]
    changed: dict[str, list[int]]


class Target(msgspec.Struct, frozen=True):
    """Where a shard's flushes go: the group, the updates' topic and the state topic."""

    group: str
    updates: str
    state: str


class MergeShard:
    """One shard that this worker owns; `position` is the next offset of partials to merge."""

    def __init__(self, tp: TP, plan: Plan, target: Target) -> None:
        self.tp = tp
        self.plan = plan
        self.position = 0
        self.epoch = 1
        keep = plan.keep()
        self.store = Store(keep, plan.calendar.zone)
        self._days_kept = keep.get(Rung.LOCAL_DAY, 0)
        self.folded_since = 0
        self.published = 0
        self.shown: list[Shown] = []
        """Updates since the owner last took them, for sinks that follow the commit."""
        self._target = target
        self._agenda = Agenda(plan)
        self._progress: dict[tuple[str, int], partial.Progress] = {}
        self._contents: dict[str, int] = {}
        self._news: dict[str, None] = {}
        self._refreshed = 0
        self._was_stale: frozenset[str] = frozenset()
        self._merged_to = -1
        self._lock = asyncio.Lock()

    def restore(self, rows: Mapping[bytes, bytes], start: int) -> Self:
        """Go on from recovered rows; without any from the offset `start`."""
        self.position = start
        if CHECKPOINT in rows:
            held = msgspec.msgpack.decode(rows[CHECKPOINT], type=Checkpoint)
            self.position, self.epoch = held.position, held.epoch
            self.store.watermark = held.watermark
            self._agenda = Agenda(self.plan, held.ticked, held.changed)
            self._progress = {(one.topic, one.partition): one for one in held.progress}
        self._merged_to = self.position
        if PUBLISHED in rows:
            self.published = msgspec.msgpack.decode(rows[PUBLISHED], type=int)
        for key, row in rows.items():
            if key[:1] == ROW:
                self.store.restore(msgspec.msgpack.decode(key[1:], type=RowKey), row)
            elif key[:1] == KNOWN:
                names = msgspec.msgpack.decode(row, type=list[str])
                self.store.known[key[1:].decode()] = dict.fromkeys(names)
        return self

    @property
    def ready(self) -> bool:
        """Whether all that was ever published is merged again, so that values may leave."""
        return self.position >= self.published

    @property
    def dirty(self) -> bool:
        """Whether partials were merged since the last checkpoint."""
        return self.position != self._merged_to

    async def absorb(self, batch: Batch) -> None:
        """Merge a batch of partials that begins at the position."""
        async with self._lock:
            for value in batch.values:
                if value is not None:
                    self._merge(partial.decode(value))
            self.position = batch.next
            self.folded_since += len(batch.values)

    def _merge(self, record: partial.Partial) -> None:
        for segment, parts in record.deltas:
            for part in parts:
                if self.store.merge(segment, part[0], partial.summary(part)):
                    self._news[segment] = None
                self._agenda.note(segment, part[0])
        for one in record.progress:
            held = self._progress.get((one.topic, one.partition))
            if held is None or one.position >= held.position:
                self._progress[one.topic, one.partition] = one
        self._age()

    def _age(self) -> None:
        """Move the watermark to the least of the sources that have input, never back."""
        marks = [one for one in self._progress.values() if one.watermark is not None]
        waiting = [one.watermark for one in marks if one.waiting and one.watermark is not None]
        known = waiting or [max((one.watermark or 0 for one in marks), default=0)]
        mark = min(known)
        if mark and (self.store.watermark is None or mark > self.store.watermark):
            self.store.watermark = mark

    def refresh(self) -> None:
        """Have everything evaluated and published anew at the next turn."""
        self._refreshed = 0

    def behind(self) -> int | None:
        """Return the least watermark of the sources that have input waiting; None if none has."""
        marks = [one.watermark for one in self._progress.values() if one.waiting]
        return min((mark for mark in marks if mark is not None), default=None)

    def moment(self, now: int) -> Moment:
        """Say when values are computed: as of now, of what is merged."""
        return Moment(now, self.epoch * EPOCH + self.position, self._stale(now))

    def _stale(self, now: int) -> frozenset[str]:
        oldest = self.behind()
        if oldest is None:
            return frozenset()
        return frozenset(
            window.name
            for window in self.plan.windows()
            if oldest < now - max(STALE_MS, 3 * window.rung)
        )

    async def publish(self, now: int) -> AsyncIterator[Flush]:
        """Evaluate what is due and yield flushes of updates, each of a bounded size."""
        stale = self._stale(now)
        refresh = now - self._refreshed >= REFRESH_MS or stale != self._was_stale
        if refresh:
            self._refreshed, self._was_stale = now, stale
        records: list[Record] = []
        worked = 0
        for segment, windows in self._agenda.due(now, self.store.known, everything=refresh):
            records += self._changes(segment, windows, now, refresh)
            worked += len(windows)
            if worked > PAUSE_AFTER:
                worked = 0
                await asyncio.sleep(0)
            if len(records) > FLUSH_RECORDS:
                yield self._published(records)
                records = []
        if records:
            yield self._published(records)

    def _changes(
        self, segment: str, windows: Sequence[Window], now: int, refresh: bool
    ) -> Iterator[Record]:
        moment = self.moment(now)
        for update in evaluate(self.plan, self.store, segment, windows, moment):
            key = update.key()
            suppressed = update.n < self.plan.min_n
            content = 0 if suppressed else hash(update.content())
            held = self._contents.get(key)
            closed = ":" in update.window
            if held is None and (suppressed or (closed and not update.n)):
                continue
            if held == content and (closed or not refresh):
                continue
            self._contents[key] = content
            value = None if suppressed else encode(update)
            self.shown.append(Shown(update, suppressed, self._lasts(update)))
            yield Record(self._target.updates, value, key=key.encode())

    def _lasts(self, update: Update) -> int:
        """Say how long a sink keeps a value: a closed window as long as its slices are kept."""
        if ":" not in update.window:
            return OPEN_LASTS_MS
        age = (self.store.watermark or 0) - instant.parse(update.window_end)
        return max(OPEN_LASTS_MS, self._days_kept - age)

    def _published(self, records: list[Record]) -> Flush:
        self.published = self.position
        row = Record(
            self._target.state, _pack(self.position), key=PUBLISHED, partition=self.tp.partition
        )
        offset = Offset(self._target.group, self.tp, self.position)
        return Flush(records=records, rows=[row], offset=offset)

    async def checkpoint(self) -> Flush:
        """Pack what changed since the last checkpoint, the position with it."""
        async with self._lock:
            rows: list[tuple[bytes, bytes | None]] = []
            for key, row in self.store.checkpoint():
                rows.append((ROW + _pack(key), row))
                if len(rows) % PAUSE_AFTER == 0:
                    await asyncio.sleep(0)
            rows += ((ROW + _pack(key), None) for key in self.store.expire())
            for segment in self._news:
                rows.append((KNOWN + segment.encode(), _pack(list(self.store.known[segment]))))
            self._news.clear()
            rows.append((CHECKPOINT, _pack(self._checkpoint())))
            self._merged_to = self.position
            state, partition = self._target.state, self.tp.partition
            return Flush(
                rows=[Record(state, row, key=key, partition=partition) for key, row in rows],
                offset=Offset(self._target.group, self.tp, self.position),
            )

    def _checkpoint(self) -> Checkpoint:
        return Checkpoint(
            self.position,
            self.epoch,
            self._agenda.ticked,
            self.store.watermark,
            list(self._progress.values()),
            self._agenda.changed(),
        )

    def updates(self, now: int, windows: frozenset[str] | None = None) -> Iterator[list[Update]]:
        """Evaluate all open windows as of now, a segment at a time; for scrapes."""
        chosen = [w for w in self.plan.windows() if windows is None or w.name in windows]
        for segment in list(self.store.known):
            yield list(evaluate(self.plan, self.store, segment, chosen, self.moment(now)))
