"""Customer effort score: the share of answers that found it easy.

Source: common handbook definition after Dixon, Freeman, Toman, Stop Trying to Delight Your
Customers (Harvard Business Review, 2010); interval: Wilson (1927).
"""

from metrics.metric import Metric, Variant
from metrics.score import averages, share

CES = Metric(
    name="ces",
    title="Customer effort score",
    inputs=("survey_answers",),
    variants=(
        Variant("default", "ratio", share("ces", "easy", "answered")),
        *averages("ces"),
    ),
    source="common handbook definition: easy answers (5 to 7 of 7) / answers",
)
