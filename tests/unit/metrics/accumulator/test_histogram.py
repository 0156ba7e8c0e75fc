"""Quantiles against the sorted values."""

from collections import Counter
from decimal import ROUND_CEILING, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.accumulator.histogram import (
    GREATEST_MS,
    bucket,
    midpoint,
    order_statistic,
    quantile,
)

# Magnitudes first, or nearly all values drawn would be huge.
DURATION = st.integers(0, 63).flatmap(lambda bits: st.integers(0, 2**bits - 1))
PERCENT = st.integers(1, 100).map(lambda percent: str(Decimal(percent) / 100))


def ranked(values: list[int], q: str) -> int:
    """The order statistic of rank ceil(q n), by sorting."""
    rank = (Decimal(q) * len(values)).to_integral_value(ROUND_CEILING)
    return sorted(values)[int(rank) - 1]


@given(st.lists(DURATION, min_size=1, max_size=60), PERCENT)
def test_a_quantile_is_within_one_percent_of_the_order_statistic(values: list[int], q: str) -> None:
    """The promise: |estimate - value| <= 0.99 % of the value, in exact arithmetic."""
    estimate = quantile(Counter(map(bucket, values)), q)
    assert estimate is not None
    exact = ranked(values, q)
    # Above 2^53 the float that is returned may itself be half a unit away.
    slack = exact / Fraction(2**52) if exact > 2**53 else 0
    assert abs(Fraction(estimate) - exact) <= Fraction(99, 10_000) * exact + slack


def test_every_border_keeps_the_promise() -> None:
    """The worst values of every bucket, its least and its greatest, are within 0.99 %."""
    last = bucket(GREATEST_MS)
    least = 0
    for index in range(bucket(2**52)):
        assert bucket(least) == index
        middle = Fraction(midpoint(index))
        greatest = int(2 * middle) - least
        assert bucket(greatest) == index
        assert abs(middle - least) <= Fraction(99, 10_000) * least
        least = greatest + 1
    assert last < 2_100


def test_up_to_fifty_milliseconds_are_exact() -> None:
    """Zero has its own bucket, and so has every value up to 50."""
    assert [midpoint(bucket(value)) for value in range(51)] == list(range(51))


@given(DURATION, DURATION)
def test_buckets_are_in_the_order_of_values(one: int, other: int) -> None:
    """A greater value is never in a lower bucket."""
    low, high = sorted((one, other))
    assert bucket(low) <= bucket(high)


@pytest.mark.parametrize("value", [-1, GREATEST_MS + 1])
def test_a_value_without_a_bucket_is_refused(value: int) -> None:
    """Nothing is put silently into the first or last bucket."""
    with pytest.raises(ValueError, match="milliseconds"):
        bucket(value)


def test_buckets_never_move() -> None:
    """Stored histograms name buckets by number, so the table may not change."""
    values = [0, 50, 51, 1_000, 61_000, 86_400_000, 3_153_600_000_000, GREATEST_MS]
    assert [bucket(value) for value in values] == [0, 50, 51, 182, 391, 761, 1297, 2056]


@given(st.lists(st.integers(-2, 10), min_size=1, max_size=40), PERCENT)
def test_a_score_quantile_is_exact(scores: list[int], q: str) -> None:
    """It is the score of rank ceil(q n), whatever the scale."""
    assert order_statistic(Counter(scores), q) == ranked(scores, q)


@pytest.mark.parametrize(("q", "n", "rank"), [("0.9", 10, 9), ("0.07", 100, 7), ("0.55", 100, 55)])
def test_a_rank_is_not_pushed_up_by_a_binary_fraction(q: str, n: int, rank: int) -> None:
    """Binary floats put 0.9, 0.07 and 0.55 of these n one rank too high."""
    every = dict.fromkeys(range(1, n + 1), 1)
    assert order_statistic(every, q) == rank
    assert order_statistic(every, Fraction(q)) == rank


def test_nothing_has_no_quantile() -> None:
    """No counts, or only cells that were emptied: None."""
    assert quantile({}, "0.5") is None
    assert order_statistic({}, "0.5") is None
    assert order_statistic({3: 0}, "0.5") is None


@pytest.mark.parametrize("q", ["0", "-0.1", "1.01"])
def test_a_quantile_outside_its_range_is_refused(q: str) -> None:
    """There is no rank 0 and none above n."""
    with pytest.raises(ValueError, match="at most 1"):
        order_statistic({3: 1}, q)
