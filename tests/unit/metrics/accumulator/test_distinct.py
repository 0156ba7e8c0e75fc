"""Distinct customers: exact against sets, the estimator against its stated error."""

from fractions import Fraction
from math import log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from metrics.accumulator.distinct import (
    EXACT_UP_TO,
    STANDARD_ERROR,
    Distinct,
    union,
)

HASH = st.integers(0, 2**64 - 1)
DENSE_BYTES = 16_385


def crowd(seed: int, size: int) -> NDArray[np.uint64]:
    """So many hashes of a seed, distinct but for a chance of one in 10^7."""
    return np.random.default_rng(seed).integers(0, 2**64, size, dtype=np.uint64)


def of(hashes: NDArray[np.uint64] | list[int]) -> Distinct:
    """The set of these hashes."""
    distinct = Distinct.zero()
    distinct.absorb(hashes)
    return distinct


def registers(hashes: list[int]) -> bytes:
    """HyperLogLog by the book, one hash at a time: 14 bits of index, then the first 1 bit."""
    found = [0] * 16_384
    for value in hashes:
        bits = f"{value:064b}"
        rank = f"{bits[14:]}1".index("1") + 1
        found[int(bits[:14], 2)] = max(found[int(bits[:14], 2)], rank)
    return bytes(found)


@given(st.lists(HASH, max_size=30), st.lists(HASH, max_size=30))
def test_a_few_are_counted_exactly(one: list[int], other: list[int]) -> None:
    """The count is that of a set, and no error is stated."""
    distinct = of(one)
    distinct.absorb(iter(other))
    assert distinct.count() == len({*one, *other})
    assert (distinct.exact, distinct.error) == (True, None)


@given(st.lists(HASH, max_size=30))
def test_the_packed_form_is_ascending_little_endian(hashes: list[int]) -> None:
    """Eight bytes a hash, least first: the same bytes on every machine."""
    expected = b"".join(value.to_bytes(8, "little") for value in sorted(set(hashes)))
    assert of(hashes).pack() == expected


def test_a_column_of_big_endian_hashes_is_the_same_set() -> None:
    """The byte order of an array that is absorbed does not matter."""
    hashes = crowd(1, 100)
    assert of(hashes.astype(">u8")) == of(hashes)


def test_exactness_ends_after_4096() -> None:
    """4,096 are exact, repeated or not; one more makes it an estimate with a stated error."""
    hashes = crowd(2, EXACT_UP_TO + 1)
    distinct = of(np.tile(hashes[:-1], 3))
    assert (distinct.count(), distinct.exact) == (4_096, True)
    distinct.absorb(hashes[-1:])
    assert (distinct.exact, distinct.error) == (False, 0.008125)
    assert len(distinct.pack()) == DENSE_BYTES
    assert 4_097 <= distinct.count() <= 4_300


def test_an_estimate_is_never_below_what_is_known() -> None:
    """What is not exact has more than 4,096, however low its registers come out."""
    counted = [of(crowd(seed, 4_097)).count() for seed in range(50)]
    assert min(counted) == 4_097


def test_registers_are_those_of_the_book() -> None:
    """Indices and ranks of edge and random hashes equal the slow definition."""
    edges = [0, 1, 2**50 - 1, 2**50, 2**49, 2**64 - 1, 2**64 - 2**50]
    hashes = [*edges, *crowd(3, 20_000).tolist()]
    assert of(hashes).pack() == registers(hashes) + b"\x0e"


def test_the_estimate_is_the_closed_form() -> None:
    """Sigma and tau as sums of exact fractions to 60 terms give the same count."""
    hashes = crowd(4, 50_000)
    content = list(registers(hashes.tolist()))
    m, share = 16_384, [Fraction(content.count(rank), 16_384) for rank in range(52)]
    empty, x = float(share[0]), float(1 - share[51])
    sigma = empty + sum(empty ** (2.0**k) * 2.0 ** (k - 1) for k in range(1, 60))
    tau = (1 - x - sum((1 - x ** (2.0**-k)) ** 2 * 2.0**-k for k in range(1, 60))) / 3
    harmonic = sigma + float(sum(share[k] / 2**k for k in range(1, 51))) + tau / 2**50
    assert of(hashes).count() == round(m / (2 * log(2) * harmonic))


def test_full_registers_are_weighed_by_tau() -> None:
    """With a third of the registers full the estimate is finite, huge, and by the closed form."""
    content = bytes([51, 50, 50] * 5_461 + [50]) + b"\x0e"
    x = 1 - 5_461 / 16_384
    tau = (1 - x - sum((1 - x ** (2.0**-k)) ** 2 * 2.0**-k for k in range(1, 60))) / 3
    harmonic = (10_923 / 16_384) / 2**50 + tau / 2**50
    assert Distinct.unpack(content).count() == pytest.approx(
        16_384 / (2 * log(2) * harmonic), rel=1e-12
    )


SIZES = (4_097, 6_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)


def test_the_error_is_at_most_the_stated_one() -> None:
    """Over 240 crowds the root mean square error is below 0.9 % at every size, without bias."""
    errors = np.empty((240, len(SIZES)))
    for seed in range(len(errors)):
        hashes, distinct, start = crowd(seed, SIZES[-1]), Distinct.zero(), 0
        for column, size in enumerate(SIZES):
            distinct.absorb(hashes[start:size])
            errors[seed, column] = distinct.count() / size - 1
            start = size
    assert (np.sqrt((errors**2).mean(axis=0)) < 0.009).all()
    # Below 6,000 the bound of 4,097 shifts the mean; a mean of 240 strays by a fifteenth.
    assert (abs(errors[:, 1:].mean(axis=0)) < 3.5 * STANDARD_ERROR / sqrt(240)).all()


def test_a_union_leaves_its_parts() -> None:
    """Small, dense and empty parts unite to the set of all, and stay what they were."""
    hashes = crowd(5, 9_000)
    parts = [of(hashes[:5]), of(hashes[5:9_000]), Distinct.zero()]
    before = [part.pack() for part in parts]
    assert union(parts) == of(hashes)
    assert [part.pack() for part in parts] == before
    assert union(parts[:0]) == Distinct.zero()


def test_small_sets_may_unite_to_a_dense_one() -> None:
    """720 sets of 20 become the registers of all 14,400 hashes."""
    hashes = crowd(6, 14_400)
    parts = [of(chunk) for chunk in np.split(hashes, 720)]
    assert union(parts) == of(hashes)


@pytest.mark.parametrize("size", [0, 1, 2_048, 4_096, 4_097])
def test_packing_is_undone_by_unpacking(size: int) -> None:
    """Also 2,048 hashes, which take as many bytes as there are registers."""
    distinct = of(crowd(7, size))
    assert Distinct.unpack(distinct.pack()) == distinct


@pytest.mark.parametrize("size", [7, 16_383, 8 * 4_096 + 8])
def test_bytes_of_another_length_are_refused(size: int) -> None:
    """A cut or foreign row is no set."""
    with pytest.raises(ValueError, match=f"{size} bytes"):
        Distinct.unpack(bytes(size))


@pytest.mark.parametrize("value", [-1, 2**64])
def test_a_hash_of_more_than_64_bits_is_refused(value: int) -> None:
    """Nothing is cut off silently, and the set stays as it was."""
    distinct = of([1])
    with pytest.raises(OverflowError):
        distinct.absorb([2, value])
    assert distinct == of([1])
