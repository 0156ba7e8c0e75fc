"""The shipped Prometheus rules: the stream's health, and each metric against its target.

Prometheus reads them as `deploy/prometheus/rules.yaml`.
"""

import json
from collections.abc import Iterable, Iterator

import msgspec

from metrics.catalog import METRICS
from metrics.metric import Metric
from stream.document.query import Series, live

HEAD = "# Made from the catalog by `python -m stream.document`: change it there.\n"
LAG = f"sum without (partition) ({live('ressenti_lag_records')})"
LAG_BEFORE = f"sum without (partition) ({live('ressenti_lag_records offset 10m')})"
UNCOUNTED = 'ressenti_events_total{outcome=~"dead|late|future"}'


class Rule(msgspec.Struct, frozen=True):
    """One alert: it fires when `expr` has answered for `hold`."""

    alert: str
    expr: str
    hold: str
    severity: str
    summary: str
    description: str


HEALTH = (
    Rule(
        alert="RessentiWorkerDown",
        expr='up{job="ressenti"} == 0',
        hold="1m",
        severity="warning",
        summary="A worker does not answer",
        description="{{ $labels.instance }} does not answer. The others take over its partitions;"
        " see its log and its /livez.",
    ),
    Rule(
        alert="RessentiNoWorker",
        expr='absent(up{job="ressenti"} == 1)',
        hold="1m",
        severity="critical",
        summary="No worker answers",
        description="No value is kept up to date, and none is exported. Events wait on their"
        " topics and are counted when a worker is back.",
    ),
    Rule(
        alert="RessentiLagGrows",
        expr=f"{LAG} > 1000\nand\n{LAG} > {LAG_BEFORE}",
        hold="10m",
        severity="warning",
        summary="More records wait than ten minutes ago",
        description="{{ $value }} records of {{ $labels.topic }} wait, and their number grows:"
        " start more workers, or see what keeps these.",
    ),
    Rule(
        alert="RessentiValuesOld",
        expr=f"{live('ressenti_watermark_lag_seconds')} > 300",
        hold="5m",
        severity="warning",
        summary="Values are minutes behind the input",
        description="Input waits, and the newest of what is counted is"
        " {{ $value | humanizeDuration }} old. Normal only while old events are read.",
    ),
    Rule(
        alert="RessentiPartitionsLost",
        expr="sum without (instance, pod) (increase(ressenti_losses_total[15m])) > 3",
        hold="0m",
        severity="warning",
        summary="Partitions are lost again and again",
        description="Partitions were lost to failures and claimed again. Nothing is lost or"
        " counted twice, but values lag: the workers' logs say why.",
    ),
    Rule(
        alert="RessentiDeadLetters",
        expr=f"sum by (job, topic) (rate({UNCOUNTED}[15m]))\n"
        "/\nsum by (job, topic) (rate(ressenti_events_total[15m])) > 0.05",
        hold="10m",
        severity="warning",
        summary="More than 5 % of the events cannot be counted",
        description="{{ $value | humanizePercentage }} of the events of {{ $labels.topic }} are"
        " dead, late or from the future: the dead-letter topic has each with its reason.",
    ),
    Rule(
        alert="RessentiSeriesHidden",
        expr=f"{live('ressenti_hidden_series')} > 0",
        hold="15m",
        severity="warning",
        summary="Series are left out of /metrics",
        description="{{ $value }} series are more than [prometheus] max_series allows; those of"
        " the fewest samples are left out. Choose metrics, windows or groupings, or allow more.",
    ),
)


def target_rule(metric: Metric) -> Rule:
    """Make the rule that fires when a value is worse than its target beyond its margin of error.

    A value without a margin counts as exact. Without a target there is no series, so no alert.
    """
    series = Series(metric)
    worse, side = ("<", "below") if metric.higher_is_better else (">", "above")
    edge, not_sure = (series.upper(), ">=") if metric.higher_is_better else (series.lower(), "<=")
    target = series.companion("target")
    return Rule(
        alert=f"{_camel(metric.name)}{side.title()}Target",
        expr=f"{series.value()}\n{worse} {target}\nunless\n{edge}\n{not_sure} {target}",
        hold="15m",
        severity="warning",
        summary=f"{metric.title}: {side} its target",
        description=f"{{{{ $value }}}} over {{{{ $labels.window }}}} is {side} the target by more"
        " than the margin of error. The labels name the segment.",
    )


def _camel(name: str) -> str:
    return "".join(part.title() for part in name.split("_"))


def render() -> str:
    """Write the rule file."""
    groups = {"ressenti": HEALTH, "ressenti-targets": tuple(map(target_rule, METRICS.values()))}
    lines = (line for name, rules in groups.items() for line in _group(name, rules))
    return HEAD + "\n".join(("groups:", *lines)) + "\n"


def _group(name: str, rules: Iterable[Rule]) -> Iterator[str]:
    yield f"  - name: {name}"
    yield "    rules:"
    for rule in rules:
        yield f"      - alert: {rule.alert}"
        yield "        expr: |-"
        yield from (f"          {line}" for line in rule.expr.splitlines())
        yield f"        for: {rule.hold}"
        yield f"        labels: {{severity: {rule.severity}}}"
        yield "        annotations:"
        yield f"          summary: {json.dumps(rule.summary)}"
        yield f"          description: {json.dumps(rule.description)}"
