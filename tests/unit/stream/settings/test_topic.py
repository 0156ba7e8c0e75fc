"""`[topics]`: what is read and written."""

import pytest

from stream.settings.load import resolve
from tests.unit.stream.settings.conftest import Find


def test_inputs_that_are_not_listed_are_not_read() -> None:
    """Only what is listed has a topic, by the input's key."""
    topics = resolve({"topics": {"costs": "c", "purchases": {"name": "p"}}}, {}).topics
    assert topics.inputs() == {"purchases": "p", "costs": "c"}


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ({"costs": "x", "purchases": "x"}, "topics.costs"),
        ({"costs": "cx.alerts"}, "topics.alerts"),
        ({"alerts": "cx.metrics"}, "topics.alerts"),
    ],
)
def test_a_topic_named_twice_is_a_fault(find: Find, table: dict[str, object], key: str) -> None:
    """What is written must not be read back, nor two inputs be one."""
    assert "is the same topic as topics." in find({"topics": table})[key]


def test_a_topic_keyed_otherwise_is_not_available_yet(find: Find) -> None:
    """`rekey` has its name, but reading without it would count wrongly: a fault."""
    faults = find({"topics": {"costs": {"name": "c", "rekey": True}}})
    assert faults.keys() == {"topics.costs.rekey"}
    assert "not available yet" in faults["topics.costs.rekey"]


@pytest.mark.parametrize(
    ("costs", "key"),
    [
        ({}, "topics.costs.name"),
        ({"name": ""}, "topics.costs.name"),
        ({"name": "c", "rekeyed": True}, "topics.costs.rekeyed"),
        ({"name": "c", "rekey": "no"}, "topics.costs.rekey"),
        ("a b", "topics.costs"),
        ("..", "topics.costs"),
        ("x" * 250, "topics.costs"),
        ("{", "topics.costs"),
        (3, "topics.costs"),
    ],
)
def test_what_is_no_topic_is_a_fault(find: Find, costs: object, key: str) -> None:
    """Names that brokers refuse are refused here."""
    assert find({"topics": {"costs": costs}}).keys() == {key}
