"""The cap: who is admitted is whole, the rest is in `(other)`, whatever happens on the way.

lines ──fold──► partials ──merge──► admitted: own segment          = replay that allows only these
                   ▲                refused ──┐
                   └──── sent on, once ───────┘ ► `(other)`        = its `(other)`
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics.plan import Plan
from metrics.segment import Grouping, by_grouping, key, other, pairs
from stream.agent import merge
from tests.data.journal import Journal
from tests.laws.test_stream_is_batch import (
    DEED,
    LENGTH,
    PLANS,
    START,
    Fields,
    Line,
    act,
    assert_same,
    in_order,
    lines,
    placed,
    replayed,
)

REGIONS = [f"r{number}" for number in range(7)]
SHARDS = 3
END = START + LENGTH
UNCAPPED = msgspec.structs.replace(PLANS[0], max_segments=1_000)
MOST = st.integers(1, 6)
QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
Deeds = list[tuple[str, int, int]]


def capped(most: int) -> Plan:
    """A plan that keeps so many segments of each grouping."""
    return msgspec.structs.replace(PLANS[0], max_segments=most)


@pytest.fixture(autouse=True)
def _many_flushes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every segment is published by a flush of its own, so that crashes fall between."""
    monkeypatch.setattr(merge, "FLUSH_RECORDS", 0)


def admitted(journal: Journal) -> dict[Grouping, set[str]]:
    """The segments that the shards keep, by grouping, without `(other)`."""
    found = by_grouping(name for shard in journal.merges for name in shard.store.known)
    return {grouping: names - {other(grouping)} for grouping, names in found.items() if grouping}


def of_grouping(contents: dict[str, Fields], grouping: Grouping) -> dict[str, Fields]:
    """The updates of one grouping."""
    return {name: one for name, one in contents.items() if one["grouping"] == list(grouping)}


async def live(journal: Journal, deeds: Deeds) -> dict[str, Fields]:
    """Do this and that, and let everything run dry."""
    await act(journal, deeds)
    await journal.finish(END)
    return journal.contents()


