"""The shipped rules, as text; what they do is tested with Prometheus's own tool."""

import pytest

from metrics.catalog import METRICS
from metrics.metric import Metric
from stream.document.query import Series
from stream.document.rule import HEALTH, render, target_rule


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_every_metric_is_held_to_its_target(metric: Metric) -> None:
    """The worse side is the catalog's, and the file has the rule."""
    rule = target_rule(metric)
    worse = "<" if metric.higher_is_better else ">"
    assert f"{worse} {Series(metric).companion('target')}" in rule.expr
    assert rule.alert.endswith("BelowTarget" if metric.higher_is_better else "AboveTarget")
    assert f"- alert: {rule.alert}\n" in render()


def test_names_are_told_apart() -> None:
    """No two rules share a name."""
    names = [rule.alert for rule in (*HEALTH, *map(target_rule, METRICS.values()))]
    assert len(names) == len(set(names)) == render().count("- alert: ")
