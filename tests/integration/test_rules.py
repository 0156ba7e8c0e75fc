"""Every shipped rule, fired and kept quiet by Prometheus's own tool, without a server."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from metrics.catalog import METRICS
from metrics.metric import Metric
from stream.document import ROOT
from stream.document.query import default
from stream.document.rule import HEALTH, target_rule
from stream.sink.prometheus import value_name
from tests.service.prometheus import promtool

RULES = ROOT / "deploy/prometheus/rules.yaml"
UP = 'up{job="ressenti",instance="%s"}'
LAG = 'ressenti_lag_records{job="ressenti",instance="a",topic="survey.answers",partition="%d"}'
LOSSES = 'ressenti_losses_total{job="ressenti",instance="a"}'
EVENTS = 'ressenti_events_total{job="ressenti",instance="a",topic="survey.answers",outcome="%s"}'
WATERMARK = 'ressenti_watermark_lag_seconds{job="ressenti",instance="a"}'
HIDDEN = 'ressenti_hidden_series{job="ressenti",instance="a"}'
SEGMENT = 'variant="default",window="24h",grouping="region",region="fr"'

Inputs = Mapping[str, str]
"""A sample a minute of each series: `0+2x30` is 0, 2, 4 and so on."""


BAD = {EVENTS % "dead": "0+5x30", EVENTS % "late": "0+5x30", EVENTS % "folded": "0+90x30"}
GOOD = {EVENTS % "dead": "0+1x30", EVENTS % "folded": "0+99x30"}


class Case(NamedTuple):
    """How many alerts of a rule fire at a minute of what Prometheus has scraped."""

    alert: str
    why: str
    inputs: Inputs
    minute: int
    firing: int


STREAM = (
    Case("RessentiWorkerDown", "one of two is down", {UP % "a": "0x9", UP % "b": "1x9"}, 1, 1),
    Case("RessentiWorkerDown", "for a moment only", {UP % "a": "1 0 1x9"}, 2, 0),
    Case("RessentiNoWorker", "all are down", {UP % "a": "0x9", UP % "b": "0x9"}, 1, 1),
    Case("RessentiNoWorker", "none is known", {'up{job="other"}': "1x9"}, 1, 1),
    Case("RessentiNoWorker", "one is up", {UP % "a": "0x9", UP % "b": "1x9"}, 9, 0),
    Case("RessentiLagGrows", "it grows", {LAG % 0: "0+100x30", LAG % 1: "0+100x30"}, 20, 1),
    Case("RessentiLagGrows", "not for long yet", {LAG % 0: "0+200x30"}, 19, 0),
    Case("RessentiLagGrows", "it shrinks", {LAG % 0: "90000-100x60"}, 30, 0),
    Case("RessentiLagGrows", "few records", {LAG % 0: "0+10x60"}, 60, 0),
    Case("RessentiValuesOld", "ten minutes", {WATERMARK: "600x9"}, 5, 1),
    Case("RessentiValuesOld", "one minute", {WATERMARK: "60x9"}, 9, 0),
    Case("RessentiPartitionsLost", "every minute", {LOSSES: "0+1x20"}, 10, 1),
    Case("RessentiPartitionsLost", "once", {LOSSES: "0 0 1x20"}, 10, 0),
    Case("RessentiDeadLetters", "a tenth, of two reasons", BAD, 12, 1),
    Case("RessentiDeadLetters", "a hundredth", GOOD, 30, 0),
    Case("RessentiDeadLetters", "nothing comes", {EVENTS % "dead": "7x30"}, 30, 0),
    Case("RessentiSeriesHidden", "some are", {HIDDEN: "5x30"}, 15, 1),
    Case("RessentiSeriesHidden", "none is", {HIDDEN: "0x30"}, 30, 0),
)


def of_targets() -> Iterator[Case]:
    """The cases of every metric's rule, mirrored where low is good."""
    for metric in METRICS.values():
        alert = target_rule(metric).alert
        bad = series(metric, 0.5, margin=0.1, target=0.7)
        yield Case(alert, "worse beyond the margin", bad, 15, 1)
        yield Case(alert, "not for long yet", bad, 14, 0)
        yield Case(alert, "of two workers", {**bad, **worker(bad)}, 15, 1)
        yield Case(alert, "exact and worse", series(metric, 0.65, target=0.7), 15, 1)
        yield Case(
            alert, "worse within the margin", series(metric, 0.65, margin=0.1, target=0.7), 30, 0
        )
        yield Case(alert, "better", series(metric, 0.75, margin=0.01, target=0.7), 30, 0)
        yield Case(alert, "no target", series(metric, 0.1, margin=0.01), 30, 0)
        part = series(metric, 0.1, 'source="purchases"', target=0.7)
        yield Case(alert, "a breakdown", part, 30, 0)


