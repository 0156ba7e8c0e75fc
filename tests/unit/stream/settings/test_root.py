"""The settings as a whole: what commands ask of them."""

import pytest

from metrics.plan import Plan
from stream.settings import NEEDED, ConfigError
from stream.settings.load import resolve
from tests.unit.stream.settings.conftest import Find


def test_a_worker_needs_more_than_a_replay() -> None:
    """A hash key and an input: told with all other faults; without a worker neither is needed."""
    resolve({}, {})
    with pytest.raises(ConfigError) as caught:
        resolve({"zone": 1}, {}, needs=NEEDED)
    assert [fault.key for fault in caught.value.faults] == ["privacy.hash_key", "topics", "zone"]
    topics, privacy = {"survey_answers": "a"}, {"hash_key": "x" * 16}
    resolve({"topics": topics, "privacy": privacy}, {}, needs=NEEDED)


def test_what_is_wrong_already_is_not_called_missing() -> None:
    """A key that is too short is one fault, not two."""
    table = {"privacy": {"hash_key": "short"}, "topics": {"survey_answers": ""}}
    with pytest.raises(ConfigError) as caught:
        resolve(table, {}, needs=NEEDED)
    assert [fault.key for fault in caught.value.faults] == [
        "privacy.hash_key",
        "topics.survey_answers",
    ]


def test_a_short_hash_key_is_a_fault(find: Find) -> None:
    """15 characters are too few, whatever the command."""
    assert find({"privacy": {"hash_key": "x" * 15}}).keys() == {"privacy.hash_key"}


def test_alerts_that_would_never_fire_are_a_fault(find: Find) -> None:
    """Who configures one must not wait for it in vain."""
    assert "not available yet" in find({"alerts": [{"name": "a"}]})["alerts"]
    assert find({"alerts": []}) == {}


def test_the_defaults_are_those_of_the_plan() -> None:
    """The core's own defaults and the configuration's are one."""
    plan, core = resolve({}, {}).plan(), Plan()
    for name in Plan.__struct_fields__:
        if name != "choices":
            assert getattr(plan, name) == getattr(core, name), name


def test_what_is_configured_goes_to_the_plan() -> None:
    """Every span and bound that the core reads."""
    windows = {
        "allowed_lateness": "1m",
        "future_skew": "2m",
        "dedupe_for": "3m",
        "entities_for": "4m",
    }
    table = {"windows": windows, "metrics": {"thin_below": 5}, "privacy": {"min_n": 6}}
    plan = resolve(table, {}).plan()
    spans = (plan.allowed_lateness, plan.future_skew, plan.dedupe_for, plan.entities_for)
    assert spans == (60_000, 120_000, 180_000, 240_000)
    assert (plan.thin_below, plan.min_n) == (5, 6)
