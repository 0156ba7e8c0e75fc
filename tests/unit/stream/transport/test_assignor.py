"""Partitions are spread evenly and stay where they are."""

from collections.abc import Mapping
from types import SimpleNamespace

from aiokafka.coordinator.protocol import ConsumerProtocolMemberMetadata
from hypothesis import given
from hypothesis import strategies as st

from stream.transport.assignor import EvenAssignor, Member, Owned, spread

TOPICS = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 12).map(range), max_size=4)
OWNED = st.dictionaries(st.sampled_from("abcde"), st.lists(st.integers(0, 14), max_size=9))
MEMBERS = st.dictionaries(st.sampled_from("uvwxyz"), OWNED, min_size=1)


def everybody(members: Mapping[str, Owned]) -> dict[str, Member]:
    """Members that ask for every topic."""
    return {name: Member(frozenset("abcde"), owned) for name, owned in members.items()}


@given(
    topics=TOPICS,
    asking=st.dictionaries(st.sampled_from("uvwxyz"), st.frozensets(st.sampled_from("abcd"))),
)
def test_nobody_gets_what_it_did_not_ask_for(
    topics: dict[str, range], asking: dict[str, frozenset[str]]
) -> None:
    """While an input is added or dropped, members ask for different topics; all are read."""
    asked = frozenset[str]().union(*asking.values())
    wanted = {topic: partitions for topic, partitions in topics.items() if topic in asked}
    result = spread(wanted, {name: Member(topics) for name, topics in asking.items()})
    assert all(share.keys() <= asking[name] for name, share in result.items())
    for topic, partitions in wanted.items():
        shares = [share.get(topic, []) for name, share in result.items() if topic in asking[name]]
        assert sorted(p for share in shares for p in share) == list(partitions)
        assert max(map(len, shares)) - min(map(len, shares)) <= 1


@given(topics=TOPICS, members=MEMBERS)
def test_every_partition_has_one_reader_and_shares_are_even(
    topics: dict[str, range], members: dict[str, Owned]
) -> None:
    """Whatever members say they own: each partition once, shares of a topic differ by one."""
    result = spread(topics, everybody(members))
    assert result.keys() == members.keys()
    for topic, partitions in topics.items():
        shares = [share.get(topic, []) for share in result.values()]
        assert sorted(p for share in shares for p in share) == list(partitions)
        assert max(map(len, shares)) - min(map(len, shares)) <= 1


@given(topics=TOPICS, members=MEMBERS)
def test_nothing_moves_while_nobody_comes_or_goes(
    topics: dict[str, range], members: dict[str, Owned]
) -> None:
    """A second assignment over the first one's result is the same."""
    first = spread(topics, everybody(members))
    assert spread(topics, everybody(first)) == first


@given(topics=TOPICS)
def test_totals_are_even_from_the_start(topics: dict[str, range]) -> None:
    """Three fresh members differ by two partitions at most, over all topics."""
    result = spread(topics, everybody({"x": {}, "y": {}, "z": {}}))
    totals = [sum(map(len, share.values())) for share in result.values()]
    assert max(totals) - min(totals) <= 2


def test_a_newcomer_takes_only_its_share() -> None:
    """Two members of four partitions each give up what the third needs, nothing else moves."""
    before = {"x": {"a": [0, 1, 2, 3]}, "y": {"a": [4, 5, 6, 7]}, "z": {}}
    after = spread({"a": range(8)}, everybody(before))
    kept = [set(after[m]["a"]) & set(before[m].get("a", [])) for m in before]
    assert sorted(map(len, kept)) == [0, 3, 3]


def test_members_tell_the_leader_what_they_have() -> None:
    """What `on_assignment` hears goes out in `metadata` and is kept by `assign`."""
    cluster = SimpleNamespace(partitions_for_topic=lambda topic: {0, 1} if topic == "a" else None)
    first, second = EvenAssignor(), EvenAssignor()
    fresh = {"x": first.metadata(["a", "gone"]), "y": second.metadata(["a", "gone"])}
    shares = first.assign(cluster, fresh)  # type: ignore[arg-type]
    first.on_assignment(shares["y"])
    second.on_assignment(shares["x"])
    swapped = {"x": first.metadata(["a"]), "y": second.metadata(["a"])}
    again = first.assign(cluster, swapped)  # type: ignore[arg-type]
    assert again["x"].assignment == shares["y"].assignment
    assert again["y"].assignment == shares["x"].assignment


def test_a_member_with_unreadable_data_keeps_nothing() -> None:
    """Another version's words are no reason to fail the group."""
    cluster = SimpleNamespace(partitions_for_topic=lambda _: {0})
    strange = ConsumerProtocolMemberMetadata(0, ["a"], b"\xff")
    result = EvenAssignor().assign(cluster, {"x": strange})  # type: ignore[arg-type]
    assert result["x"].assignment == [("a", [0])]
