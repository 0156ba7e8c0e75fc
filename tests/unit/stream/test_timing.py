"""When flushes are due: soon while there is little to do, seldom while a worker catches up."""

import time
from typing import Any, cast

import pytest

from stream.agent.fold import FoldShard
from stream.agent.fold import Target as Source
from stream.agent.merge import MergeShard, Target
from stream.held import Held
from stream.partial import Progress
from stream.reader import Reader
from stream.timing import Timing
from stream.transport.batch import TP
from tests.data import plan as plans

TIMING = Timing(flush=0.2, publish=1.0)
PLAN = plans.whole()
NOW = 1_000.0


def source(partition: int = 0) -> Held:
    """A source partition that was flushed just now and has something to flush again."""
    reader = Reader("product_usage", PLAN, bytes(16))
    target = Source("group", "partials", 8, "dead", "state")
    shard = FoldShard(TP("usage", partition), reader, PLAN, target).restore({}, 0)
    shard.position = 1
    return held(shard)


def shard(partition: int = 0) -> Held:
    """A shard that published just now."""
    target = Target("group", "updates", "state", {"usage": 1}, 8)
    return held(MergeShard(TP("partials", partition), PLAN, target).restore({}, 0))


def held(shard: Any) -> Held:
    """What was flushed just now."""
    found = Held(shard, cast(Any, None))
    found.flushed = NOW
    return found


def waits(one: Held) -> float:
    """After how many tenths of a second it is due."""
    return next(n for n in range(1_000) if TIMING.is_due(one, NOW + (n + 0.5) / 10, 0.2))


def test_a_source_flushes_as_often_as_it_may_and_only_what_is_there() -> None:
    """And a shard publishes at its own pace, whatever it took if that was little."""
    one = source()
    assert waits(one) == 2
    one.shard.position = -1
    assert not TIMING.is_due(one, NOW + 60, 0.2)
    one = shard()
    assert waits(one) == 10
    one.cost = 0.01
    assert waits(one) == 10


def test_a_worker_flushes_twenty_times_a_second() -> None:
    """Its shards have the first go; five are left to its sources in any case."""
    sources, shards = [source(n) for n in range(6)], [shard(n) for n in range(64)]
    assert TIMING.flush_every(sources[:1]) == 0.2
    assert TIMING.flush_every([*sources, *shards[:8]]) == pytest.approx(6 / 12)
    assert TIMING.flush_every([*sources, *shards]) == pytest.approx(6 / 5)


@pytest.mark.parametrize(
    ("age", "waiting", "times"), [(1, True, 10), (60, False, 10), (60, True, 30)]
)
def test_a_shard_whose_publications_take_long_makes_fewer(
    age: int, waiting: bool, times: int
) -> None:
    """Fewer still while input is far behind, but the next one is never far."""
    one = shard()
    watermark = time.time_ns() // 1_000_000 - age * 1_000
    told = Progress("usage", 0, 7, watermark, waiting)
    one.shard.sources.hear([told])  # type: ignore[union-attr] # a shard of deltas
    one.cost = 0.1
    assert waits(one) == times
    one.cost = 0.2
    assert waits(one) == 2 * times
    one.cost = 9.0
    assert waits(one) == 200
