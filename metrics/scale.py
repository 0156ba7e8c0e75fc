"""Scales of survey scores, and which score means what on which scale.

Scales never mix: each type has a default one, others stand by themselves. Sources: Reichheld (HBR,
2003) for promoters; common handbook definitions for satisfied (top boxes) and easy.
"""

import msgspec

Scale = tuple[int, int]
"""Least and greatest score, both included."""

FAMILY = {"nps": "nps", "csat": "csat", "ces": "ces", "fcr": "fcr_survey"}
"""The family of cells, and metric, of each type of survey."""

DEFAULTS: dict[str, Scale] = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7), "fcr_survey": (0, 1)}

PROMOTER, PASSIVE = 9, 7  # the least scores of each

FARTHEST = 100
"""How far from 0 a scale may reach whose number of points alone makes it known.

Each scale is a `by` of its own: without a bound, one sender could make up any number of them.
"""

_SCALES: dict[str, set[Scale]] = {"nps": {(0, 10), (1, 10)}, "fcr_survey": {(0, 1)}}
"""The scales of types that have no others."""

_TOP_BOXES = {
    "csat": {2: 1, 3: 1, 4: 2, 5: 2, 6: 2, 7: 2, 10: 3},
    "ces": {5: 2, 7: 3, 10: 3},
    "fcr_survey": {2: 1},
}
"""How many of the highest scores count, by number of points of the scale."""

GOOD = {"csat": "satisfied", "ces": "easy", "fcr_survey": "yes"}


def name(scale: Scale) -> str:
    """Name a scale: `1-5`."""
    return f"{scale[0]}-{scale[1]}"


def bounds(text: str) -> Scale:
    """Read a scale's name back; the least score may be negative.

    >>> bounds("-2-2")
    (-2, 2)
    """
    low, _, high = text.rpartition("-")
    return (int(low[:-1]), -int(high)) if low.endswith("-") else (int(low), int(high))


DEFAULT_SCALE = {family: name(scale) for family, scale in DEFAULTS.items()}


class Rules(msgspec.Struct, frozen=True):
    """How the scores of one metric are read.

    `thresholds` gives, by scale, the least score that counts as good; `low_is_good` mirrors every
    score on its scale.
    """

    family: str = ""
    thresholds: dict[str, int] = {}
    low_is_good: bool = False

    def known(self, scale: Scale) -> bool:
        """Say whether there is a rule for a scale: by its name, or by its number of points."""
        if self.family in _SCALES:
            return scale in _SCALES[self.family]
        if name(scale) in self.thresholds:
            return True
        is_near = scale[0] >= -FARTHEST and scale[1] <= FARTHEST
        points = scale[1] - scale[0] + 1
        return is_near and points in _TOP_BOXES.get(self.family, {})

    def mirror(self, scale: str, score: int) -> int:
        """Turn a score round where low is good."""
        return sum(bounds(scale)) - score if self.low_is_good else score

    def category(self, scale: str, score: int) -> str:
        """Say what a score (already mirrored) means.

        `promoter passive detractor`; else `satisfied easy yes` or `other`.
        """
        if self.family == "nps":
            return (
                "promoter" if score >= PROMOTER else "passive" if score >= PASSIVE else "detractor"
            )
        low, high = bounds(scale)
        least = self.thresholds.get(scale)
        if least is None:
            least = high + 1 - _TOP_BOXES[self.family][high - low + 1]
        return GOOD[self.family] if score >= least else "other"