async def reconfigure(journal: Journal, deeds: Deeds, later: Plan, in_order: bool) -> None:
    """Do this and that, and start again with another plan; `in_order` after half of the events."""
    await act(journal, deeds)
    if in_order:
        for tp, held in journal.sources.items():
            journal.absorb(tp, len(held) // 2)
        await journal.settle(START)
    journal.plan = later
    for number in range(len(journal.merges)):
        journal.crash_merge(number)


def assert_whole_or_absent(
    got: dict[str, Fields], made: list[Line], kept: dict[Grouping, set[str]]
) -> None:
    """Every grouping is what a replay gives that keeps only these segments apart."""
    for grouping in UNCAPPED.groupings:
        nobody = key([(name, "nobody") for name in grouping])  # so that there is a list
        allow = (nobody, *sorted(kept.get(grouping, ()))) if grouping else ()
        plan = msgspec.structs.replace(UNCAPPED, groupings=(grouping,), allow=allow)
        assert_same(of_grouping(got, grouping), replayed(plan, in_order(made), END))


def sums(updates: dict[str, Fields]) -> dict[tuple[str, ...], Counter[str]]:
    """Samples and parts by what is no segment; distinct customers do not add up."""
    found: dict[tuple[str, ...], Counter[str]] = {}
    for one in updates.values():
        if one["metric"] != "active_users":
            what = (one["metric"], one["variant"], one["window"], str(one["by"]))
            found.setdefault(what, Counter()).update({"n": one["n"], **one["parts"]})
    return {what: +parts for what, parts in found.items() if +parts}


def assert_adds_up(got: dict[str, Fields]) -> None:
    """The segments of each grouping, with `(other)`, make the total."""
    total = sums(of_grouping(got, ()))
    for grouping in UNCAPPED.groupings:
        assert sums(of_grouping(got, grouping)) == total


@settings(max_examples=60, suppress_health_check=QUIET)
@given(data=st.data(), made=lines(REGIONS), most=MOST)
def test_a_segment_is_whole_or_absent(data: st.DataObject, made: list[Line], most: int) -> None:
    """At most so many are admitted, and with `(other)` they add up, through crashes of all kinds.

    Each shard has its share, so that no two need to agree.
    """
    journal = Journal(capped(most), data.draw(placed(made)), SHARDS)
    got = asyncio.run(live(journal, data.draw(st.lists(DEED, min_size=20, max_size=80))))
    kept = admitted(journal)
    assert all(len(names) <= most for names in kept.values())
    assert_whole_or_absent(got, made, kept)
    assert_adds_up(got)


@settings(max_examples=50, suppress_health_check=QUIET)
@given(data=st.data(), made=lines(REGIONS), before=MOST, after=MOST)
def test_another_cap_changes_no_decision(
    data: st.DataObject, made: list[Line], before: int, after: int
) -> None:
    """A worker comes back with a cap that is larger or smaller: nobody is there in part."""
    journal = Journal(capped(before), data.draw(placed(made)), SHARDS)
    deeds = data.draw(st.lists(DEED, min_size=20, max_size=80))
    work = reconfigure(journal, deeds[::2], capped(after), data.draw(st.booleans(), "in order"))
    asyncio.run(work)
    got = asyncio.run(live(journal, deeds[1::2]))
    kept = admitted(journal)
    assert all(len(names) <= max(before, after) for names in kept.values())
    assert_whole_or_absent(got, made, kept)
    assert_adds_up(got)


@pytest.mark.parametrize(("before", "after"), [(1, 6), (6, 1)])
def test_nobody_comes_in_late(before: int, after: int) -> None:
    """Four answers of each region, two under each cap: who was refused once stays refused."""
    made = [
        Line("survey_answers", None, answer(number, REGIONS[number % len(REGIONS)]))
        for number in range(4 * len(REGIONS))
    ]
    journal = Journal(capped(before), in_order(made), SHARDS)
    asyncio.run(reconfigure(journal, [], capped(after), True))
    kept = admitted(journal)
    got = asyncio.run(live(journal, []))
    assert kept == admitted(journal)
    assert_whole_or_absent(got, made, kept)


def answer(number: int, region: str) -> bytes:
    """A promoter's answer."""
    fields = {"at": START + number, "id": f"e{number}", "type": "nps", "score": 9}
    dims = {"region": region, "channel": "web"}
    return msgspec.json.encode({**fields, "customer_id": "ann", "dims": dims})


def renamed(made: list[Line], grouping: Grouping, kept: set[str]) -> Iterator[Line]:
    """The lines as they would be if the events of all other segments said `(other)`.

    Each has an id, as of equal events of one entity the content decides which is the greater.
    """
    for number, one in enumerate(made):
        event: dict[str, Any] = msgspec.json.decode(one.text)
        dims = {"region": "(none)", "channel": event["channel"], **event["dims"]}
        own = key([(name, dims[name]) for name in grouping])
        if own not in kept:
            dims.update(pairs(other(grouping)))
        text = msgspec.json.encode({**event, "id": event.get("id") or f"e{number}", "dims": dims})
        yield one._replace(text=text)


LISTS = {
    ("region",): [key([("region", name)]) for name in ("r0", "r1", "(none)")],
    ("region", "channel"): [key([("region", "r0"), ("channel", "web")])],
}


@settings(max_examples=60, suppress_health_check=QUIET)
@given(data=st.data(), made=lines(REGIONS), grouping=st.sampled_from(list(LISTS)))
def test_what_is_not_allowed_counts_as_other(
    data: st.DataObject, made: list[Line], grouping: Grouping
) -> None:
    """A stream with a list is a replay without one of events that say `(other)`; max is nothing."""
    allow = tuple(LISTS[grouping])
    plain = msgspec.structs.replace(UNCAPPED, groupings=(grouping,))
    listing = msgspec.structs.replace(plain, allow=allow, max_segments=1)
    same = list(renamed(made, (), {"[]"}))  # with ids
    journal = Journal(listing, data.draw(placed(same)), SHARDS)
    got = asyncio.run(live(journal, data.draw(st.lists(DEED, min_size=10, max_size=40))))
    files = in_order(list(renamed(made, grouping, set(allow))))
    assert_same(got, replayed(plain, files, END))


@settings(max_examples=60, suppress_health_check=QUIET)
@given(data=st.data(), made=lines(REGIONS), most=MOST)
def test_a_replay_admits_as_many_as_there_may_be(
    data: st.DataObject, made: list[Line], most: int
) -> None:
    """The first ones in order of time, whatever the files; they and `(other)` are whole."""
    plan = capped(most)
    got = replayed(plan, in_order(made), END)
    kept = {
        grouping: {
            key([(name, one["segment"][name]) for name in grouping])
            for one in of_grouping(got, grouping).values()
        }
        - {other(grouping)}
        for grouping in plan.groupings
        if grouping
    }
    free = replayed(UNCAPPED, in_order(made), END)
    for grouping, names in kept.items():
        there = {str(one["segment"]) for one in of_grouping(free, grouping).values()}
        assert len(names) == min(most, len(there))
    assert_whole_or_absent(got, made, kept)
    assert_adds_up(got)
    assert replayed(plan, data.draw(placed(made)), END) == got
