"""Who reads which partition: evenly, topic by topic, and as before where that is even."""

from collections.abc import Iterable, Mapping

import msgspec
from aiokafka.cluster import ClusterMetadata
from aiokafka.coordinator.protocol import (
    ConsumerProtocolMemberAssignment,
    ConsumerProtocolMemberMetadata,
)

Shares = dict[str, list[int]]
"""Partitions of one topic by member."""
Owned = dict[str, list[int]]
"""Partitions of one member by topic."""


class Member(msgspec.Struct, frozen=True):
    """What a member of the group asks for, and what it has."""

    topics: frozenset[str]
    owned: Owned = {}


def spread(topics: Mapping[str, Iterable[int]], members: Mapping[str, Member]) -> dict[str, Owned]:
    """Return each member's partitions by topic; some member asks for each of the topics.

    In every topic the shares of those who ask for it differ by one at most; so partitions with
    equal numbers mean nothing to one another. A member keeps what it has up to its share. Members'
    totals are evened out where a topic leaves a choice. The order of the arguments does not matter.

    >>> a = frozenset("a")
    >>> spread({"a": [0, 1, 2]}, {"x": Member(a, {"a": [2]}), "y": Member(a)})
    {'x': {'a': [1, 2]}, 'y': {'a': [0]}}
    """
    result: dict[str, Owned] = {member: {} for member in sorted(members)}
    load = dict.fromkeys(result, 0)
    for topic, partitions in sorted(topics.items()):
        asking = [member for member in load if topic in members[member].topics]
        asking.sort(key=lambda member: (load[member], member))
        held = {member: members[member].owned.get(topic, []) for member in asking}
        for member, share in _divide(sorted(partitions), held).items():
            load[member] += len(share)
            if share:
                result[member][topic] = sorted(share)
    return result


def _divide(partitions: list[int], held: Mapping[str, list[int]]) -> Shares:
    """Divide one topic; earlier members of `held` go first where there is a choice."""
    least, extra = divmod(len(partitions), len(held))
    shares = _keep(partitions, held, least, extra)
    taken = {partition for share in shares.values() for partition in share}
    free = [partition for partition in partitions if partition not in taken]
    for limit in (least, least + 1):
        for share in shares.values():
            wanted = max(0, limit - len(share))
            share.extend(free[:wanted])
            del free[:wanted]
    return shares


def _keep(partitions: list[int], held: Mapping[str, list[int]], least: int, extra: int) -> Shares:
    shares: Shares = {}
    free = set(partitions)
    for member, had in held.items():
        ours = sorted(free.intersection(had))
        share = ours[: least + (1 if extra else 0)]
        extra -= len(share) > least
        free.difference_update(share)
        shares[member] = share
    return shares


class EvenAssignor:
    """aiokafka's face of `spread`; one instance per consumer, as it knows what the member has.

    aiokafka's own assignors are classes with class methods, shared by all consumers of a process.
    """

    name = "ressenti-even"

    def __init__(self) -> None:
        self._owned: Owned = {}

    def assign(
        self, cluster: ClusterMetadata, members: Mapping[str, ConsumerProtocolMemberMetadata]
    ) -> dict[str, ConsumerProtocolMemberAssignment]:
        """Divide the topics that the members ask for.

        While an input is added or dropped worker by worker, they ask for different ones; whoever
        got one that it did not ask for would fall out of the group.
        """
        asking = {
            name: Member(frozenset(member.subscription), _decode(member.user_data))
            for name, member in members.items()
        }
        names = {topic for member in asking.values() for topic in member.topics}
        topics = {topic: cluster.partitions_for_topic(topic) or () for topic in names}
        return {
            member: ConsumerProtocolMemberAssignment(0, list(share.items()), b"")
            for member, share in spread(topics, asking).items()
        }

    def metadata(self, topics: Iterable[str]) -> ConsumerProtocolMemberMetadata:
        """Tell the leader what this member wants and has."""
        return ConsumerProtocolMemberMetadata(0, sorted(topics), msgspec.json.encode(self._owned))

    def on_assignment(self, assignment: ConsumerProtocolMemberAssignment) -> None:
        """Remember what this member has now."""
        self._owned = {topic: list(partitions) for topic, partitions in assignment.assignment}


def _decode(data: bytes) -> Owned:
    try:
        return msgspec.json.decode(data, type=Owned)
    except msgspec.DecodeError:
        return {}  # a member of another version: it keeps nothing
