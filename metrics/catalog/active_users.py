"""Active users: distinct customers with an event in the window (DAU 24h, WAU 7d, MAU 30d).

Source: common handbook definition. The count is exact up to 4,096 customers and estimated above,
with the standard error of `metrics.accumulator.distinct`.
"""

from collections.abc import Iterator

from metrics.accumulator.distinct import Distinct, union
from metrics.metric import TOTAL, By, Metric, Totals, Value, Variant
from metrics.scale import Rules
from metrics.statistic import Interval, Z


def lower(totals: Totals, rules: Rules) -> Iterator[tuple[By, Value]]:
    """Count the customers of all inputs together, and of each input by itself."""
    if totals.users:
        yield TOTAL, _counted(union(totals.users.values()))
    for source, users in sorted(totals.users.items()):
        yield (("source", source),), _counted(users)


def _counted(users: Distinct) -> Value:
    n = users.count()
    if users.error is None:
        return Value(n or None, n, {})
    margin = Z * users.error * n
    return Value(n, n, {}, Interval(margin, n - margin, n + margin))


ACTIVE_USERS = Metric(
    name="active_users",
    title="Active users",
    inputs=(
        "product_usage",
        "survey_answers",
        "purchases",
        "campaign_events",
        "subscription_events",
        "ticket_closures",
    ),
    variants=(Variant("default", "users", lower, (0.0, None)),),
    source="common handbook definition: distinct customers with an event in the window",
    windows=("24h", "7d", "28d", "30d"),
    counts_users=True,
)
