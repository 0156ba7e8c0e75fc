"""Parameters of the API: what is understood, and what is said about the rest."""

import pytest
from multidict import MultiDict

from metrics.plan import Plan
from stream.live.query import Condition, Query
from stream.settings.load import resolve
from stream.web.parameter import BadRequest, Terms, whole, word


@pytest.fixture(scope="module")
def plan() -> Plan:
    """A plan with two dimensions and three groupings."""
    table = {
        "dimensions": ["region", "product"],
        "groupings": [[], ["region"], ["region", "product"]],
        "topics": {"survey_answers": "a"},
        "windows": {"rolling": ["1h", "24h"], "calendar": ["today"]},
    }
    return resolve(table, {}).plan()


@pytest.fixture(scope="module")
def terms(plan: Plan) -> Terms:
    """The words of that plan."""
    return Terms.of(plan)


def test_nothing_given_asks_for_everything(terms: Terms) -> None:
    """Names without a value are none; a dimension without a value is the empty value."""
    assert terms.query(MultiDict()) == Query()
    assert terms.query(MultiDict(metric="", window="")) == Query()
    assert terms.query(MultiDict(region="")).dimensions == (Condition("region", frozenset([""])),)


def test_each_parameter_is_a_condition(terms: Terms) -> None:
    """Twice the same name is one or the other."""
    given = MultiDict(
        [
            *[("metric", "nps"), ("metric", "csat"), ("variant", "default"), ("window", "24h")],
            *[("grouping", "region,product"), ("region", "fr"), ("scale", "0-10")],
        ]
    )
    assert terms.query(given) == Query(
        metrics=frozenset(["nps", "csat"]),
        variants=frozenset(["default"]),
        windows=frozenset(["24h"]),
        groupings=frozenset([("product", "region")]),
        by=(Condition("scale", frozenset(["0-10"])),),
        dimensions=(Condition("region", frozenset(["fr"])),),
    )


def test_all_is_the_grouping_without_dimensions(terms: Terms) -> None:
    """As the label in Prometheus."""
    assert terms.query(MultiDict(grouping="all")).groupings == frozenset([()])


def test_closed_windows_may_be_asked_for(terms: Terms) -> None:
    """They are not in the plan by name."""
    asked = terms.query(MultiDict(window="week:2026-W47")).windows
    assert asked == frozenset(["week:2026-W47"])


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("metrik", "nps", "no parameter 'metrik', expected one of .*metric.*region"),
        ("metric", "enps", "metric 'enps' is not known here, expected one of nps, csat"),
        ("variant", "median", "expected one of default"),
        ("window", "2h", "expected one of 1h, 24h, today.*day:"),
        ("grouping", "product", "expected one of all, region, region,product"),
    ],
)
def test_what_is_not_known_is_named_with_what_is(
    terms: Terms, name: str, value: str, words: str
) -> None:
    """The text says which parameter, and what is allowed."""
    with pytest.raises(BadRequest, match=words):
        terms.query(MultiDict([(name, value)]))


@pytest.mark.parametrize("text", ["0", "201", "-1", "1.5", "ten", "9" * 5000, "\u0661"])
def test_a_limit_is_a_whole_number_in_its_range(text: str) -> None:
    """Anything else is refused with the range."""
    with pytest.raises(BadRequest, match=r"limit is .* from 1 to 200"):
        whole(MultiDict(limit=text), "limit", 20, 200)


def test_a_word_is_one_of_few() -> None:
    """Absent it is the default."""
    assert word(MultiDict(), "order", ("change", "n"), "change") == "change"
    with pytest.raises(BadRequest, match="order 'best' is not known here"):
        word(MultiDict(order="best"), "order", ("change", "n"), "change")
