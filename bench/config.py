"""The configuration that is measured: three groupings, four windows, the default metrics."""

import json
import tomllib

from metrics.catalog import METRICS
from metrics.plan import Plan
from stream.settings.load import resolve

MEASURED = ("nps", "csat", "ces", "active_users")
NO_USERS = tuple(name for name in MEASURED if name != "active_users")
ROLLING = ("1h", "24h", "30d")

_TOML = """\
dimensions = ["region", "product"]
groupings = [[], ["region"], ["region", "product"]]
[topics]
survey_answers = "survey.answers"
[windows]
rolling = {rolling}
calendar = ["today"]
[privacy]
hash_key = "only-for-measurements"
"""


def toml(metrics: tuple[str, ...] = MEASURED, rolling: tuple[str, ...] = ROLLING) -> str:
    """Write the file of a worker that computes these metrics in these windows, and today's."""
    others = (name for name in METRICS if name not in metrics)
    disabled = (f"[metrics.{name}]\nenabled = false\n" for name in others)
    return _TOML.format(rolling=json.dumps(rolling)) + "".join(disabled)


def plan(metrics: tuple[str, ...] = MEASURED, rolling: tuple[str, ...] = ROLLING) -> Plan:
    """Make the plan of that worker."""
    return resolve(tomllib.loads(toml(metrics, rolling)), {}).plan()
