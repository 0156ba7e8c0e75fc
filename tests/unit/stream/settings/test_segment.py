"""`dimensions`, `groupings` and `[segments]`: names that labels can have, groupings that differ."""

import pytest

from stream.settings.load import resolve
from tests.unit.stream.settings.conftest import Find

TAKEN = [
    "window",
    "variant",
    "grouping",
    "job",
    "instance",
    "pod",
    "currency",
    "quantile",
    "reason",
    "theme",
    "source",
    "scale",
    "metric",
    "search",
    "limit",
    "order",
]
OWN_FIELDS = ["channel", "trigger", "survey_id", "topic", "campaign_id", "outcome", "kind"]


@pytest.mark.parametrize("name", [*TAKEN, "__name__", "__x", "1a", "a-b", "a.b", "é", "", "a\n"])
def test_a_name_that_no_label_can_have_is_a_fault(find: Find, name: str) -> None:
    """Taken names, and what is no label of Prometheus."""
    assert find({"dimensions": ["region", name]}).keys() == {"dimensions[1]"}


def test_fields_of_events_can_be_dimensions(find: Find) -> None:
    """An event's own fields split values like any other dimension."""
    assert find({"dimensions": OWN_FIELDS, "groupings": [OWN_FIELDS]}) == {}


def test_a_dimension_named_twice_is_a_fault(find: Find) -> None:
    """Once in the list, once in a grouping."""
    assert find({"dimensions": ["a", "a"]}).keys() == {"dimensions[1]"}
    assert find({"dimensions": ["a"], "groupings": [["a", "a"]]}).keys() == {"groupings[0][1]"}


def test_a_grouping_has_configured_dimensions(find: Find) -> None:
    """An unknown dimension is told with the nearest."""
    faults = find({"dimensions": ["region"], "groupings": [[], ["regoin"]]})
    assert faults == {"groupings[1][0]": "unknown name, did you mean region?"}
    assert find({"groupings": [["region"]]}) == {"groupings[0][0]": "unknown name, there is none"}


def test_groupings_that_only_order_tells_apart_are_a_fault(find: Find) -> None:
    """Their updates would have the same keys."""
    faults = find({"dimensions": ["a", "b"], "groupings": [["a", "b"], [], ["b", "a"]]})
    assert faults == {"groupings[2]": "has the dimensions of groupings[0]"}


def test_one_wrong_dimension_is_one_fault(find: Find) -> None:
    """What follows from another fault is not told beside it."""
    table = {"dimensions": ["region", "1x"], "groupings": [["1x"]], "segments": {"allow": [{}]}}
    assert find(table).keys() == {"dimensions[1]", "groupings[0][0]"}


def test_an_allowed_segment_is_of_a_grouping(find: Find) -> None:
    """A value for each dimension of one, no more and no less."""
    table = {"dimensions": ["a", "b"], "groupings": [["a", "b"]]}
    assert find({**table, "segments": {"allow": [{"b": "1", "a": "2"}]}}) == {}
    for segment in ({"a": "1"}, {}, {"a": "1", "b": "2", "c": "3"}):
        assert find({**table, "segments": {"allow": [segment]}}).keys() == {"segments.allow[0]"}
    twice = [{"a": "1", "b": "2"}, {"b": "2", "a": "1"}]
    assert find({**table, "segments": {"allow": twice}}).keys() == {"segments.allow[1]"}
    assert find({**table, "segments": {"allow": [{"a": 1, "b": "2"}]}}).keys() == {
        "segments.allow[0].a"
    }


def test_allowed_segments_are_named_in_the_order_of_their_grouping() -> None:
    """As the core names them, sorted, so that another order in the file is the same list."""
    table = {"dimensions": ["a", "b"], "groupings": [[], ["b", "a"], ["a"]]}
    allow = [{"a": "1", "b": "2"}, {"a": "3"}]
    plans = [
        resolve({**table, "segments": {"allow": one}}, {}).plan() for one in (allow, allow[::-1])
    ]
    assert plans[0].allow == plans[1].allow == ('[["a","3"]]', '[["b","2"],["a","1"]]')
    assert resolve({"segments": {"max": 7}}, {}).plan().max_segments == 7


def test_a_list_that_no_record_holds_is_a_fault(find: Find) -> None:
    """The size of all names is told."""
    allow = [{"a": f"{number:0>255}"} for number in range(2_000)]
    faults = find({"dimensions": ["a"], "groupings": [["a"]], "segments": {"allow": allow}})
    assert faults == {"segments.allow": "has 530,000 bytes in all, expected at most 400,000"}


def test_the_overall_total_is_there_unless_groupings_are_set() -> None:
    """Without configuration there is one grouping, of no dimension."""
    assert resolve({}, {}).plan().groupings == ((),)
    assert resolve({"groupings": []}, {}).plan().groupings == ()
