"""Which events count: the one place where an event becomes future, duplicate, late, or accepted.

Decided where the source partition is read, in record order, so that every run decides alike. Only
accepted events move the watermark and have their id remembered.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

NEVER = 1 << 62  # a limit of `at` that nothing exceeds


class Bounds(msgspec.Struct, frozen=True):
    """How far an event may stray, all in milliseconds of event time.

    late: `at` < watermark - `lateness`; duplicate: watermark - the first copy's `at` <= `memory`.
    """

    lateness: int
    memory: int


class Verdict(msgspec.Struct):
    """What became of a batch's events: their indexes by outcome, in record order."""

    accepted: list[int] = []
    future: list[int] = []
    duplicate: list[int] = []
    late: list[int] = []


class Chunk(msgspec.Struct, array_like=True):
    """Ids remembered together: `latest` is the largest `at` among them."""

    latest: int
    ids: list[str]
    ats: list[int]


FEW = 200
"""As many ids, of 256 characters at most, always fit a chunk."""
LARGEST = 400_000
"""Bytes of a chunk, about, when it is packed."""


def _cut(chunk: Chunk) -> Iterator[Chunk]:
    longest = max(len(name) for name in chunk.ids)
    most = LARGEST // (4 * longest + 9)  # UTF-8 takes up to 4 bytes a character, a time 9
    for start in range(0, len(chunk.ids), most):
        ats = chunk.ats[start : start + most]
        yield Chunk(max(ats), chunk.ids[start : start + most], ats)


class Admission:
    """The watermark and the remembered ids of one source partition.

    Memory is one entry per accepted id whose `at` is within `memory` of the watermark. `fresh`
    holds the ids since the last `take`.
    """

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self.watermark: int | None = None
        self._seen: dict[str, int] = {}
        self._chunks: deque[tuple[int, int, list[str]]] = deque()  # number, latest, ids
        self._fresh = Chunk(0, [], [])

    def judge(
        self, ats: Sequence[int], ids: Sequence[str | None], limits: Sequence[int] | int
    ) -> Verdict:
        """Decide a batch in record order; `limits` is the latest `at` allowed, of all or each."""
        if not ats:
            return Verdict()
        named = self._plain(ats, ids, limits)
        if named is not None:
            self._advance(max(ats))
            self._remember(named)
            return Verdict(accepted=list(range(len(ats))))
        each = [limits] * len(ats) if isinstance(limits, int) else limits
        return self._one_by_one(ats, ids, each)

    def _plain(
        self, ats: Sequence[int], ids: Sequence[str | None], limits: Sequence[int] | int
    ) -> dict[str, int] | None:
        """Give a batch's ids with their `at` if nothing in it can be future, late or a duplicate.

        By its extremes, without a look at each event; else None.
        """
        highest = max(ats)
        if highest > (limits if isinstance(limits, int) else min(limits)):
            return None
        if self.watermark is not None and self.watermark > highest:
            highest = self.watermark
        if min(ats) < highest - self.bounds.lateness:
            return None
        found = dict(zip(ids, ats, strict=True))
        if missing := ids.count(None):
            del found[None]
        if len(found) + missing < len(ids) or not self._seen.keys().isdisjoint(found):
            return None
        return found  # type: ignore[return-value] # no None is left

    def _remember(self, named: Mapping[str, int]) -> None:
        self._seen.update(named)
        fresh = self._fresh
        fresh.ids.extend(named)
        fresh.ats.extend(named.values())
        fresh.latest = max(fresh.latest, max(named.values(), default=0))

    def _advance(self, at: int) -> None:
        if self.watermark is None or at > self.watermark:
            self.watermark = at

    def _one_by_one(
        self, ats: Sequence[int], ids: Sequence[str | None], limits: Sequence[int]
    ) -> Verdict:
        verdict = Verdict()
        for row, (at, name, limit) in enumerate(zip(ats, ids, limits, strict=True)):
            self._outcome(verdict, at, name, limit).append(row)
        return verdict

    def _outcome(self, verdict: Verdict, at: int, name: str | None, limit: int) -> list[int]:
        """Decide one event, remember it if it is accepted, and say which list it belongs to."""
        if at > limit:
            return verdict.future
        if name is not None and self._is_known(name):
            return verdict.duplicate
        if self.watermark is not None and at < self.watermark - self.bounds.lateness:
            return verdict.late
        if name is not None:
            self._remember({name: at})
        self._advance(at)
        return verdict.accepted

    def _is_known(self, name: str) -> bool:
        first = self._seen.get(name)
        return (
            first is not None
            and self.watermark is not None
            and self.watermark - first <= self.bounds.memory
        )

    def take(self, number: int) -> list[Chunk]:
        """Hand over the ids accepted since the last call, to be kept as chunks from `number` on."""
        fresh, self._fresh = self._fresh, Chunk(0, [], [])
        chunks = [fresh] if len(fresh.ids) <= FEW else list(_cut(fresh))
        for chunk in chunks if fresh.ids else ():
            self._chunks.append((number, chunk.latest, chunk.ids))
            number += 1
        return chunks if fresh.ids else []

    def restore(self, chunks: Iterable[tuple[int, Chunk]]) -> None:
        """Remember the ids of kept chunks again, in the order of their numbers."""
        for number, chunk in sorted(chunks, key=lambda pair: pair[0]):
            self._seen.update(zip(chunk.ids, chunk.ats, strict=True))
            self._chunks.append((number, chunk.latest, chunk.ids))

    def forget(self) -> list[int]:
        """Drop ids that can no longer make a duplicate; return the numbers of emptied chunks."""
        gone: list[int] = []
        if self.watermark is None:
            return gone
        oldest = self.watermark - self.bounds.memory
        while self._chunks and self._chunks[0][1] < oldest:
            number, _, ids = self._chunks.popleft()
            gone.append(number)
            for name in ids:
                if self._seen.get(name, oldest) < oldest:
                    del self._seen[name]
        return gone
