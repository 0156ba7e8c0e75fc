"""How many different customers: exact while few, a sketch beyond.

Guarantee: exact up to 4,096 distinct hashes; beyond that a HyperLogLog of 16,384 registers with a
standard error of 0.8125 %. State and estimate depend on the set of hashes only: any order, split
or repetition of the same customers gives the same bytes. Memory: 8 bytes a hash while exact (at
most 32 KiB), 16 KiB beyond.

Sources: P. Flajolet et al., HyperLogLog (AofA 2007); O. Ertl, New cardinality estimation
algorithms for HyperLogLog sketches (2017), whose improved raw estimator has no bias at any size
and needs no tables. With 64-bit hashes, collisions are far below the error (a million customers:
one expected among 37 million such sets).

>>> mon, tue = Distinct.zero(), Distinct.zero()
>>> mon.absorb([1, 2, 3, 3])
>>> tue.absorb([3, 4])
>>> mon.merge(tue)
>>> mon.count(), mon.exact, mon.error
(4, True, None)
"""

from collections.abc import Iterable
from math import sqrt
from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

EXACT_UP_TO = 4_096
"""The greatest number of distinct hashes that is counted exactly."""

STANDARD_ERROR = 0.008125
"""Relative standard error of a count that is not exact: 1.04 / sqrt(16,384)."""

_PRECISION = 14
_REGISTERS = 1 << _PRECISION
_REST_BITS = 64 - _PRECISION
_U64 = np.dtype("<u8")
_HASH_SIZE = 8
_DENSE_SIZE = _REGISTERS + 1
_ALPHA = 0.7213475204444817  # 1 / (2 ln 2)

Hashes: TypeAlias = NDArray[np.uint64]
Registers: TypeAlias = NDArray[np.uint8]


class Distinct(msgspec.Struct, gc=False):
    """A set of 64-bit hashes that can be counted.

    It is held in the form that `pack` returns, as numpy reads that without a copy and tens of
    small ones are united by joining their bytes: faster at every size than sets of Python.
    """

    packed: bytes = b""
    """Canonical form: ascending u64, little-endian; or the registers and one byte, 14."""

    @classmethod
    def zero(cls) -> "Distinct":
        """Return the empty set."""
        return cls()

    @classmethod
    def of(cls, hashes: Hashes) -> "Distinct":
        """Return the set of these hashes, which ascend without repeats."""
        many = len(hashes) > EXACT_UP_TO
        return cls(_densify(hashes, []) if many else hashes.astype(_U64, copy=False).tobytes())

    @classmethod
    def unpack(cls, packed: bytes) -> "Distinct":
        """Return the set that `pack` made these bytes of; ValueError if their length is wrong."""
        if len(packed) != _DENSE_SIZE and (len(packed) % 8 or len(packed) > 8 * EXACT_UP_TO):
            raise ValueError(f"{len(packed)} bytes are not a packed set of hashes")
        return cls(packed)

    def pack(self) -> bytes:
        """Return the canonical form: equal sets give equal bytes."""
        return self.packed

    def absorb(self, hashes: Iterable[int] | Hashes) -> None:
        """Add hashes, 0 to 2^64 - 1 (else OverflowError); repeats change nothing."""
        if not isinstance(hashes, np.ndarray):
            hashes = np.fromiter(hashes, _U64)
        self.packed = _unite([self.packed, hashes.astype(_U64, copy=False).tobytes()])

    def merge(self, other: "Distinct") -> None:
        """Add every hash of `other`."""
        self.packed = _unite([self.packed, other.packed])

    @property
    def exact(self) -> bool:
        """Whether `count` is exact: at most 4,096 distinct hashes were absorbed."""
        return len(self.packed) != _DENSE_SIZE

    @property
    def error(self) -> float | None:
        """Relative standard error of `count`; None when it is exact."""
        return None if self.exact else STANDARD_ERROR

    def count(self) -> int:
        """Return the number of distinct hashes, estimated to the nearest integer if not exact.

        An estimate is never below 4,097, as a set is known to be larger than the exact ones.
        """
        if self.exact:
            return len(self.packed) // 8
        return max(EXACT_UP_TO + 1, round(_estimate(_registers_of(self.packed))))


