"""The configuration that is measured: three groupings, four windows, the default metrics."""

import tomllib

from metrics.catalog import METRICS
from stream.settings import Settings
from stream.settings.load import resolve

MEASURED = ("nps", "csat", "ces", "active_users")

_TOML = """\
dimensions = ["region", "product"]
groupings = [[], ["region"], ["region", "product"]]
[topics]
survey_answers = "survey.answers"
[windows]
rolling = ["1h", "24h", "30d"]
calendar = ["today"]
[privacy]
hash_key = "only-for-measurements"
"""


def toml(metrics: tuple[str, ...] = MEASURED) -> str:
    """Write the file of a worker that computes these metrics."""
    others = (name for name in METRICS if name not in metrics)
    return _TOML + "".join(f"[metrics.{name}]\nenabled = false\n" for name in others)


def settings(metrics: tuple[str, ...] = MEASURED) -> Settings:
    """Read that file."""
    return resolve(tomllib.loads(toml(metrics)), {})
