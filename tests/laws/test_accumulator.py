"""The algebra that every accumulator obeys: state is a function of what was absorbed."""

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.accumulator import counts, histogram
from metrics.accumulator.counts import Counts
from metrics.accumulator.distinct import Distinct, union
from metrics.accumulator.multiset import Multiset

Items = list[Any]


class Subject(NamedTuple):
    """An accumulator as the laws see it; `merge` returns the merged and changes neither."""

    name: str
    items: st.SearchStrategy[Items]
    whole: Callable[[Items], Any]
    merge: Callable[[Any, Any], Any]

    def __str__(self) -> str:
        return self.name


def summed(pairs: Items) -> Counts:
    """The sums of (cell, amount) pairs."""
    into = counts.zero()
    counts.absorb(into, pairs)
    return into


def binned(durations: Items) -> Counts:
    """The histogram of durations, in cells."""
    return summed([(f"aht/b/{histogram.bucket(ms)}", 1) for ms in durations])


def plus(one: Counts, other: Counts) -> Counts:
    """The merge of two, as a third."""
    into = dict(one)
    counts.merge(into, other)
    return into


def minus(one: Counts, other: Counts) -> Counts:
    """The difference of two, as a third."""
    from_ = dict(one)
    counts.subtract(from_, other)
    return from_


def distinct(hashes: Items) -> Distinct:
    """The set of hashes."""
    found = Distinct.zero()
    found.absorb(hashes)
    return found


def crowd(seed: int, size: int) -> Items:
    """So many hashes; crowds of one seed share their first ones."""
    found: Items = np.random.default_rng(seed).integers(0, 2**64, size, dtype=np.uint64).tolist()
    return found


def counted(pairs: Items) -> bytes:
    """The multiset of (hash, count) pairs, packed."""
    into = Multiset()
    for hashed, count in pairs:
        into.merge(Multiset.of({hashed: count}))
    return into.pack()


def together(one: bytes, other: bytes) -> bytes:
    """The merge of two packed multisets, as a third."""
    into = Multiset.unpack(one)
    into.merge(Multiset.unpack(other))
    return into.pack()


PAIRS = st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(-3, 3)))
VISITS = st.lists(
    st.tuples(st.integers(0, 3) | st.just(2**64 - 1), st.integers(-2, 2)), max_size=20
)
DURATIONS = st.lists(st.integers(0, 10**7))
# Few hashes; and crowds on both sides of 4,096, overlapping and disjoint.
HASHES = st.lists(st.integers(0, 2**64 - 1)) | st.builds(
    crowd, st.integers(0, 2), st.sampled_from([1_500, 4_096, 4_097, 6_000])
)
ADDITIVE = [
    Subject("counts", PAIRS, summed, plus),
    Subject("histogram", DURATIONS, binned, plus),
]
EVERY = [
    *ADDITIVE,
    Subject("multiset", VISITS, counted, together),
    Subject("distinct", HASHES, distinct, lambda one, other: union([one, other])),
]
every = pytest.mark.parametrize("subject", EVERY, ids=str)
additive = pytest.mark.parametrize("subject", ADDITIVE, ids=str)


@every
@given(data=st.data())
def test_merge_is_commutative(subject: Subject, data: st.DataObject) -> None:
    """Whichever partition comes first, the state is the same."""
    a, b = (subject.whole(data.draw(subject.items)) for _ in range(2))
    assert subject.merge(a, b) == subject.merge(b, a)


@every
@given(data=st.data())
def test_merge_is_associative(subject: Subject, data: st.DataObject) -> None:
    """Slices may be grouped into any rungs on the way to a window."""
    a, b, c = (subject.whole(data.draw(subject.items)) for _ in range(3))
    left = subject.merge(subject.merge(a, b), c)
    assert left == subject.merge(a, subject.merge(b, c))


@every
@given(data=st.data())
def test_zero_changes_nothing(subject: Subject, data: st.DataObject) -> None:
    """An empty slice is no slice."""
    a, zero = subject.whole(data.draw(subject.items)), subject.whole([])
    assert subject.merge(a, zero) == a == subject.merge(zero, a)


@every
@given(data=st.data(), cut=st.floats(0, 1), seed=st.integers(0, 2**32))
def test_any_split_and_order_gives_the_whole(
    subject: Subject, data: st.DataObject, cut: float, seed: int
) -> None:
    """A shuffled batch, cut in two anywhere, merges to the state of the batch."""
    items = data.draw(subject.items)
    shuffled = list(items)
    Random(seed).shuffle(shuffled)
    at = round(cut * len(items))
    parts = subject.whole(shuffled[:at]), subject.whole(shuffled[at:])
    assert subject.merge(*parts) == subject.whole(items)


@additive
@given(data=st.data())
def test_subtract_undoes_merge(subject: Subject, data: st.DataObject) -> None:
    """What leaves a window leaves no trace, not even a zero."""
    a, b = (subject.whole(data.draw(subject.items)) for _ in range(2))
    assert minus(subject.merge(a, b), b) == a
    assert minus(a, a) == counts.zero()


@given(HASHES, HASHES)
def test_distinct_is_idempotent(one: Items, other: Items) -> None:
    """A customer seen again, in another slice or topic, changes nothing."""
    a, b = distinct(one), distinct(other)
    both = union([a, b])
    assert union([a, a]) == a
    assert union([both, b]) == both


@given(st.lists(HASHES, max_size=4))
def test_merging_one_by_one_is_the_union(columns: list[Items]) -> None:
    """`merge` in place and `union` at once reach the same bytes."""
    total = Distinct.zero()
    for column in columns:
        total.merge(distinct(column))
    assert total.pack() == union(map(distinct, columns)).pack()


@given(DURATIONS, DURATIONS)
def test_a_merged_quantile_is_that_of_all_values(one: Items, other: Items) -> None:
    """The median of a merge is the one of a histogram of all values at once."""
    merged = plus(binned(one), binned(other))
    buckets = {int(cell.rpartition("/")[2]): n for cell, n in merged.items()}
    values = Counter(map(histogram.bucket, [*one, *other]))
    assert histogram.quantile(buckets, "0.5") == histogram.quantile(values, "0.5")
