"""`[metrics]`, `[targets]` and `[benchmarks]`: what is computed of the catalog, and compared."""

import re
from collections.abc import Mapping, Sequence

import msgspec

from metrics import scale
from metrics.catalog import METRICS
from metrics.metric import Metric
from metrics.plan import Choice, windows_of
from metrics.scale import FAMILY, GOOD, Rules
from metrics.window import Window
from stream.settings.fault import Faults, Wrong, below, later, unknown, wrong
from stream.settings.kind import FLAG, TABLE, Kind, many, number, read_table, typed, whole
from stream.settings.section import Key

PLANNED = frozenset(
    [
        *("nps_reasons", "fcr_survey", "response_rate", "feedback"),
        *("art", "first_reply", "reopen_rate", "abandonment"),
        *("mrr", "expansion_mrr", "arpa", "churn", "retention", "clv", "cac"),
        *("repeat_purchase", "rox", "stickiness", "session_duration", "campaign", "health"),
    ]
) - set(METRICS)
PLANNED_VARIANTS = {
    "nps": r"latest|asked",
    "csat": r"latest|asked",
    "ces": r"latest|asked",
    "fcr": r"requests|first_contacts|no_repeat_[1-9]\d*d(_any)?(_mature)?",
    "aht": r"talk|hold|wrap",
    "active_users": r"product",
}
"""Names that are taken by metrics, and (as patterns) by variants, to come."""

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

    def unused(self) -> tuple[Rules, ...]:
        """Give the rules of metrics that are not computed."""
        found = self.chosen.items()
        return tuple(_rules(name, chosen) for name, chosen in found if not chosen.enabled)


def _choice(metric: Metric, chosen: Chosen, windows: Sequence[Window]) -> Choice:
    return Choice(
        metric,
        tuple(one for one in metric.variants if one.name in chosen.variants),
        _rules(metric.name, chosen),
        windows_of(metric, windows),
    )


def _rules(name: str, chosen: Chosen) -> Rules:
    family = name if name in FAMILY.values() else ""
    return Rules(family, dict(chosen.thresholds), chosen.low_is_good)


def _variant(metric: Metric) -> Kind:
    """Make the kind of a variant's name."""
    known = [variant.name for variant in metric.variants]

    planned = re.compile(PLANNED_VARIANTS.get(metric.name, ""))

    def read(raw: object, key: str) -> str:
        name = typed(raw, str, key, "a variant's name")
        if name in known:
            return name
        to_come = name and planned.fullmatch(name)
        raise Wrong(later(key) if to_come else unknown(key, name, known))

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


def _metric(metric: Metric) -> Kind:
    """Make the kind of a metric's table."""
    kinds = {name: one.kind for name, one in metric_keys(metric).items()}

    def read(raw: object, key: str) -> Chosen:
        values = read_table(kinds, raw, key)
        given = values.get("variants")
        if isinstance(given, tuple):
            values["variants"] = tuple(dict.fromkeys(("default", *given)))
        return msgspec.structs.replace(Chosen(metric.always), **values)

    return Kind(TABLE, read)


THIN_BELOW = Key(whole(0, 1_000_000_000), "Values of fewer samples have the status `thin`.")
_METRICS = {"thin_below": THIN_BELOW.kind, **{name: _metric(METRICS[name]) for name in METRICS}}


def _metrics(raw: object, key: str) -> Metrics:
    chosen = read_table(_METRICS, raw, key, PLANNED)
    thin = typed(chosen.pop("thin_below", Metrics().thin_below), int, key, TABLE)
    given = {name: one for name, one in chosen.items() if isinstance(one, Chosen)}
    return Metrics(thin, {**STANDARD, **given})


def _goal(metric: Metric) -> Kind:
    default = next(variant for variant in metric.variants if variant.name == "default")
    return number(*default.bounds)


_GOALS = {name: _goal(METRICS[name]) for name in METRICS}


def _goals(raw: object, key: str) -> dict[str, object]:
    return read_table(_GOALS, raw, key, PLANNED)


METRICS_TABLE = Kind(TABLE, _metrics)
GOALS = Kind("a table of metrics and numbers", _goals)
