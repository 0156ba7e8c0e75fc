"""The shard: how its state ages, and what it says of windows that have left it."""

import asyncio
import time

import msgspec
import pytest

from metrics import duration
from metrics.summary import Summary
from stream import partial
from stream.agent import checkpoint, merge
from stream.agent.checkpoint import EPOCH, new_epoch
from stream.agent.merge import MergeShard, Target
from stream.partial import Partial, Progress
from stream.state.flush import Record
from stream.transport.batch import TP
from tests.data import plan as plans
from tests.data.journal import batch

DAY = duration.DAY
NOON = 1_795_348_800_000 - 1_795_348_800_000 % DAY + DAY // 2
PLAN = plans.whole(plans.UTC, "1h", "today")


class Told:
    """A shard of two source partitions, and a way to tell it things."""

    def __init__(self) -> None:
        self.target = Target("group", "updates", "state", {"usage": 2}, 1)
        self.shard = MergeShard(TP("partials", 0), PLAN, self.target)

    def hear(
        self,
        number: int,
        watermark: int | None,
        waiting: bool = False,
        at: int = 0,
        amount: int = 1,
    ) -> None:
        """A record: one partition's progress, and an answer (or its retraction) at `at`, if any."""
        offset = self.shard.position
        progress = Progress("usage", number, offset, watermark, waiting)
        delta = Summary()
        delta.counts["nps/0-10/9"] = amount
        deltas: list[tuple[str, list[partial.Part]]] = (
            [("[]", [partial.Part(at, delta.counts, {})])] if at else []
        )
        record = partial.encode(Partial([progress], deltas))
        asyncio.run(self.shard.absorb(batch(self.shard.tp, offset, [record])))

    def publish(self, now: int) -> dict[str, int]:
        """What is published as of now: n by window, of the score."""
        records = asyncio.run(self._records(now))
        updates = [msgspec.json.decode(one.value) for one in records if one.value is not None]
        return {one["window"]: one["n"] for one in updates if one["variant"] == "default"}

    def taken_back(self, now: int) -> set[str]:
        """The windows of which a value is taken back as of now."""
        records = asyncio.run(self._records(now))
        return {msgspec.json.decode(one.key or b"")[2] for one in records if one.value is None}

    async def _records(self, now: int) -> list[Record]:
        return [one async for flush in self.shard.publish(now) for one in flush.records]

    def recover(self) -> None:
        """Another owner takes over, from the rows of a checkpoint."""
        rows = asyncio.run(self.shard.checkpoint()).rows
        self.shard = MergeShard(self.shard.tp, PLAN, self.target)
        self.shard.restore({row.key or b"": row.value or b"" for row in rows}, 0)


@pytest.fixture
def told() -> Told:
    """A shard that has heard nothing."""
    return Told()


def test_nothing_ages_before_every_source_is_heard_of(told: Told) -> None:
    """The first partition may be far ahead of one that is still recovering."""
    told.hear(0, NOON)
    assert told.shard.sources.mark() == 0
    told.hear(1, NOON - DAY)
    assert told.shard.sources.mark() == NOON


@pytest.mark.parametrize(
    ("behind", "waiting", "mark"),
    [
        (NOON - DAY, True, NOON - DAY),  # it has more of yesterday
        (NOON - DAY, False, NOON),  # idle: it holds nobody up
        (None, True, 0),  # something is there, nobody knows of when
        (None, False, NOON),  # empty
    ],
)
def test_the_watermark_is_that_of_the_least_with_input(
    told: Told, behind: int | None, waiting: bool, mark: int
) -> None:
    """Partition 0 is at noon with input waiting, the other somewhere behind."""
    told.hear(1, behind, waiting)
    told.hear(0, NOON, behind is not None and waiting)
    assert told.shard.sources.mark() == mark


def test_a_closed_window_that_has_left_the_state_keeps_its_last_value(told: Told) -> None:
    """A correction so late that its day's slices are gone changes nothing that was said.

    day 1 closes with n = 1 ──── 100 days ────► a late event for day 1: not published again
    """
    for number in range(2):
        told.hear(number, NOON, at=NOON)
    closed = f"day:{plans.UTC.zone.local_date(NOON)}"
    assert told.publish(NOON + DAY)[closed] == 2
    for number in range(2):
        told.hear(number, NOON + 100 * DAY, at=NOON + 100 * DAY)
    told.publish(NOON + 100 * DAY)
    told.hear(0, NOON + 100 * DAY, at=NOON)
    assert closed not in told.publish(NOON + 100 * DAY + 1)


