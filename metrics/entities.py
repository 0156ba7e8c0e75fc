"""The entities of one source partition, kept as long as they can still be corrected.

An entity is forgotten when the watermark has left its newest event behind by more than `age`. That
is decided when the next event of it is read, so it does not depend on when the memory is freed.
Memory: two byte strings and an entry of a dict for each, see `bench/entity.py`.
"""

from collections.abc import Iterable

from metrics.entity import Entity, join, pack, unpack

MOST_AT_ONCE = 5_000  # looked at in one call of `forget`, some milliseconds
_BUCKETS = 256  # of newest events within `age`


class Entities:
    """States by name of the entity; `age` is in milliseconds of event time, None keeps all."""

    def __init__(self, age: int | None = None) -> None:
        self._age = age
        self._width = (age or 0) // _BUCKETS + 1
        self._held: dict[bytes, bytes] = {}
        self._changed: dict[bytes, None] = {}
        self._buckets: dict[int, list[bytes]] = {}  # names by their newest event

    def __len__(self) -> int:
        """Count the entities in memory."""
        return len(self._held)

    def join(
        self, name: bytes, event: Entity, mark: int | None = None
    ) -> tuple[Entity | None, Entity]:
        """Join an event to its entity; return the states before (None: new) and after.

        `mark` is the watermark before the event.
        """
        packed = self._held.get(name)
        old = None if packed is None else unpack(packed)
        if old and self._age is not None and mark is not None and mark - old.last > self._age:
            old = None
        new = event if old is None else join(old, event)
        if new != old:
            self._held[name] = pack(new)
            self._changed[name] = None
            self._note(name, new, old)
        return old, new

    def _note(self, name: bytes, new: Entity, old: Entity | None = None) -> None:
        if self._age is None:
            return
        bucket = new.last // self._width
        if old is None or old.last // self._width != bucket:
            self._buckets.setdefault(bucket, []).append(name)

    def take(self) -> list[tuple[bytes, bytes]]:
        """Hand over the packed states that changed since the last call, by name."""
        changed, self._changed = self._changed, {}
        return [(name, self._held[name]) for name in changed if name in self._held]

    def restore(self, states: Iterable[tuple[bytes, bytes]]) -> None:
        """Take packed states back."""
        for name, packed in states:
            self._held[name] = packed
            self._note(name, unpack(packed))

    def forget(self, mark: int | None) -> list[bytes]:
        """Drop entities that the watermark has left behind, some at a time; return their names."""
        gone: list[bytes] = []
        if mark is None or self._age is None:
            return gone
        left = max(MOST_AT_ONCE, 2 * len(self._changed))  # faster than they come
        while left and self._buckets:
            oldest = min(self._buckets)
            if mark - ((oldest + 1) * self._width - 1) <= self._age:
                break
            names = self._buckets[oldest]
            some = [names.pop() for _ in range(min(left, len(names)))]
            left -= len(some)
            gone += (name for name in some if self._drop(name, oldest))
            if not names:
                del self._buckets[oldest]
        return gone

    def _drop(self, name: bytes, bucket: int) -> bool:
        packed = self._held.get(name)
        if packed is None or unpack(packed).last // self._width != bucket:
            return False  # it has had a newer event
        del self._held[name]
        return True
