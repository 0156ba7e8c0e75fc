"""Replay: the same core over files, without a broker; what a live worker must come to.

A file is one partition, in line order. Values are those of the plain batch: the state of a replay
never ages, so every closed window shows what all of its events give. Which events count, and which
belong to one entity, is decided over the whole run; a value at a time is of those up to it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np

from metrics import instant
from metrics.admission import NEVER, Admission
from metrics.error import InvalidEvent
from metrics.evaluate import Moment, evaluate
from metrics.outcome import Outcome, judge
from metrics.plan import Plan
from metrics.store import Store
from metrics.update import Update
from metrics.window import Window
from metrics.zone import multiples
from stream.reader import Reader, Taken
from stream.timeline import Lives, Timeline

LINES = 5_000  # read at a time

Advance = Callable[[int], None]
"""Told how many bytes were read."""


class File(msgspec.Struct, frozen=True):
    """One partition of an input."""

    reader: Reader
    path: Path


class _Ingest(msgspec.Struct):
    ingested_at: int | float | str | None = None


_ingest = msgspec.json.Decoder(_Ingest).decode


class Replay:
    """One run over files, as of one instant (None: the largest accepted `at`).

    `every` (milliseconds) also gives the values at its multiples since local midnight of
    1970-01-01. Memory: the slices of everything that was read, and each event of an entity.
    """

    def __init__(self, plan: Plan, as_of: int | None = None, every: int | None = None) -> None:
        self.plan = plan
        self.outcomes: dict[str, Counter[str]] = {}
        self._as_of = as_of
        self._every = every
        self._store = Store(plan.keep(), plan.calendar.zone)
        self._timeline = Timeline(plan, every)
        self._lives = 0
        self._days: dict[str, set[int]] = {}
        self._latest: int | None = None

    def read(self, file: File, advance: Advance = lambda _: None) -> None:
        """Read a file; raises `OSError`."""
        source = file.reader.source
        admission = Admission(self.plan.bounds(source))
        lives = Lives(self.plan.remembered_for(source), self._lives)
        for lines in _batches(file.path, advance):
            taken = self._before(file.reader.read(lines))
            mark, columns = admission.watermark, taken.columns
            outcome = judge(admission, columns, self._limits(lines, taken))
            admission.forget()
            admission.take(0)  # nothing is kept here
            self._timeline.add(source, columns.only(outcome.alone))
            self._timeline.join(source, lives.read(columns, outcome.verdict.accepted, mark))
            self._count(source, taken, outcome)
        self._lives = lives.next
        if admission.watermark is not None:
            self._latest = max(self._latest or admission.watermark, admission.watermark)

    def _count(self, source: str, taken: Taken, outcome: Outcome) -> None:
        counted = self.outcomes.setdefault(source, Counter())
        counted.update(f"dead ({bad.reason})" for bad in taken.bad)
        verdict = outcome.verdict
        for name, rows in (
            ("future", verdict.future),
            ("duplicate", verdict.duplicate),
            ("late", verdict.late),
            ("excluded", outcome.excluded),
            ("folded", outcome.folded),
        ):
            counted[name] += len(rows)

    def _before(self, taken: Taken) -> Taken:
        """Remove the events after as-of, before anything is decided of them."""
        if self._as_of is None or taken.columns.ats.max(initial=0) <= self._as_of:
            return taken
        rows = np.flatnonzero(taken.columns.ats <= self._as_of).tolist()
        columns = taken.columns.only(rows)
        return Taken(columns, [], [taken.rows[row] for row in rows], taken.bad, taken.tombstones)

    def _limits(self, lines: Sequence[bytes], taken: Taken) -> Sequence[int] | int:
        if not any(b'"ingested_at"' in line for line in lines):
            return NEVER
        return [self._limit(lines[row]) for row in taken.rows]

    def _limit(self, line: bytes) -> int:
        """Read when a line was ingested; without a time that can be read nothing is future."""
        try:
            ingested = _ingest(line).ingested_at
            return NEVER if ingested is None else instant.read(ingested) + self.plan.future_skew
        except (InvalidEvent, msgspec.MsgspecError):
            return NEVER

    def updates(self) -> Iterator[Update]:
        """Yield the values at every evaluation time, in order of time and then of key."""
        end = self._latest if self._as_of is None else self._as_of
        if end is None:
            return
        stretches = self._timeline.stretches()
        times = [*self._times(stretches, end), end]
        for at in dict.fromkeys(times):
            while stretches and (stretches[0] <= at or at == end):
                self._merge(stretches.pop(0))
            yield from sorted(self._evaluate(at), key=Update.key)

    def _times(self, stretches: Sequence[int], end: int) -> Iterable[int]:
        if self._every is None or not stretches:
            return ()
        return multiples(self.plan.calendar.zone, self._every, stretches[0] - 1, end)

    def _merge(self, stretch: int) -> None:
        day = self.plan.calendar.zone.local_day_start
        for segment, start, summary in self._timeline.take(stretch):
            self._store.merge(segment, start, summary)
            self._days.setdefault(segment, set()).add(day(start))

    def _evaluate(self, at: int) -> Iterator[Update]:
        moment = Moment(at, self._timeline.merged)
        for segment, names in self._timeline.names.items():
            self._store.known[segment] = names  # also of what was taken back at once
            windows = (*self.plan.windows(), *self._closed(segment, at))
            for update in evaluate(self.plan, self._store, segment, windows, moment):
                if update.n >= self.plan.min_n and (update.n or ":" not in update.window):
                    yield update

    def _closed(self, segment: str, at: int) -> Iterable[Window]:
        calendar, units = self.plan.calendar, self.plan.units()
        windows = dict.fromkeys(
            calendar.closed(unit, day)
            for unit in units
            for day in sorted(self._days.get(segment, ()))
        )
        return [window for window in windows if window.span().end <= at]


def _batches(path: Path, advance: Advance) -> Iterator[list[bytes]]:
    """Yield the lines of a file, some thousand at a time."""
    lines: list[bytes] = []
    with path.open("rb") as file:
        for line in file:
            lines.append(line.rstrip(b"\n"))
            if len(lines) == LINES:
                yield lines
                advance(sum(map(len, lines)) + len(lines))
                lines = []
    yield lines
    advance(sum(map(len, lines)) + len(lines))