def test_a_checkpoint_empties_a_full_shard(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """Full is counted from the last checkpoint, or every later turn would make another."""
    monkeypatch.setattr(merge, "FULL", 2)
    for _ in range(3):
        told.hear(0, NOON, at=NOON)
    assert told.shard.full
    asyncio.run(told.shard.checkpoint())
    assert not told.shard.full


def test_a_recovered_shard_ages_no_further_than_what_had_no_input_before(told: Told) -> None:
    """Both sources were idle; by now one may have a backlog of months, and be slow to say so."""
    for number in range(2):
        told.hear(number, NOON, at=NOON)
    told.publish(NOON + 1)
    told.recover()
    told.hear(0, NOON + 200 * DAY, at=NOON + 200 * DAY)
    assert told.shard.sources.mark() == NOON
    told.hear(1, NOON + 1, waiting=True)
    assert told.shard.sources.mark() == NOON + 1


def test_what_changed_may_be_more_than_a_record_holds(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is kept in pieces, read back whole, and what is no longer needed is taken away."""
    monkeypatch.setattr(checkpoint, "LARGEST", 50)
    segments = [f'[["region","{number}"]]' for number in range(20)]
    for segment in segments:
        told.shard._agenda.note(segment, NOON)
    changed = told.shard._agenda.changed()
    told.recover()
    assert told.shard._agenda.changed() == changed
    rows = asyncio.run(told.shard.checkpoint()).rows
    pieces = {row.key: row.value for row in rows if (row.key or b"")[:1] == checkpoint.CHANGED}
    assert len(pieces) > 5
    assert all(value and len(value) < 200 for value in pieces.values())
    told.publish(NOON + 1)
    rows = asyncio.run(told.shard.checkpoint()).rows
    assert {row.key: row.value for row in rows if row.key in pieces} == dict.fromkeys(pieces)


def test_a_recovered_shard_takes_back_what_its_former_owner_said(told: Told) -> None:
    """The owner that published n = 2 is gone; a correction leaves nothing of that day."""
    for number in range(2):
        told.hear(number, NOON, at=NOON)
    closed = f"day:{plans.UTC.zone.local_date(NOON)}"
    assert told.publish(NOON + DAY)[closed] == 2
    told.recover()
    for _ in range(2):
        told.hear(0, NOON + DAY, at=NOON, amount=-1)
    assert told.taken_back(NOON + DAY) >= {closed}


def test_days_without_data_are_not_said(told: Told) -> None:
    """A segment that had data once has none on most days; its closed days stay away."""
    for number in range(2):
        told.hear(number, NOON, at=NOON)
    told.publish(NOON + 1)
    published = told.publish(NOON + 5 * DAY)
    assert {name for name in published if ":" in name} == {f"day:{plans.UTC.zone.local_date(NOON)}"}


def test_old_data_is_all_said_however_fast_it_is_read(told: Told) -> None:
    """Many days in one stretch of merging: each is published before any of them leaves.

    day 1 ··· day 200 merged ──► published: 200 closed days ──► only then the oldest leave
    """
    for day in range(200):
        for number in range(2):
            told.hear(number, NOON + day * DAY, at=NOON + day * DAY)
    published = told.publish(NOON + 200 * DAY)
    assert sum(":" in name for name in published) == 200
    asyncio.run(told.shard.checkpoint())
    assert told.shard.store.watermark == NOON + 199 * DAY


def test_an_input_that_is_no_longer_read_holds_nobody_up(told: Told) -> None:
    """What is still told of it, or said in old partials, is passed over."""
    for number in range(2):
        told.hear(number, NOON)
    told.shard.sources.hear([Progress("gone", 0, 5, NOON - 9 * DAY, True)])
    assert told.shard.sources.mark() == NOON
    assert not told.shard.moment(NOON + DAY).stale


def test_only_what_became_stale_is_said(told: Told) -> None:
    """An hour is after a minute, a day after its slices: the day has no news until then."""
    told.hear(0, NOON, waiting=True, at=NOON)
    assert told.publish(NOON + 1).keys() >= {"1h", "today"}
    assert told.publish(NOON + duration.MINUTE + 1) == {"1h": 1}
    assert told.publish(NOON + duration.MINUTE + 2) == {}


def test_a_new_group_says_greater_revisions_than_the_one_before(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its partials begin anew, so the epoch must be later; it stays over a recovery."""
    now = time.time_ns()
    told.shard.restore({}, 0)
    told.hear(0, NOON, at=NOON)
    before = told.shard.moment(NOON).revision
    told.recover()
    assert told.shard.moment(NOON).revision == before
    monkeypatch.setattr(time, "time_ns", lambda: now + 2_000_000_000)
    assert before < new_epoch() * EPOCH < 2**53
