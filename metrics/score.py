"""Scores of survey answers: counts by score, kept apart by scale, and what all scores share.

A survey answer adds one to the cell `type/scale/score`, so every survey metric and variant is
lowered from the same small histogram and scales never mix.
"""

from collections.abc import Iterator, Mapping

from metrics.accumulator.histogram import order_statistic
from metrics.metric import TOTAL, By, Lower, Totals, Value, Variant
from metrics.scale import DEFAULT_SCALE, Rules, bounds
from metrics.statistic import mean, quotient, wilson

QUANTILES = ("0.5", "0.9", "0.95", "0.99")
Scores = Mapping[int, int]  # count of answers by score


def by_scale(family: str, totals: Totals, rules: Rules) -> Iterator[tuple[By, str, Scores]]:
    """Yield each scale's scores: the type's default scale as the total, others split off.

    Where low is good the scores are mirrored, for all that is lowered from them. A scale that has
    no rule any more is passed over.
    """
    scales: dict[str, dict[int, int]] = {}
    for cell, n in totals.cells.get(family, {}).items():
        scale, _, score = cell.rpartition("/")
        scales.setdefault(scale, {})[rules.mirror(scale, int(score))] = n
    for scale in sorted(scale for scale in scales if rules.known(bounds(scale))):
        by = TOTAL if scale == DEFAULT_SCALE[family] else (("scale", scale),)
        yield by, scale, scales[scale]


def share(family: str, category: str, answered: str) -> Lower:
    """Make the lowering for the share of answers in a category, with a Wilson interval."""

    def lower(totals: Totals, rules: Rules) -> Iterator[tuple[By, Value]]:
        for by, scale, scores in by_scale(family, totals, rules):
            n = sum(scores.values())
            k = sum(scores[score] for score in scores if rules.category(scale, score) == category)
            yield by, Value(quotient(k, n), n, {category: k, answered: n}, wilson(k, n))

    return lower


def averages(family: str) -> tuple[Variant, Variant]:
    """Make the variants that any metric of scores has: the mean and quantiles of the scores."""

    def lower_mean(totals: Totals, rules: Rules) -> Iterator[tuple[By, Value]]:
        for by, scale, scores in by_scale(family, totals, rules):
            n = sum(scores.values())
            total = sum(score * count for score, count in scores.items())
            squares = sum(score * score * count for score, count in scores.items())
            parts = {"sum": total, "count": n}
            yield by, Value(quotient(total, n), n, parts, mean(n, total, squares, bounds(scale)))

    def lower_quantiles(totals: Totals, rules: Rules) -> Iterator[tuple[By, Value]]:
        for by, _, scores in by_scale(family, totals, rules):
            n = sum(scores.values())
            for q in QUANTILES:
                split = tuple(sorted((*by, ("quantile", q))))
                yield split, Value(order_statistic(scores, q), n, {})

    return (
        Variant("mean", "points", lower_mean, (None, None)),
        Variant("quantile", "points", lower_quantiles, (None, None)),
    )
