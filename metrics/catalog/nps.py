"""Net promoter score: the share of promoters less the share of detractors, -100 to 100.

Source: F. Reichheld, The One Number You Need to Grow (Harvard Business Review, 2003); interval:
adjusted Wald, MeasuringU (2021) after B. Rocks (2016).
"""

from collections.abc import Iterator

from metrics.metric import By, Lower, Metric, Totals, Value, Variant
from metrics.scale import Rules
from metrics.score import Scores, averages, by_scale
from metrics.statistic import net_score, nps, quotient, wilson

CATEGORIES = {"promoters": "promoter", "passives": "passive", "detractors": "detractor"}


def lower(totals: Totals, rules: Rules) -> Iterator[tuple[By, Value]]:
    """100 (promoters - detractors) / answers."""
    for by, scale, scores in by_scale("nps", totals, rules):
        parts = _parts(scale, scores, rules)
        value = net_score(**parts)
        yield by, Value(value, sum(parts.values()), parts, nps(**parts))


def _parts(scale: str, scores: Scores, rules: Rules) -> dict[str, int]:
    parts = dict.fromkeys(CATEGORIES, 0)
    for score, n in scores.items():
        parts[f"{rules.category(scale, score)}s"] += n
    return parts


def _share(part: str) -> Lower:
    def lower_share(totals: Totals, rules: Rules) -> Iterator[tuple[By, Value]]:
        for by, scale, scores in by_scale("nps", totals, rules):
            parts = _parts(scale, scores, rules)
            n = sum(parts.values())
            yield by, Value(quotient(parts[part], n), n, parts, wilson(parts[part], n))

    return lower_share


NPS = Metric(
    name="nps",
    title="Net promoter score",
    inputs=("survey_answers",),
    variants=(
        Variant("default", "score", lower, (-100.0, 100.0)),
        *averages("nps"),
        *(Variant(part, "ratio", _share(part)) for part in CATEGORIES),
    ),
    source="Reichheld, The One Number You Need to Grow (HBR, 2003)",
)
