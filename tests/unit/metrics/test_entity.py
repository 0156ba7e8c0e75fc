"""Entity: what the events of one response or ticket come to, joined in any order."""

from functools import reduce
from itertools import permutations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.columns import Columns, Revision
from metrics.entity import Entity, contribution, events, identify, join
from metrics.overlay import Contribution

TICKET, RESPONSE = "ticket_closures", "survey_answers"


def event(revision: int = 0, at: int = 0, name: str | None = None, **more: object) -> Entity:
    """An event, a state of one."""
    fields: dict[str, object] = {
        "stands": True,
        "leaf": ("fr",),
        "user": 7,
        "amounts": (("nps/0-10/9", 1),),
        "first": (revision, at),
        "last": at,
        "reopened": False,
    }
    return Entity(revision, at, name, **{**fields, **more})  # type: ignore[arg-type] # by name


EVENTS = st.builds(
    lambda revision, at, name, stands, leaf, user: event(
        revision, at, name, stands=stands, leaf=leaf, user=user, reopened=not stands
    ),
    st.integers(0, 1),
    st.sampled_from([0, 5, 20_000]),
    st.sampled_from([None, "", "a"]),
    st.booleans(),
    st.sampled_from([(), ("fr",)]),
    st.sampled_from([None, 0, 2**64 - 1]),
)


@given(st.lists(EVENTS, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_events_join_to_the_same_in_any_order_and_grouping(found, dice) -> None:  # type: ignore[no-untyped-def] # hypothesis
    """Associative, commutative, idempotent; also of events that are equal in rank."""
    expected = reduce(join, found)
    again = [*found, *dice.choices(found, k=3)]
    dice.shuffle(again)
    cut = dice.randrange(len(again))
    halves = [half for half in (again[:cut], again[cut:]) if half]
    assert reduce(join, (reduce(join, half) for half in halves)) == expected


@pytest.mark.parametrize(
    ("lower", "greater"),
    [
        (event(0, 9, "z"), event(1, 0)),  # revision before at and id
        (event(1, 0, "z"), event(1, 1)),  # at before id
        (event(1, 1, None), event(1, 1, "")),  # none before any id
        (event(1, 1, "a"), event(1, 1, "b")),
        (event(1, 1, "a"), event(1, 1, "a", stands=False)),  # what takes out before what stands
    ],
)
def test_the_greatest_decides(lower: Entity, greater: Entity) -> None:
    """By revision, then `at`, then id, then content."""
    lower = msgspec.structs.replace(lower, leaf=("de",))
    for one, other in permutations((lower, greater)):
        assert join(one, other).leaf == greater.leaf


def test_a_response_keeps_the_time_of_its_least_revision() -> None:
    """Content of the greatest, in the slice of the least; of equal revisions the earlier is less.

    0 s       10 s        20 s
    |  r0     |           |  r1          counts what r1 says in [0, 10 s)
    |  r2     |           |  r1          counts what r2 says in [20 s, 30 s)
    """
    early, late = event(0, 4_000, amounts=(("a", 1),)), event(1, 21_000, amounts=(("b", 1),))
    assert contribution(RESPONSE, join(early, late)) == Contribution(0, ("fr",), 0, 7, (("b", 1),))
    early = event(2, 4_000, amounts=(("a", 1),))
    found = contribution(RESPONSE, join(early, late))
    assert found == Contribution(20_000, ("fr",), 0, 7, (("a", 1),))
    late = event(2, 21_000, amounts=(("b", 1),))
    assert contribution(RESPONSE, join(early, late)) == Contribution(0, ("fr",), 0, 7, (("b", 1),))


def test_a_ticket_counts_at_its_greatest_closure() -> None:
    """And not at all while its greatest event is a reopening."""
    closed = event(0, 4_000, user=None)
    reopened = event(0, 21_000, stands=False, reopened=True)
    again = event(0, 35_000, user=None)
    assert contribution(TICKET, join(closed, reopened)) is None
    found = contribution(TICKET, join(join(closed, reopened), again))
    assert found is not None
    assert found.start == 30_000


def test_a_ticket_that_was_ever_reopened_was_not_solved_at_the_first_contact() -> None:
    """Also by a reopening that ranks below the closure; all else of it counts."""
    amounts = (("fcr/closed", 1), ("fcr/first_contact", 1), ("aht/tickets", 1))
    closed = event(1, 30_000, amounts=amounts, user=None)
    reopened = event(0, 4_000, stands=False, reopened=True)
    for one, other in permutations((closed, reopened)):
        found = contribution(TICKET, join(one, other))
        assert found is not None
        assert found.amounts == (("fcr/closed", 1), ("aht/tickets", 1))


def test_what_adds_nothing_is_no_contribution() -> None:
    """A spam ticket, an excluded answer, an entity that is not there."""
    assert contribution(TICKET, event(amounts=(), user=None)) is None
    assert contribution(RESPONSE, event(stands=False)) is None
    assert contribution(RESPONSE, None) is None
    assert contribution(RESPONSE, event(amounts=())) is not None  # its customer was active


def test_names_tell_entities_apart_and_say_nothing_of_them() -> None:
    """Other parts, an absent one, another cut of the same letters, another key: another name."""
    key = bytes(range(32))
    names = [("r", "s", "x"), ("r", None, "x"), ("r", "", "x"), ("r", "sx", ""), ("rs", "x")]
    found = {identify(key, *name) for name in names} | {identify(bytes(32), *names[0])}
    assert len(found) == len(names) + 1
    assert {len(name) for name in found} == {16}


def test_events_come_with_the_watermark_before_them() -> None:
    """The accepted ones, in record order; what stands alone moves the watermark too."""
    columns = Columns(
        ats=np.array([10, 50, 30, 60, 70]),
        ids=[None, "b", "c", "d", "e"],
        leaves=[()] * 5,
        cells=["x", None, None, "y", None],
        users=np.array([1, 0, 0, 4, 0], np.uint64),
        amounts=[(), (), (("z", 2),), (("z", 3),), ()],
        excluded=frozenset({3}),
        revisions={0: Revision(b"A", 1), 2: Revision(b"B", 0, True), 3: Revision(b"A", 2)},
    )
    found = list(events(columns, [0, 1, 2, 3], 5, layout=2))
    assert [(name, one.at, mark) for name, one, mark in found] == [
        (b"A", 10, 5),
        (b"B", 30, 50),
        (b"A", 60, 50),
    ]
    states = [one for _, one, _ in found]
    assert [one.stands for one in states] == [True, False, False]
    assert [one.amounts for one in states] == [(("x", 1),), (("z", 2),), (("y", 1), ("z", 3))]
    assert [one.reopened for one in states] == [False, True, False]
    assert {one.layout for one in states} == {2}
