"""Quantiles from counts per bucket, of durations (log buckets) and of scores (exact).

Guarantee: `quantile` is within 0.99 % of the order statistic of rank ceil(q n), relative; values
up to 50 ms, zero included, are exact. Memory: one count per non-empty bucket, 35 buckets per
doubling; a bucket is a cell of `Counts`, so histograms merge and subtract exactly.

The bucket borders are a table of integers, each grown from the one before: no logarithm is taken,
so every platform puts a value in the same bucket. Source: C. Masson, J. E. Rim, H. K. Lee,
DDSketch (VLDB 2019), whose geometric buckets these are, rounded down to whole milliseconds.

>>> from collections import Counter
>>> handled = Counter(bucket(ms) for ms in (0, 40, 61_000, 64_100, 300_000))
>>> quantile(handled, "0.5")
61137.0
>>> order_statistic({3: 5, 4: 10, 5: 5}, "0.95")
5
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from fractions import Fraction

GREATEST_MS = 2**63 - 1
"""The greatest value that has a bucket, in milliseconds."""


def _least_values() -> Iterator[int]:
    """Yield the least value of each bucket; half a bucket is at most 0.99 % of its least value."""
    least = 0
    while least <= GREATEST_MS:
        yield least
        least += least * 99 // 5_000 + 1
    yield least


_LEAST = tuple(_least_values())


def bucket(value_ms: int) -> int:
    """Return the bucket of a whole number of milliseconds, 0 to `GREATEST_MS`, else ValueError."""
    if not 0 <= value_ms <= GREATEST_MS:
        raise ValueError("a duration is at least 0 and below 2^63 milliseconds")
    return bisect_right(_LEAST, value_ms) - 1


def midpoint(index: int) -> float:
    """Return the value in milliseconds that stands for a bucket: half way between its edges."""
    return (_LEAST[index] + _LEAST[index + 1] - 1) / 2


def quantile(buckets: Mapping[int, int], q: str | Fraction) -> float | None:
    """Return the `q` quantile in milliseconds, of counts by `bucket`; None if there are none."""
    index = order_statistic(buckets, q)
    return None if index is None else midpoint(index)


def order_statistic(counts: Mapping[int, int], q: str | Fraction) -> int | None:
    """Return the key that holds rank ceil(q n) of counts by integer value; None if n is 0.

    Exact: `q` is text such as "0.95" or a fraction, above 0 and at most 1, else ValueError; a
    float would not be the number that was written.
    """
    n = sum(counts.values())
    left = _rank(n, Fraction(q))
    for value in sorted(counts) if n else ():
        left -= counts[value]
        if left <= 0:
            return value
    return None


def _rank(n: int, q: Fraction) -> int:
    if not 0 < q <= 1:
        raise ValueError("a quantile is above 0 and at most 1")
    return -(-q.numerator * n // q.denominator)
