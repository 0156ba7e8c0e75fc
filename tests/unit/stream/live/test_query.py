"""Queries: conditions, and the one segment that they can single out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.live.query import Condition, Query, Segment, Series

FRANCE: Segment = (("region", "fr"),)
WEB_IN_FRANCE: Segment = (("product", "web"), ("region", "fr"))
IN_FRANCE = (Condition("region", frozenset(["fr"])),)
NAMES = ("channel", "product", "region")


def test_a_dimension_covers_finer_segments_too() -> None:
    """All of France, whole and by product, but not the total and not Germany."""
    query = Query(dimensions=IN_FRANCE)
    covered = [query.covers(one) for one in ((), FRANCE, WEB_IN_FRANCE, (("region", "de"),))]
    assert covered == [False, True, True, False]


def test_a_grouping_pins_it_down() -> None:
    """With the grouping only France as a whole is left."""
    query = Query(groupings=frozenset([("region",)]), dimensions=IN_FRANCE)
    assert [query.covers(one) for one in (FRANCE, WEB_IN_FRANCE)] == [True, False]
    assert query.only() == FRANCE


@pytest.mark.parametrize(
    ("query", "taken"),
    [
        (Query(), True),
        (Query(metrics=frozenset(["nps", "csat"])), True),
        (Query(metrics=frozenset(["csat"])), False),
        (Query(variants=frozenset(["mean"])), False),
        (Query(windows=frozenset(["24h"])), True),
        (Query(windows=frozenset(["1h"])), False),
        (Query(by=(Condition("scale", frozenset(["1-10"])),)), True),
        (Query(by=(Condition("scale", frozenset(["0-10"])),)), False),
    ],
)
def test_every_condition_must_hold(query: Query, taken: bool) -> None:
    """A series is taken when each of its parts is among those asked for."""
    assert query.takes(Series("nps", "default", "24h", (("scale", "1-10"),))) is taken


segments = st.dictionaries(st.sampled_from(NAMES), st.sampled_from("ab")).map(
    lambda named: tuple(sorted(named.items()))
)
conditions = st.dictionaries(
    st.sampled_from(NAMES), st.frozensets(st.sampled_from("ab"), min_size=1)
).map(lambda named: tuple(Condition(name, values) for name, values in named.items()))
groupings = st.none() | st.frozensets(
    st.lists(st.sampled_from(NAMES), unique=True).map(lambda names: tuple(sorted(names))),
    min_size=1,
)


@given(groupings, conditions, st.lists(segments))
def test_where_one_segment_is_singled_out_no_other_is_covered(
    grouping: frozenset[tuple[str, ...]] | None,
    conditions: tuple[Condition, ...],
    some: list[Segment],
) -> None:
    """The short way finds what a look at every segment finds."""
    query = Query(groupings=grouping, dimensions=conditions)
    only = query.only()
    if only is not None:
        assert {one for one in some if query.covers(one)} == ({only} & {*some})
        assert query.covers(only)
