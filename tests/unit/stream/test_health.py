"""Health: what makes a worker unready, what makes it dead, and when its values are shown."""

import time
from types import SimpleNamespace
from typing import Any

import pytest

from stream.agent.merge import MergeShard, Target
from stream.health import BEHIND_S, STUCK_S, Health
from stream.transport.batch import TP
from tests.data import plan as plans

SOURCE, SHARD = TP("answers", 0), TP("partials", 0)
SESSION = 10.0


def worker(**changes: Any) -> Health:
    """A worker that is well, but for `changes`."""
    state: dict[str, Any] = {
        "silence": 0.5,
        "busy": 0.0,
        "end": 7,
        "still": 0.0,
        "stuck": {},
        "claimed": True,
        "assigned": {SOURCE, SHARD},
        "published": 0,
        **changes,
    }
    shard = MergeShard(SHARD, plans.whole(), Target("g", "updates", "state", {"answers": 1}, 1))
    shard.position, shard.published = 7, state["published"]
    moved = time.monotonic() - state["still"]
    held = {
        SOURCE: SimpleNamespace(shard=SimpleNamespace(position=7), moved=moved),
        SHARD: SimpleNamespace(shard=shard, moved=moved),
    }
    owner: Any = SimpleNamespace(
        held={tp: one for tp, one in held.items() if tp in state.get("held", held)},
        claims=SimpleNamespace(stuck=state["stuck"], doubts=state.get("doubts", {})),
        claimed=state["claimed"],
        busy_for=lambda: state["busy"],
    )
    line: Any = SimpleNamespace(
        silence=lambda: state["silence"],
        assignment=lambda: frozenset(state["assigned"]),
        end_offset=lambda tp: state["end"],
    )
    return Health(owner, line, SESSION)


def test_a_worker_that_is_well_says_nothing() -> None:
    """It lives, is ready, and shows its shard."""
    health = worker()
    assert (health.live(), health.ready(), len(health.exported())) == ([], [], 1)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"silence": SESSION + 1}, "the group has not heard of us for 11 s"),
        ({"end": 9, "still": BEHIND_S + 1}, "answers[0] has 2 records waiting and does not move"),
        ({"held": {SHARD}}, "answers[0] is not recovered yet"),
        ({"held": {SHARD}, "doubts": {SOURCE: "the group has read"}}, "yet: the group has read"),
        ({"claimed": False}, "no partitions are claimed yet"),
        ({"published": 8}, "partials[0] is catching up with what was published"),
        ({"stuck": {SOURCE: "answers[0]: records were deleted"}, "held": {SHARD}}, "deleted"),
        ({"busy": STUCK_S + 1}, "a batch or flush has been worked on for 61 s"),
    ],
)
def test_what_is_wrong_is_said_in_readiness(changes: dict[str, Any], words: str) -> None:
    """Each fault by its words."""
    assert any(words in fault for fault in worker(**changes).ready())


def test_only_a_stuck_worker_is_dead() -> None:
    """A restart would not bring back a broker, and would lose what is recovered."""
    assert worker(busy=STUCK_S + 1).live()
    assert not worker(silence=10 * SESSION, end=9, still=10 * BEHIND_S, claimed=False).live()


def test_a_partition_that_was_idle_is_not_behind_at_its_first_record() -> None:
    """Input that has just come is no standstill."""
    assert not worker(end=8, still=1.0).ready()


def test_nothing_is_shown_by_who_may_have_lost_it() -> None:
    """Out of contact for a session, or not caught up after a recovery."""
    assert not worker(silence=SESSION + 1).exported()
    assert not worker(published=8).exported()
