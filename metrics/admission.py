"""Which events count: the one place where an event becomes future, duplicate, late, or accepted.

Decided where the source partition is read, in record order, so that every run decides alike. Only
accepted events move the watermark and have their id remembered. An id is remembered by its digest:
whatever its length, it takes some tens of bytes.
"""

from collections import deque
from collections.abc import Iterable, Sequence

import msgspec
import numpy as np

from metrics.accumulator.distinct import firsts
from metrics.digest import KEY_SIZE, Digester, Digests
from metrics.instant import Ats
from metrics.remembered import ABSENT, Places, Remembered

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
    """Ids remembered together, as packed columns; `latest` is the largest `at` among them."""

    latest: int
    digests: bytes
    ats: bytes


CHUNK = 16_000  # ids in a chunk at most: 24 bytes each

_digest = Digester(bytes(KEY_SIZE))  # ids are no secret, and shall be known under any hash key


class Admission:
    """The watermark and the remembered ids of one source partition.

    Memory is some tens of bytes per accepted id whose `at` is within `memory` of the watermark.
    """

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self.watermark: int | None = None
        self._seen = Remembered()
        self._chunks: deque[tuple[int, int]] = deque()  # number, latest
        self._fresh: list[tuple[Digests, Ats]] = []  # since the last `take`

    def judge(self, ats: Ats, ids: Sequence[str | None], limits: Sequence[int] | int) -> Verdict:
        """Decide a batch in record order; `limits` is the latest `at` allowed, of all or each."""
        if not len(ats):
            return Verdict()
        named = np.arange(len(ids))
        if None in ids:
            named = np.flatnonzero([name is not None for name in ids])
        digests = _digest([name for name in ids if name is not None])
        first, places = self._seen.find(digests)
        if self._is_plain(ats, limits) and (first == ABSENT).all() and _differ(digests):
            self._remember(digests, ats[named], places)
            self._advance(ats.max().item())
            return Verdict(accepted=list(range(len(ats))))
        names: list[bytes | None] = [None] * len(ids)
        known: dict[bytes | None, int] = {}
        for row, digest, at in zip(named.tolist(), digests, first.tolist(), strict=True):
            names[row] = name = digest.tobytes()
            known[name] = at
        verdict = self._one_by_one(ats.tolist(), names, limits, known)
        kept = np.isin(named, verdict.accepted)
        self._remember(digests[kept], ats[named[kept]])
        return verdict

    def _is_plain(self, ats: Ats, limits: Sequence[int] | int) -> bool:
        """Say whether nothing in a batch can be future or late, by its extremes."""
        highest, lowest = ats.max().item(), ats.min().item()
        if highest > (limits if isinstance(limits, int) else min(limits)):
            return False
        return bool(lowest >= max(highest, self.watermark or 0) - self.bounds.lateness)

    def _remember(self, digests: Digests, ats: Ats, places: Places | None = None) -> None:
        if len(digests):
            self._seen.add(digests, ats, places)
            self._fresh.append((digests, ats))

    def _advance(self, at: int) -> None:
        if self.watermark is None or at > self.watermark:
            self.watermark = at

    def _one_by_one(
        self,
        ats: Sequence[int],
        names: Sequence[bytes | None],
        limits: Sequence[int] | int,
        known: dict[bytes | None, int],
    ) -> Verdict:
        """Decide event by event; `known` has the `at` of each id's first copy and is kept true."""
        verdict = Verdict()
        each = [limits] * len(ats) if isinstance(limits, int) else limits
        for row, (at, name, limit) in enumerate(zip(ats, names, each, strict=True)):
            first = ABSENT if name is None else known[name]
            outcome = self._outcome(verdict, at, first, limit)
            outcome.append(row)
            if outcome is verdict.accepted:
                known[name] = at
                self._advance(at)
        return verdict

    def _outcome(self, verdict: Verdict, at: int, first: int, limit: int) -> list[int]:
        """Decide one event, and say which list it belongs to."""
        if at > limit:
            return verdict.future
        if self.watermark is None:
            return verdict.accepted
        if self.watermark - first <= self.bounds.memory:
            return verdict.duplicate
        return verdict.late if at < self.watermark - self.bounds.lateness else verdict.accepted

    def take(self, number: int) -> list[Chunk]:
        """Hand over the ids accepted since the last call, to be kept as chunks from `number` on."""
        fresh, self._fresh = self._fresh, []
        if not fresh:
            return []
        digests, ats = map(np.concatenate, zip(*fresh, strict=True))
        chunks = [
            Chunk(some.max().item(), digests[start : start + CHUNK].tobytes(), some.tobytes())
            for start in range(0, len(ats), CHUNK)
            for some in [ats[start : start + CHUNK]]
        ]
        self._chunks += ((place, chunk.latest) for place, chunk in enumerate(chunks, number))
        return chunks

    def restore(self, chunks: Iterable[tuple[int, Chunk]]) -> None:
        """Remember the ids of kept chunks again, in the order of their numbers."""
        kept = sorted(chunks, key=lambda pair: pair[0])
        self._chunks += ((number, chunk.latest) for number, chunk in kept)
        digests = np.frombuffer(b"".join(chunk.digests for _, chunk in kept), np.uint64)
        ats = np.frombuffer(b"".join(chunk.ats for _, chunk in kept), np.int64)
        young = ats >= self._oldest()
        self._seen.add(digests.reshape(-1, 2)[young], ats[young])

    def forget(self) -> list[int]:
        """Drop ids that can no longer make a duplicate; return the numbers of emptied chunks."""
        gone: list[int] = []
        self._seen.oldest = self._oldest()
        while self._chunks and self._chunks[0][1] < self._seen.oldest:
            gone.append(self._chunks.popleft()[0])
        return gone

    def _oldest(self) -> int:
        """Say from which `at` on ids can make a duplicate."""
        return ABSENT if self.watermark is None else self.watermark - self.bounds.memory


def _differ(digests: Digests) -> bool:
    """Say whether all digests are different, rather not if two of them begin alike."""
    return bool(firsts(np.sort(digests[:, 0])).all())
