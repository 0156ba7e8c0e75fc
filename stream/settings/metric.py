"""`[metrics]`, `[targets]` and `[benchmarks]`: what is computed of the catalog, and compared."""

import re
from collections.abc import Callable, Mapping, Sequence

import msgspec

from metrics import scale
from metrics.catalog import METRICS
from metrics.metric import Metric
from metrics.plan import Choice, windows_of
from metrics.scale import FAMILY, GOOD, Rules
from metrics.window import Window
from stream.settings.fault import Fault, Faults, Wrong, below, unknown, wrong
from stream.settings.kind import FLAG, Kind, many, number, table, typed, whole
from stream.settings.section import TABLE, Key

PLANNED = frozenset(
    [
        *("nps_reasons", "fcr_survey", "response_rate", "feedback"),
        *("art", "first_reply", "reopen_rate", "abandonment"),
        *("mrr", "expansion_mrr", "arpa", "churn", "retention", "clv", "cac"),
        *("repeat_purchase", "rox", "stickiness", "session_duration", "campaign", "health"),
    ]
) - set(METRICS)
PLANNED_VARIANT = re.compile(
    r"latest|asked|mean|quantile|requests|first_contacts|no_repeat_[1-9]\d*d(_any)?(_mature)?"
    r"|talk|hold|wrap|product"
)
"""Names that are taken by metrics and variants to come."""

LATER = "is planned, not available yet"
_SCALE = re.compile(r"-?\d{1,4}--?\d{1,4}")
_SCALE_WORDS = "scales with the least score that is good, such as { 1-5 = 4 }"


class Chosen(msgspec.Struct, frozen=True):
    """One metric as configured. `thresholds` gives the least good score by scale (`1-5`)."""

    variants: tuple[str, ...]
    enabled: bool = True
    thresholds: Mapping[str, int] = {}
    low_is_good: bool = False


STANDARD = {metric.name: Chosen(metric.always) for metric in METRICS.values()}
"""The metrics as they are without configuration."""


class Metrics(msgspec.Struct, frozen=True):
    """The metrics by name, all of the catalog; a value of fewer than `thin_below` is thin."""

    thin_below: int = 30
    chosen: Mapping[str, Chosen] = msgspec.field(default_factory=lambda: dict(STANDARD))

    def choices(self, windows: Sequence[Window]) -> tuple[Choice, ...]:
        """Say what to compute of the catalog in these windows."""
        return tuple(
            _choice(METRICS[name], chosen, windows)
            for name, chosen in self.chosen.items()
            if chosen.enabled
        )


def _choice(metric: Metric, chosen: Chosen, windows: Sequence[Window]) -> Choice:
    family = metric.name if metric.name in FAMILY.values() else ""
    return Choice(
        metric,
        tuple(one for one in metric.variants if one.name in chosen.variants),
        Rules(family, dict(chosen.thresholds), chosen.low_is_good),
        windows_of(metric, windows),
    )


def _variant(metric: Metric) -> Kind:
    """Make the kind of a variant's name."""
    known = [variant.name for variant in metric.variants]

    def read(raw: object, key: str) -> str:
        name = typed(raw, str, key, "a name")
        if name in known:
            return name
        raise Wrong(
            Fault(key, LATER) if PLANNED_VARIANT.fullmatch(name) else unknown(key, name, known)
        )

    return Kind("a name", read)


def _thresholds(raw: object, key: str) -> dict[str, int]:
    faults = Faults()
    found: dict[str, int] = {}
    for text, score in typed(raw, dict, key, _SCALE_WORDS).items():
        with faults.kept():
            found[text] = _threshold(text, score, below(key, text))
    faults.settle()
    return found


def _threshold(text: str, raw: object, key: str) -> int:
    least, most = scale.bounds(text) if _SCALE.fullmatch(text) else (0, 0)
    if least >= most or scale.name((least, most)) != text:
        raise wrong(key, "is no scale", "its least and greatest score, such as 1-5")
    score = whole(least, most).take(raw, key)
    return typed(score, int, key, "a score")


def metric_keys(metric: Metric) -> dict[str, Key]:
    """Give the keys of a metric's table; only scores with a threshold have rules to change."""
    variants = many(_variant(metric), "a list of variants")
    found = {
        "enabled": Key(FLAG, "Whether it is computed."),
        "variants": Key(variants, "Variants to compute besides `default`."),
    }
    if metric.name in GOOD:
        thresholds = Kind(_SCALE_WORDS, _thresholds)
        found["thresholds"] = Key(thresholds, "By scale, the least score that counts as good.")
        found["low_is_good"] = Key(FLAG, "Whether low scores are the good ones, on every scale.")
    return found


def _chosen(metric: Metric, raw: object, key: str) -> Chosen:
    """Read a metric's table."""
    kinds = {name: one.kind for name, one in metric_keys(metric).items()}
    values = table(kinds, TABLE).take(raw, key)
    return _with_default(Chosen(metric.always), typed(values, dict, key, TABLE))


def _with_default(standard: Chosen, values: dict[str, object]) -> Chosen:
    given = values.get("variants")
    if isinstance(given, tuple):
        values["variants"] = tuple(dict.fromkeys(("default", *given)))
    return msgspec.structs.replace(standard, **values)


def _each(
    raw: object, key: str, words: str, read: Callable[[Metric, object, str], object]
) -> dict[str, object]:
    """Read what a table says of each metric."""
    faults = Faults()
    found: dict[str, object] = {}
    for name, one in typed(raw, dict, key, words).items():
        at = below(key, name)
        with faults.kept():
            if name not in METRICS:
                raise Wrong(Fault(at, LATER) if name in PLANNED else unknown(at, name, METRICS))
            found[name] = read(METRICS[name], one, at)
    faults.settle()
    return found


THIN_BELOW = Key(whole(0, 1_000_000_000), "Values of fewer samples have the status `thin`.")


def _metrics(raw: object, key: str) -> Metrics:
    given = dict(typed(raw, dict, key, TABLE))
    faults = Faults()
    metrics = Metrics()
    if "thin_below" in given:
        with faults.kept():
            thin = THIN_BELOW.kind.take(given.pop("thin_below"), f"{key}.thin_below")
            metrics = msgspec.structs.replace(metrics, thin_below=thin)
    with faults.kept():
        chosen = {**metrics.chosen, **_each(given, key, TABLE, _chosen)}
        metrics = msgspec.structs.replace(metrics, chosen=chosen)
    faults.settle()
    return metrics


GOAL_WORDS = "a table of metrics and numbers"


def _goals(raw: object, key: str) -> dict[str, object]:
    return _each(raw, key, GOAL_WORDS, _goal)


def _goal(metric: Metric, raw: object, key: str) -> object:
    default = next(variant for variant in metric.variants if variant.name == "default")
    return number(*default.bounds).take(raw, key)


METRICS_TABLE = Kind(TABLE, _metrics)
GOALS = Kind(GOAL_WORDS, _goals)
