"""How often each hash is there: a set of customers from which they can be taken out again.

Guarantee: exact at every size. Adding and taking away undo each other without a trace: a hash
whose count is zero is absent, so equal multisets are equal bytes, whatever order and split they
came in. Memory: 12 bytes a hash, without a bound; so it is only for activity that may be
corrected, and `present` gives the set of a slice in the bounded form in which slices are united.

>>> seen = Multiset.of({7: 2, 9: 1})
>>> seen.merge(Multiset.of({7: -1, 9: -1}))
>>> seen.counts(), seen.present().count()
({7: 1}, 1)
"""

from collections.abc import Iterator, Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from metrics.accumulator.distinct import Distinct

_HASH = np.dtype("<u8")
_COUNT = np.dtype("<i4")
BYTES_EACH = _HASH.itemsize + _COUNT.itemsize
"""Bytes that a hash and its count take."""


class Multiset(msgspec.Struct, gc=False):
    """Counts of 64-bit hashes; each count fits 32 bits. Those of a delta may be negative."""

    packed: bytes = b""
    """Canonical form: ascending u64, then as many non-zero i32; little-endian."""

    @classmethod
    def of(cls, counts: Mapping[int, int]) -> "Multiset":
        """Return the multiset of these counts by hash; zeros are left out."""
        held = sorted(pair for pair in counts.items() if pair[1])
        hashes = np.array([pair[0] for pair in held], _HASH)
        return cls(hashes.tobytes() + np.array([pair[1] for pair in held], _COUNT).tobytes())

    @classmethod
    def unpack(cls, packed: bytes) -> "Multiset":
        """Return the multiset that `pack` made these bytes of; ValueError if no length fits."""
        if len(packed) % BYTES_EACH:
            raise ValueError(f"{len(packed)} bytes are not a packed multiset of hashes")
        return cls(packed)

    def pack(self) -> bytes:
        """Return the canonical form: equal multisets give equal bytes."""
        return self.packed

    def merge(self, other: "Multiset") -> None:
        """Add every count of `other`."""
        if not self.packed or not other.packed:
            self.packed = self.packed or other.packed
            return
        (mine, my_counts), (theirs, their_counts) = self._columns(), other._columns()
        hashes = np.concatenate((mine, theirs))
        order = np.argsort(hashes, kind="stable")  # two ascending runs: linear
        hashes = hashes[order]
        firsts = np.flatnonzero(np.concatenate(([True], hashes[1:] != hashes[:-1])))
        counts = np.concatenate((my_counts, their_counts))[order]
        counts = np.add.reduceat(counts, firsts, dtype=_COUNT)
        kept = counts != 0
        self.packed = hashes[firsts[kept]].tobytes() + counts[kept].tobytes()

    def split(self, most: int) -> Iterator["Multiset"]:
        """Yield multisets of at most so many hashes that merge to this one."""
        hashes, counts = self._columns()
        for start in range(0, len(hashes), most):
            some = slice(start, start + most)
            yield Multiset(hashes[some].tobytes() + counts[some].tobytes())

    def counts(self) -> dict[int, int]:
        """Return the counts by hash."""
        hashes, counts = self._columns()
        return dict(zip(hashes.tolist(), counts.tolist(), strict=True))

    def present(self) -> Distinct:
        """Return the set of hashes with a positive count."""
        hashes, counts = self._columns()
        found = Distinct()
        found.absorb(hashes[counts > 0])
        return found

    @property
    def takes(self) -> bool:
        """Whether some count is negative: merging it may take a hash out of a set."""
        return bool((self._columns()[1] < 0).any())

    def _columns(self) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
        n = len(self.packed) // BYTES_EACH
        return (
            np.frombuffer(self.packed, _HASH, n),
            np.frombuffer(self.packed, _COUNT, n, n * _HASH.itemsize),
        )
