"""The whole truth of the shards that are ours, for a sink that may know nothing of it.

A sink that was away, or has lost its memory, or a shard that came from another owner: in each case
the shard's values are computed from its state and told again, closed windows included. The sink
takes them as fast as it can write them, so that nothing piles up and the fold goes on in between.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from weakref import WeakKeyDictionary

from metrics.evaluate import evaluate
from metrics.window import Window
from stream.agent.merge import MergeShard
from stream.sink.shown import Shown, show


class Whole:
    """Tells every one of `shards()` once, and once more after each `again`."""

    def __init__(self, shards: Callable[[], Iterable[MergeShard]]) -> None:
        self._shards = shards
        self._round = 1
        self._told: WeakKeyDictionary[MergeShard, int] = WeakKeyDictionary()
        self._going: Iterator[Shown] = iter(())

    def again(self) -> None:
        """Have everything told anew; the shard at hand is told to its end first.

        So each gets its turn, however often this is called.
        """
        self._round += 1

    def take(self, most: int) -> list[Shown]:
        """Compute some of what is still to be told, as of now; empty when all is told."""
        if taken := list(islice(self._going, most)):
            return taken
        shard = min(self._shards(), key=self._last, default=None)
        if shard is None or self._last(shard) == self._round:
            return []
        self._told[shard] = self._round
        self._going = everything(shard)
        return list(islice(self._going, most)) or self.take(most)

    def _last(self, shard: MergeShard) -> int:
        return self._told.get(shard, 0)


def everything(shard: MergeShard) -> Iterator[Shown]:
    """Compute all that a shard may have published and still can compute, each value as of now."""
    plan, store = shard.plan, shard.store
    for segment in list(store.known):
        moment = shard.moment(time.time_ns() // 1_000_000)
        windows = (*plan.windows(), *_closed(shard, segment, moment.as_of))
        for update in list(evaluate(plan, store, segment, windows, moment)):
            yield show(plan, store, update)


def _closed(shard: MergeShard, segment: str, as_of: int) -> Iterator[Window]:
    """Name the closed windows that a segment has slices of, none of which has left the state."""
    plan, store = shard.plan, shard.store
    days = store.days(segment, as_of)
    for window in dict.fromkeys(plan.calendar.closed(u, day) for u in plan.units() for day in days):
        span = window.span()
        if span.end <= as_of and store.holds(window.cover(span)):
            yield window
