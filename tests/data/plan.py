"""A plan over the whole catalog: every metric with every variant it has."""

from typing import Any

from metrics import duration
from metrics.calendar import Calendar
from metrics.catalog import METRICS
from metrics.metric import Metric
from metrics.plan import Choice, Plan, windows_of
from metrics.scale import FAMILY, Rules
from metrics.window import Rolling, Window
from metrics.zone import Zone

UTC = Calendar(Zone("UTC"))


def windows(calendar: Calendar, *names: str) -> tuple[Window, ...]:
    """Windows by name: rolling ones, and those of the calendar."""
    return tuple(
        Rolling.parse(name) if name[0].isdigit() else calendar.open(name) for name in names
    )


def choice(metric: Metric, *among: Window, rules: Rules | None = None) -> Choice:
    """A metric with all of its variants."""
    family = metric.name if metric.name in FAMILY.values() else ""
    return Choice(metric, metric.variants, rules or Rules(family), windows_of(metric, among))


def whole(calendar: Calendar = UTC, *names: str, **fields: Any) -> Plan:
    """The plan of the whole catalog in these windows; `fields` are those of `Plan`."""
    among = windows(calendar, *names or ("1h", "24h", "today"))
    fields = {
        "dimensions": ("region", "channel"),
        "groupings": ((), ("region",), ("region", "channel")),
        "allowed_lateness": 10 * duration.MINUTE,
        **fields,
    }
    choices = tuple(choice(metric, *among) for metric in METRICS.values())
    return Plan(calendar=calendar, choices=choices, **fields)
