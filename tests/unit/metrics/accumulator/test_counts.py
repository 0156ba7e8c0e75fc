"""Sums by cell: what is equal is equal as a dict."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from metrics.accumulator import counts
from metrics.accumulator.counts import Counts

PAIRS = st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(-3, 3)))


def whole(pairs: list[tuple[str, int]]) -> Counts:
    """The sums of the pairs."""
    into = counts.zero()
    counts.absorb(into, pairs)
    return into


@given(PAIRS)
def test_absorb_sums_by_cell_and_drops_zeros(pairs: list[tuple[str, int]]) -> None:
    """The sums are those of a Counter; a cell that sums to zero is absent."""
    reference: Counter[str] = Counter()
    for cell, amount in pairs:
        reference[cell] += amount
    assert whole(pairs) == {cell: total for cell, total in reference.items() if total}


@given(PAIRS, PAIRS)
def test_merge_and_subtract_leave_the_other_alone(
    left: list[tuple[str, int]], right: list[tuple[str, int]]
) -> None:
    """Only the first argument changes."""
    into, other = whole(left), whole(right)
    counts.merge(into, other)
    assert other == whole(right)
    counts.subtract(into, other)
    assert other == whole(right)


def test_a_zero_that_comes_from_elsewhere_is_dropped() -> None:
    """A zero amount neither makes a cell nor fails on one that is absent."""
    into = {"a": 1}
    counts.merge(into, {"b": 0})
    counts.subtract(into, {"c": 0})
    assert into == {"a": 1}


def test_a_retraction_may_come_first() -> None:
    """A cell goes below zero and vanishes when its event arrives."""
    into = counts.zero()
    counts.subtract(into, {"a": 2})
    assert into == {"a": -2}
    counts.merge(into, {"a": 2})
    assert into == {}


def test_sums_do_not_overflow() -> None:
    """Sums beyond 64 bits are exact: squares of milliseconds over a year reach them."""
    into = {"squares": 2**63}
    counts.merge(into, {"squares": 2**63 + 1})
    assert into == {"squares": 2**64 + 1}
