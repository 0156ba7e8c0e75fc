"""Values and intervals against textbook formulas, written another way or in another arithmetic."""

from decimal import Decimal, getcontext
from fractions import Fraction
from math import inf, sqrt
from statistics import NormalDist, mean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics import statistic
from metrics.statistic import Interval, Pairs, net_score, nps, quotient, ratio, wilson

COUNT = st.integers(0, 10**9)
CLOSE = 1e-9

getcontext().prec = 50


def near(expected: float) -> object:
    """Equal to 1e-9, relative; near 0 absolute, as an end of an interval is a difference."""
    return pytest.approx(expected, rel=CLOSE, abs=CLOSE)


def textbook_nps(promoters: int, passives: int, detractors: int) -> tuple[float, float]:
    """Centre and margin, adjusted Wald, step by step in decimals."""
    n = Decimal(promoters + passives + detractors + 3)
    p, d = (promoters + Decimal("0.75")) / n, (detractors + Decimal("0.75")) / n
    error = ((p + d - (p - d) ** 2) / n).sqrt()
    return float(100 * (p - d)), float(100 * Decimal(statistic.Z) * error)


def test_z_leaves_two_and_a_half_percent_on_each_side() -> None:
    """Z is the 97.5 % point of the standard normal distribution."""
    assert pytest.approx(NormalDist().inv_cdf(0.975), rel=1e-15) == statistic.Z


def test_nothing_is_none_and_never_zero() -> None:
    """A value or an interval of no data does not exist."""
    assert quotient(0, 0) is None
    assert net_score(0, 0, 0) is None
    assert nps(0, 0, 0) is None
    assert wilson(0, 0) is None
    assert statistic.mean(0, 0, 0) is None
    assert ratio(Pairs(0, 0, 0, 0, 0, 0)) is None


def test_net_score_of_a_real_survey() -> None:
    """1,436 promoters, 968 passives, 342 detractors: the published figures, to the last digit."""
    interval = nps(1436, 968, 342)
    assert net_score(1436, 968, 342) == 39.839766933721776
    assert interval is not None
    assert interval.margin == 2.6139288428661565
    assert (interval.low + interval.high) / 2 == near(39.79628955983994)


def test_net_score_is_one_division() -> None:
    """7 detractors of 100 are -7.0; the difference of two shares is not."""
    assert 100 * (0 / 100 - 7 / 100) == -7.000000000000001
    assert net_score(0, 93, 7) == -7.0


@given(COUNT, COUNT, COUNT)
def test_nps_margin_follows_the_textbook(promoters: int, passives: int, detractors: int) -> None:
    """Centre and margin agree with 50-digit decimals; the ends stay in -100..100."""
    interval = nps(promoters, passives, detractors)
    if interval is None:
        assert promoters + passives + detractors == 0
        return
    centre, margin = textbook_nps(promoters, passives, detractors)
    assert interval.margin == near(margin)
    assert interval.low == near(max(-100.0, centre - margin))
    assert interval.high == near(min(100.0, centre + margin))


def test_the_margin_is_the_half_width_before_clipping() -> None:
    """Five promoters: the interval ends at 100, its margin reaches beyond."""
    interval = nps(5, 0, 0)
    centre, margin = textbook_nps(5, 0, 0)
    assert centre + margin > 100
    assert interval is not None
    assert (interval.margin, interval.high) == (near(margin), 100.0)
    assert interval.low == near(centre - margin)


def test_wilson_of_a_real_survey() -> None:
    """2,206 satisfied of 2,688: the published interval."""
    interval = wilson(2206, 2688)
    assert interval is not None
    assert interval.low == pytest.approx(0.8057279245860398, rel=1e-15)
    assert interval.high == pytest.approx(0.8347258414969341, rel=1e-15)
    assert interval.margin == near((interval.high - interval.low) / 2)


@given(st.data(), st.integers(1, 10**6))
def test_wilson_ends_where_the_score_test_just_fails(data: st.DataObject, n: int) -> None:
    """Both ends solve (share - p)^2 = z^2 p (1 - p) / n, the equation that defines them."""
    k = data.draw(st.integers(0, n))
    interval = wilson(k, n)
    assert interval is not None
    for p in (interval.low, interval.high):
        assert (k / n - p) ** 2 == pytest.approx(statistic.Z**2 * p * (1 - p) / n, abs=1e-12)
    assert 0 <= interval.low <= k / n <= interval.high <= 1
    assert interval.low < interval.high


