"""Admission: deciding a batch by its extremes, event by event, or after a restart is the same.

reference: one event at a time, remembering every id for good
"""

from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from metrics.admission import NEVER, Admission, Bounds, Chunk
from metrics.instant import Ats

Row = tuple[int, str | None, int]  # at, id, limit
AT = st.integers(0, 60)
ROWS = st.lists(st.tuples(AT, st.sampled_from([None, *"abcdef"]), AT | st.just(NEVER)), max_size=12)
BATCHES = st.lists(ROWS, max_size=8)
BOUNDS = st.builds(Bounds, lateness=st.integers(0, 30), memory=st.integers(0, 30))
Fates = list[tuple[str, ...]]


class Plain:
    """The contract's words, one event after the other; nothing is ever forgotten."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self.watermark = -1
        self.first: dict[str, int] = {}

    def fate(self, at: int, name: str | None, limit: int) -> str:
        """What becomes of one event."""
        if at > limit:
            return "future"
        if name in self.first and self.watermark - self.first[name] <= self.bounds.memory:
            return "duplicate"
        if self.watermark >= 0 and at < self.watermark - self.bounds.lateness:
            return "late"
        if name is not None:
            self.first[name] = at
        self.watermark = max(self.watermark, at)
        return "accepted"


def ats(values: Sequence[int]) -> Ats:
    """Make a column of times."""
    return np.array(values, np.int64)


def fates(admission: Admission, rows: Sequence[Row], one_limit: bool) -> tuple[str, ...]:
    """What becomes of each event of a batch, by the real thing."""
    limits: Sequence[int] | int = [limit for _, _, limit in rows]
    if one_limit:
        limits = rows[0][2] if rows else NEVER
    verdict = admission.judge(ats([at for at, _, _ in rows]), [name for _, name, _ in rows], limits)
    found = {row: name for name in verdict.__struct_fields__ for row in getattr(verdict, name)}
    assert sorted(found) == list(range(len(rows)))
    assert all(held == sorted(held) for held in msgspec.structs.astuple(verdict))
    return tuple(found[row] for row in range(len(rows)))


def expected(bounds: Bounds, batches: Sequence[Sequence[Row]], one_limit: bool) -> Fates:
    """What becomes of each event, by the reference."""
    plain = Plain(bounds)
    return [
        tuple(plain.fate(at, name, rows[0][2] if one_limit else limit) for at, name, limit in rows)
        for rows in batches
    ]


@given(bounds=BOUNDS, batches=BATCHES, one_limit=st.booleans())
def test_batches_are_decided_like_events(
    bounds: Bounds, batches: list[list[Row]], one_limit: bool
) -> None:
    """However events are cut into batches, each has the fate it has alone, and is in one list."""
    admission = Admission(bounds)
    found = [fates(admission, rows, one_limit) for rows in batches]
    assert found == expected(bounds, batches, one_limit)


def chunked(batches: Sequence[Sequence[Row]], stop: Callable[[Admission, int], Admission]) -> Fates:
    """Decide batches one by one, with something done to the admission after each."""
    admission = Admission(Bounds(10, 15))
    found: Fates = []
    for number, rows in enumerate(batches):
        found.append(fates(admission, rows, one_limit=False))
        admission = stop(admission, number)
    return found


@given(batches=BATCHES)
def test_forgetting_changes_no_verdict(batches: list[list[Row]]) -> None:
    """Ids are dropped only when they can no longer make a duplicate."""

    def forget(admission: Admission, number: int) -> Admission:
        admission.take(number)
        admission.forget()
        return admission

    assert chunked(batches, forget) == expected(Bounds(10, 15), batches, one_limit=False)


@given(batches=BATCHES)
def test_a_restart_changes_no_verdict(batches: list[list[Row]]) -> None:
    """What `take` handed over, less what `forget` named, is all that must outlive a crash."""
    kept: dict[int, bytes] = {}

    def restart(admission: Admission, number: int) -> Admission:
        for chunk in admission.take(number):
            kept[number] = msgspec.msgpack.encode(chunk)
        for gone in admission.forget():
            del kept[gone]
        again = Admission(admission.bounds)
        again.watermark = admission.watermark
        again.restore(
            (number, msgspec.msgpack.decode(row, type=Chunk)) for number, row in kept.items()
        )
        return again

    assert chunked(batches, restart) == expected(Bounds(10, 15), batches, one_limit=False)


def test_memory_follows_the_watermark() -> None:
    """Ids out of reach leave with their chunk, so a long run holds no more than its memory."""
    admission = Admission(Bounds(lateness=10, memory=50))
    gone: list[int] = []
    for number in range(1_000):
        admission.judge(ats([number * 10]), [f"id{number}"], NEVER)
        admission.take(number)
        gone += admission.forget()
    assert gone == list(range(994))
    assert admission._seen.size < 10_000