def series(metric: Metric, value: float, more: str = "", **companions: float) -> Inputs:
    """A metric's series for half an hour; where low is good, 0.1 stands for 0.9."""
    names = {value_name(metric.name, default(metric).unit): value}
    names |= {f"cx_{metric.name}_{suffix}": number for suffix, number in companions.items()}
    labels = ",".join(filter(None, ('job="ressenti",instance="a"', SEGMENT, more)))
    turned = {
        name: number if metric.higher_is_better or name.endswith("_margin") else 1 - number
        for name, number in names.items()
    }
    return {f"{name}{{{labels}}}": f"{number:g}x30" for name, number in turned.items()}


def worker(inputs: Inputs) -> Inputs:
    """The same series from another worker."""
    return {name.replace('instance="a"', 'instance="b"'): text for name, text in inputs.items()}


CASES = [*STREAM, *of_targets()]


def feed(home: Path, inputs: Inputs, **expected: list[dict[str, Any]]) -> None:
    """Let promtool feed the rules and compare."""
    fed = [{"series": name, "values": values} for name, values in inputs.items()]
    test = {"interval": "1m", "input_series": fed, **expected}
    path = home / "test.json"  # JSON is YAML
    path.write_text(
        json.dumps({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": [test]})
    )
    promtool("test", "rules", path)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.alert}: {case.why}")
def test_a_rule_fires_when_it_should(tmp_path: Path, case: Case) -> None:
    """At that minute so many alerts fire, and no other number."""
    firing = f'count(ALERTS{{alertname="{case.alert}",alertstate="firing"}}) or vector(0)'
    expected = {
        "expr": firing,
        "eval_time": f"{case.minute}m",
        "exp_samples": [{"labels": "{}", "value": case.firing}],
    }
    feed(tmp_path, case.inputs, promql_expr_test=[expected])


def test_every_rule_is_seen_to_fire_and_to_keep_quiet() -> None:
    """The cases leave no rule out."""
    rules = {rule.alert for rule in (*HEALTH, *map(target_rule, METRICS.values()))}
    assert {case.alert for case in CASES if case.firing} == rules
    assert {case.alert for case in CASES if not case.firing} == rules


def test_an_alert_says_what_and_where(tmp_path: Path) -> None:
    """What an operator reads: the segment in the labels, value and window in the text."""
    labels = {"job": "ressenti", "severity": "warning", "variant": "default", "window": "24h"}
    alert = {
        "exp_labels": {**labels, "grouping": "region", "region": "fr"},
        "exp_annotations": {
            "summary": "Net promoter score: below its target",
            "description": "0.5 over 24h is below the target by more than the margin of error."
            " The labels name the segment.",
        },
    }
    feed(
        tmp_path,
        series(METRICS["nps"], 0.5, margin=0.1, target=0.7),
        alert_rule_test=[
            {"eval_time": "20m", "alertname": "NpsBelowTarget", "exp_alerts": [alert]}
        ],
    )
