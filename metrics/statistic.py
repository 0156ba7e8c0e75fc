"""Values and 95 % intervals, from integers.

Every formula is brought to one quotient of integers, which Python divides with a single rounding,
so a value does not depend on the order of anything. Nothing here raises on an empty sample: what
is not defined is None, never 0.
"""

from math import inf, sqrt

import msgspec

Z = 1.959963984540054
"""The 97.5 % point of the normal distribution: two sides of 2.5 % leave 95 %."""

Range = tuple[float, float]
"""The least and the greatest value that a metric can have."""


class Interval(msgspec.Struct, frozen=True):
    """A 95 % interval, in the unit of the value that it belongs to.

    `margin` is the half width before clipping; `low` and `high` are clipped to the range. The
    centre may differ from the value (adjusted Wald, Wilson).
    """

    margin: float
    low: float
    high: float

    def per(self, units: int) -> "Interval":
        """Return it in a larger unit, of so many of its own: of ms, `per(1000)` is seconds."""
        return Interval(self.margin / units, self.low / units, self.high / units)


class Pairs(msgspec.Struct, frozen=True):
    """Sums over `n` pairs (h, c), such as one ticket's handle time and number of contacts."""

    n: int
    h: int
    c: int
    hh: int
    hc: int
    cc: int


def quotient(numerator: int, divisor: int) -> float | None:
    """Return numerator / divisor, rounded once; None if the divisor is 0."""
    return numerator / divisor if divisor else None


def net_score(promoters: int, passives: int, detractors: int) -> float | None:
    """Return 100 (promoters - detractors) / answers, -100..100; None without answers.

    Source: F. Reichheld, The One Number You Need to Grow (Harvard Business Review, 2003).

    >>> net_score(52, 30, 18)
    34.0
    """
    return quotient(100 * (promoters - detractors), promoters + passives + detractors)


def nps(promoters: int, passives: int, detractors: int) -> Interval | None:
    """Return the adjusted Wald interval of a net promoter score, -100..100; None without answers.

    Three answers are added: 3/4 promoter, 3/4 detractor, the rest passive. Source: MeasuringU
    (2021), after B. Rocks, Interval Estimation for the Net Promoter Score (2016).

    >>> round(nps(52, 30, 18).margin, 2)
    14.77
    """
    if not promoters + passives + detractors:
        return None
    # In quarters of an answer all is whole.
    p, d = 4 * promoters + 3, 4 * detractors + 3
    n = p + 4 * passives + d + 6
    variance = 4 * ((p + d) * n - (p - d) ** 2) / n**3
    return _around(100 * (p - d) / n, 100 * Z * sqrt(variance), (-100, 100))


def wilson(k: int, n: int) -> Interval | None:
    """Return the Wilson interval of the share k of n, 0..1, without continuity correction.

    None if n is 0. Source: E. B. Wilson, Probable inference (JASA, 1927).

    >>> wilson(0, 10)
    Interval(margin=0.1387663999314446, low=0.0, high=0.27753279986288926)
    """
    if not n:
        return None
    scale = n + Z * Z
    half = Z * sqrt(k * (n - k) / n + Z * Z / 4)
    # Each end is measured from its own side, so that 0 of n starts at 0 and n of n ends at 1.
    low = (k + Z * Z / 2 - half) / scale
    high = 1 - (n - k + Z * Z / 2 - half) / scale
    return Interval(half / scale, max(0.0, low), min(1.0, high))


def mean(n: int, total: int, squares: int, within: Range = (-inf, inf)) -> Interval | None:
    """Return z s / sqrt(n) around the mean of n values, s over n - 1; None if n is below 2.

    `total` and `squares` are the sums of the values and of their squares; no values have sums
    with n squares < total^2 (ValueError). Exact until the root.
    """
    if n <= 1:
        return None
    variance = (n * squares - total**2) / (n**2 * (n - 1))
    return _around(total / n, Z * sqrt(variance), within)


def ratio(sums: Pairs, within: Range = (0, inf)) -> Interval | None:
    """Return z sqrt(n / (n - 1) sum (h - R c)^2) / sum c around R = sum h / sum c.

    None if n is below 2 or the sum of c is 0. The sum of squares is a whole number over
    (sum c)^2, exact until the root, so it cannot come out negative. Source: W. G. Cochran,
    Sampling Techniques (1977), 2.11.
    """
    n, h, c = sums.n, sums.h, sums.c
    if n <= 1 or not c:
        return None
    squares = c * c * sums.hh - 2 * h * c * sums.hc + h * h * sums.cc
    return _around(h / c, Z * sqrt(n * squares / ((n - 1) * c**4)), within)


def _around(centre: float, margin: float, within: Range) -> Interval:
    least, greatest = within
    low, high = max(least, centre - margin), min(greatest, centre + margin)
    return Interval(margin, float(low), float(high))
