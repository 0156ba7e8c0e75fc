"""Values of lists of events, in integers and fractions until the last step."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, sqrt

Z = 1.959963984540054


@dataclass(frozen=True)
class Value:
    """A lowered value; [low, high] is clipped, `margin` is not."""

    value: float | None
    n: int
    margin: float | None = None
    low: float | None = None
    high: float | None = None
    parts: dict[str, int] = field(default_factory=dict)


def around(centre: float, margin: float, least: float, most: float) -> tuple[float, float]:
    """The interval, clipped to the metric's range."""
    clipped = [min(max(edge, least), most) for edge in (centre - margin, centre + margin)]
    return clipped[0], clipped[1]


def nps(scores: Sequence[int]) -> Value:
    """100 (promoters - detractors) / answers; adjusted Wald."""
    n = len(scores)
    promoters = sum(score >= 9 for score in scores)
    detractors = sum(score <= 6 for score in scores)
    parts = {
        "promoters": promoters,
        "passives": n - promoters - detractors,
        "detractors": detractors,
    }
    if n == 0:
        return Value(None, 0, parts=parts)
    p, d = (Fraction(4 * part + 3, 4 * (n + 3)) for part in (promoters, detractors))
    margin = 100 * Z * sqrt((p + d - (p - d) ** 2) / (n + 3))
    low, high = around(float(100 * (p - d)), margin, -100, 100)
    return Value(float(Fraction(100 * (promoters - detractors), n)), n, margin, low, high, parts)


def ratio(good: int, n: int, parts: dict[str, int]) -> Value:
    """The share of good among n with the Wilson interval."""
    if n == 0:
        return Value(None, 0, parts=parts)
    p = Fraction(good, n)
    z2 = Fraction(Z) ** 2
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    margin = Z * sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + float(z2) / n)
    low, high = around(float(centre), margin, 0, 1)
    return Value(float(p), n, margin, low, high, parts)


def mean(numbers: Sequence[int], least: float, most: float, unit: int = 1) -> Value:
    """The arithmetic mean, divided by `unit`; z s / sqrt(n) with s over n - 1."""
    n, total = len(numbers), sum(numbers)
    parts = {"sum": total, "count": n}
    if n == 0:
        return Value(None, 0, parts=parts)
    value = Fraction(total, n * unit)
    if n == 1:
        return Value(float(value), n, parts=parts)
    squares = sum(number * number for number in numbers) - Fraction(total * total, n)
    margin = Z * sqrt(squares / (n - 1) / n) / unit
    low, high = around(float(value), margin, least, most)
    return Value(float(value), n, margin, low, high, parts)


def quantile(numbers: Sequence[int], q: Fraction, unit: int = 1) -> Value:
    """The order statistic of rank ceil(q n), divided by `unit`."""
    n = len(numbers)
    if n == 0:
        return Value(None, 0)
    return Value(sorted(numbers)[ceil(q * n) - 1] / unit, n)


def handle_time(samples: Sequence[tuple[int, int]]) -> Value:
    """Seconds per contact of (handle ms, contacts); a ratio of sums."""
    n = len(samples)
    handled = sum(ms for ms, _ in samples)
    contacts = sum(number for _, number in samples)
    parts = {"handle_ms": handled, "contacts": contacts, "tickets": n}
    if n == 0:
        return Value(None, 0, parts=parts)
    r = Fraction(handled, contacts)
    value = float(r / 1000)
    if n == 1:
        return Value(value, n, parts=parts)
    squares = (
        sum(ms * ms for ms, _ in samples)
        - 2 * r * sum(ms * number for ms, number in samples)
        + r * r * sum(number * number for _, number in samples)
    )
    margin = Z * sqrt(Fraction(n, n - 1) * squares) / contacts / 1000
    low, high = around(value, margin, 0, float("inf"))
    return Value(value, n, margin, low, high, parts)


def distinct(customers: Sequence[str]) -> Value:
    """How many different customers."""
    n = len(set(customers))
    return Value(float(n) if n else None, n)
