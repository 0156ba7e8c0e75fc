"""Multiset: counts of hashes, from which hashes can be taken out again."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.accumulator.multiset import Multiset

COUNTS = st.dictionaries(
    st.integers(0, 5) | st.integers(2**64 - 3, 2**64 - 1), st.integers(-3, 3), max_size=8
)


@given(parts=st.lists(COUNTS, max_size=6))
def test_a_merge_is_the_sum_of_counts(parts: list[dict[int, int]]) -> None:
    """Whatever is added and taken, what is left are the sums that are not zero."""
    expected: Counter[int] = Counter()
    merged = Multiset()
    for part in parts:
        merged.merge(Multiset.of(part))
        for hashed, count in part.items():
            expected[hashed] += count
    left = {hashed: count for hashed, count in expected.items() if count}
    assert merged.counts() == left
    assert merged.packed == Multiset.of(left).packed


@given(counts=COUNTS)
def test_users_are_the_hashes_with_a_positive_count(counts: dict[int, int]) -> None:
    """A hash of which more was taken than is there yet is no user."""
    expected = {hashed for hashed, count in counts.items() if count > 0}
    present = Multiset.of(counts).present()
    assert present.count() == len(expected)
    assert Multiset.of(counts).takes == any(count < 0 for count in counts.values())


@given(counts=COUNTS)
def test_packed_and_back(counts: dict[int, int]) -> None:
    """The canonical form holds all there is."""
    one = Multiset.of(counts)
    assert Multiset.unpack(one.pack()).counts() == one.counts()


def test_a_crowd_is_counted_like_a_distinct_set() -> None:
    """Above 4,096 the set of those present is a sketch; taking them out leaves the exact rest."""
    hashes = [number * (2**64 // 5_000) for number in range(5_000)]
    crowd = Multiset.of(dict.fromkeys(hashes, 1))
    assert not crowd.present().exact
    crowd.merge(Multiset.of(dict.fromkeys(hashes[1_000:], -1)))
    assert crowd.present().exact
    assert crowd.present().count() == len(crowd.counts()) == 1_000


def test_bytes_of_a_wrong_length_are_refused() -> None:
    """A row that was cut off must not be read as fewer users."""
    with pytest.raises(ValueError, match="13 bytes"):
        Multiset.unpack(bytes(13))
