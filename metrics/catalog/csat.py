"""Customer satisfaction: the share of answers that are satisfied.

Source: common handbook definition (top two boxes of five); interval: Wilson (1927).
"""

from metrics.metric import Metric, Variant
from metrics.score import averages, share

CSAT = Metric(
    name="csat",
    title="Customer satisfaction",
    inputs=("survey_answers",),
    variants=(
        Variant("default", "ratio", share("csat", "satisfied", "answered")),
        *averages("csat"),
    ),
    source="common handbook definition: satisfied answers (top 2 of 5) / answers",
)