@given(st.lists(st.integers(-(10**6), 10**6), min_size=2, max_size=50))
def test_the_margin_of_a_mean_uses_the_sample_deviation(values: list[int]) -> None:
    """It is z s / sqrt(n), where s divides by n - 1."""
    interval = statistic.mean(len(values), sum(values), sum(v * v for v in values))
    margin = statistic.Z * stdev(values) / sqrt(len(values))
    assert interval is not None
    assert interval.margin == near(margin)
    assert interval.low == near(mean(values) - margin)
    assert interval.high == near(mean(values) + margin)


def test_a_mean_of_one_value_has_no_margin() -> None:
    """One value says nothing about the spread."""
    assert statistic.mean(1, 5, 25) is None
    assert statistic.mean(2, 10, 50) == Interval(0.0, 5.0, 5.0)


def test_a_mean_keeps_small_spreads_of_large_values() -> None:
    """1 ms of spread around 10^15 ms is seen; sums of floats would lose it."""
    values = [10**15, 10**15 + 1]
    interval = statistic.mean(2, sum(values), sum(v * v for v in values))
    assert interval is not None
    assert interval.margin == near(statistic.Z / 2)


def test_a_mean_is_clipped_to_its_range() -> None:
    """Scores 0 and 10 of a scale 0-10: the margin of 9.8 stands, the ends are 0 and 10."""
    interval = statistic.mean(2, 10, 100, (0, 10))
    assert interval is not None
    assert interval.margin == near(statistic.Z * 5)
    assert (interval.low, interval.high) == (0.0, 10.0)


PAIR = st.tuples(st.integers(0, 10**8), st.integers(0, 20))


def sums(pairs: list[tuple[int, int]]) -> Pairs:
    """Sums as an accumulator holds them."""
    return Pairs(
        n=len(pairs),
        h=sum(h for h, _ in pairs),
        c=sum(c for _, c in pairs),
        hh=sum(h * h for h, _ in pairs),
        hc=sum(h * c for h, c in pairs),
        cc=sum(c * c for _, c in pairs),
    )


@given(st.lists(PAIR, max_size=40))
def test_the_margin_of_a_ratio_is_that_of_its_residuals(pairs: list[tuple[int, int]]) -> None:
    """The margin from six sums equals the one from every residual h - R c, in fractions."""
    interval, n, contacts = ratio(sums(pairs)), len(pairs), sum(c for _, c in pairs)
    if n < 2 or not contacts:
        assert interval is None
        return
    r = Fraction(sum(h for h, _ in pairs), contacts)
    spread = Fraction(n, n - 1) * sum((h - r * c) ** 2 for h, c in pairs)
    margin = statistic.Z * sqrt(spread) / contacts
    assert interval is not None
    assert interval.margin == near(margin)
    assert interval.low == near(max(0.0, float(r) - margin))
    assert interval.high == near(float(r) + margin)


@given(st.integers(0, 10**12), st.lists(st.integers(1, 10**6), min_size=2, max_size=20))
def test_a_ratio_without_spread_has_margin_zero(each: int, contacts: list[int]) -> None:
    """Every ticket takes the same time a contact: the sum of squares is 0, never below."""
    interval = ratio(sums([(each * c, c) for c in contacts]), (-inf, inf))
    assert interval == Interval(0.0, float(each), float(each))


def test_a_ratio_with_one_contact_each_is_a_mean() -> None:
    """With c = 1 throughout, the margin is that of a mean."""
    values = [61_000, 64_100, 300_000]
    expected = statistic.mean(3, sum(values), sum(v * v for v in values), (0, inf))
    found = ratio(sums([(v, 1) for v in values]))
    assert found is not None
    assert expected is not None
    assert (found.margin, found.low) == (near(expected.margin), expected.low)


def test_per_changes_the_unit_of_all_three() -> None:
    """Milliseconds become seconds."""
    assert Interval(1500.0, 500.0, 3500.0).per(1000) == Interval(1.5, 0.5, 3.5)
