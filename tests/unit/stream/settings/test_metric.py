"""`[metrics]`, `[targets]` and `[benchmarks]`: the catalog as configured."""

import pytest

from metrics.catalog import METRICS
from stream.settings.load import resolve
from tests.unit.stream.settings.conftest import Find


def test_without_configuration_every_metric_has_its_own_variants() -> None:
    """`default`, and quantiles where they are always there."""
    choices = resolve({}, {}).plan().choices
    found = {choice.metric.name: {v.name for v in choice.variants} for choice in choices}
    assert found.keys() == METRICS.keys()
    assert found["nps"] == {"default"}
    assert found["aht"] == {"default", "quantile"}


@pytest.mark.parametrize(
    ("variants", "expected"),
    [
        ([], {"default"}),
        (["mean"], {"default", "mean"}),
        (["default", "mean"], {"default", "mean"}),
    ],
)
def test_default_is_always_there(variants: list[str], expected: set[str]) -> None:
    """The list says what there is besides it, and replaces what is there without a list."""
    choices = resolve({"metrics": {"aht": {"variants": variants}}}, {}).plan().choices
    (aht,) = (choice for choice in choices if choice.metric.name == "aht")
    assert {variant.name for variant in aht.variants} == expected


def test_a_metric_can_be_left_out() -> None:
    """What is not enabled is not computed."""
    plan = resolve({"metrics": {"nps": {"enabled": False}}}, {}).plan()
    assert "nps" not in {choice.metric.name for choice in plan.choices}


def test_the_rules_of_scores_go_to_the_plan() -> None:
    """Thresholds and the direction of scores are those of the metric; families stay apart."""
    csat = {"thresholds": {"0-3": 2}, "low_is_good": True}
    rules = resolve({"metrics": {"csat": csat}}, {}).plan().rules()
    assert (rules["csat"].thresholds, rules["csat"].low_is_good) == ({"0-3": 2}, True)
    assert (rules["ces"].thresholds, rules["ces"].low_is_good) == ({}, False)
    assert rules["nps"].known((0, 10))


def test_the_scores_of_a_disabled_metric_are_read_by_its_rules() -> None:
    """They are no dead letters: who gives them is active."""
    csat = {"enabled": False, "thresholds": {"0-3": 2}, "low_is_good": True}
    plan = resolve({"metrics": {"csat": csat}}, {}).plan()
    assert "csat" not in {choice.metric.name for choice in plan.choices}
    assert plan.rules()["csat"].thresholds == {"0-3": 2}
    assert plan.rules()["csat"].low_is_good


@pytest.mark.parametrize(
    ("metric", "name", "told"),
    [
        ("nps", "promotors", "did you mean promoters?"),
        ("nps", "latest", "planned, not available yet"),
        ("fcr", "no_repeat_7d_any_mature", "planned, not available yet"),
        ("fcr", "no_repeat_0d", "unknown name"),
        ("fcr", "talk", "unknown name"),
        ("aht", "", "unknown name"),
        ("active_users", "product", "planned, not available yet"),
    ],
)
def test_a_variant_that_is_not_there_is_a_fault(
    find: Find, metric: str, name: str, told: str
) -> None:
    """Unknown names and those to come are told apart."""
    faults = find({"metrics": {metric: {"variants": [name]}}})
    assert faults.keys() == {f"metrics.{metric}.variants[0]"}
    assert told in faults[f"metrics.{metric}.variants[0]"]


@pytest.mark.parametrize(
    ("thresholds", "key"),
    [
        ({"1-5": 0}, "1-5"),
        ({"1-5": 6}, "1-5"),
        ({"1-5": 4.0}, "1-5"),
        ({"1-5": "4"}, "1-5"),
        ({"5-1": 3}, "5-1"),
        ({"3-3": 3}, "3-3"),
        ({"01-5": 3}, "01-5"),
        ({"1 - 5": 3}, '"1 - 5"'),
        ({"five": 3}, "five"),
    ],
)
def test_a_threshold_is_inside_its_scale(
    find: Find, thresholds: dict[str, object], key: str
) -> None:
    """Scales in their one spelling, a whole number within."""
    faults = find({"metrics": {"csat": {"thresholds": thresholds}}})
    assert faults.keys() == {f"metrics.csat.thresholds.{key}"}


@pytest.mark.parametrize("metric", ["nps", "fcr", "aht", "active_users"])
def test_only_scores_with_a_threshold_have_rules_to_change(find: Find, metric: str) -> None:
    """What would do nothing is a fault."""
    faults = find({"metrics": {metric: {"low_is_good": True, "thresholds": {}}}})
    assert faults.keys() == {f"metrics.{metric}.low_is_good", f"metrics.{metric}.thresholds"}


def test_metrics_to_come_are_told_from_unknown_ones(find: Find) -> None:
    """In every table that has metrics for keys."""
    for table in ("metrics", "targets", "benchmarks"):
        faults = find({table: {"mrr": {}, "npss": {}}})
        assert "planned" in faults[f"{table}.mrr"]
        assert "did you mean nps?" in faults[f"{table}.npss"]


@pytest.mark.parametrize(
    ("metric", "value", "right"),
    [
        ("nps", -100, True),
        ("nps", 101, False),
        ("csat", 0.85, True),
        ("csat", 85, False),
        ("aht", 320, True),
        ("aht", -1, False),
        ("active_users", 1_000_000, True),
        ("active_users", float("inf"), False),
        ("nps", "40", False),
    ],
)
def test_a_target_can_be_reached(find: Find, metric: str, value: object, right: bool) -> None:
    """It is within the metric's range: 85 % is 0.85, not 85."""
    assert find({"targets": {metric: value}}).keys() == (set() if right else {f"targets.{metric}"})


def test_targets_go_to_the_plan_as_they_are_written() -> None:
    """40 stays 40."""
    plan = resolve({"targets": {"nps": 40}, "benchmarks": {"nps": 32.5}}, {}).plan()
    assert repr((plan.targets, plan.benchmarks)) == "({'nps': 40}, {'nps': 32.5})"