def union(parts: Iterable[Distinct]) -> Distinct:
    """Return the union of many sets, which are left as they are; of none: the empty set."""
    packed = [part.packed for part in parts]
    return Distinct(packed[0] if len(packed) == 1 else _unite(packed))


def _unite(forms: list[bytes]) -> bytes:
    """Unite packed sets; a form that is not dense may also be unsorted, or have repeats."""
    dense = [form for form in forms if len(form) == _DENSE_SIZE]
    sparse = [form for form in forms if len(form) != _DENSE_SIZE]
    joined = b"".join(sparse)
    if not dense and len(joined) <= _HASH_SIZE:
        return joined  # none or one is in order; most slices of a small segment have no more
    hashes = np.frombuffer(joined, _U64)
    if not dense:
        hashes = _ascending(hashes)
        if len(hashes) <= EXACT_UP_TO:
            return hashes.tobytes()
    return _densify(hashes, dense)


def _ascending(hashes: Hashes) -> Hashes:
    # Much faster than numpy.unique; stable, as runs that ascend, the sets, are only merged then.
    hashes = np.sort(hashes, kind="stable")
    return hashes[firsts(hashes)]


def firsts(hashes: Hashes) -> NDArray[np.bool_]:
    """Say of hashes in order which differ from the one before."""
    found = np.ones(len(hashes), np.bool_)
    np.not_equal(hashes[1:], hashes[:-1], out=found[1:])
    return found


def _densify(hashes: Hashes, dense: list[bytes]) -> bytes:
    registers = np.zeros(_REGISTERS, np.uint8)
    # A float64 holds 50 bits exactly, so its exponent is the bit length; 0 has none: rank 51.
    _, length = np.frexp((hashes & np.uint64((1 << _REST_BITS) - 1)).astype(np.float64))
    rank = (_REST_BITS + 1 - length).astype(np.uint8)
    np.maximum.at(registers, (hashes >> np.uint64(_REST_BITS)).astype(np.intp), rank)
    for form in dense:
        np.maximum(registers, _registers_of(form), out=registers)
    return registers.tobytes() + bytes([_PRECISION])


def _registers_of(packed: bytes) -> Registers:
    return np.frombuffer(packed, np.uint8, _REGISTERS)


def _estimate(registers: Registers) -> float:
    """Ertl's improved raw estimate; only + * / and sqrt, so equal on every IEEE platform."""
    *low, top = np.bincount(registers, minlength=_REST_BITS + 2).tolist()
    total = _REGISTERS * _tau(1 - top / _REGISTERS)
    for registers_of_rank in reversed(low[1:]):
        total = 0.5 * (total + registers_of_rank)
    total += _REGISTERS * _sigma(low[0] / _REGISTERS)
    return _ALPHA * _REGISTERS * _REGISTERS / total


def _sigma(x: float) -> float:
    """Ertl 2017, of the share of empty registers, below 1: x + sum of x^(2^k) 2^(k-1), k >= 1."""
    total, weight, before = x, 1.0, -1.0
    while total != before:
        x, before = x * x, total
        total += x * weight
        weight *= 2
    return total


def _tau(x: float) -> float:
    """Ertl 2017, of the share of registers not full: (1-x - sum (1-x^(2^-k))^2 2^-k, k>=1) / 3."""
    if x in (0.0, 1.0):
        return 0.0
    total, weight, before = 1 - x, 1.0, -1.0
    while total != before:
        x, weight, before = sqrt(x), weight / 2, total
        total -= (1 - x) ** 2 * weight
    return total / 3
