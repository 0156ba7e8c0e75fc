"""Segments: one combination of grouping values, and how leaves roll up to them.

A *leaf* is the tuple of an event's values for all configured dimensions. Each configured grouping
projects it to one segment. A segment's key is JSON text of its dimensions in the grouping's order,
`[["region","fr"],["product","web"]]`, and `[]` for the overall total. What a grouping does not keep
apart is in its segment *other*, which has the value `(other)` for each dimension.
"""

from collections.abc import Iterable, Sequence
from zlib import crc32

import msgspec

Leaf = tuple[str, ...]
Grouping = tuple[str, ...]
Segments = tuple[str, ...]  # the keys of a leaf's segments, one for each grouping

OTHER = "(other)"


def key(pairs: Sequence[tuple[str, str]]) -> str:
    """Name the segment of these dimensions and values, in the grouping's order.

    >>> key([("region", "fr")])
    '[["region","fr"]]'
    """
    return msgspec.json.encode(pairs).decode()


def pairs(key: str) -> list[tuple[str, str]]:
    """Read a segment's dimensions and values back from its key.

    >>> pairs('[["region","fr"]]')
    [('region', 'fr')]
    """
    return msgspec.json.decode(key, type=list[tuple[str, str]])


def grouping(key: str) -> Grouping:
    """Name the dimensions of a segment.

    >>> grouping('[["region","fr"]]')
    ('region',)
    """
    return tuple(name for name, _ in pairs(key))


def other(grouping: Grouping) -> str:
    """Name the segment of all that a grouping does not keep apart; that of `[]` is the total.

    >>> other(("region",)), other(())
    ('[["region","(other)"]]', '[]')
    """
    return key([(name, OTHER) for name in grouping])


def by_grouping(keys: Iterable[str]) -> dict[Grouping, set[str]]:
    """Sort segments by their grouping."""
    found: dict[Grouping, set[str]] = {}
    for one in keys:
        found.setdefault(grouping(one), set()).add(one)
    return found


def shard(key: str, shards: int) -> int:
    """Choose the shard that owns a segment: the same for every worker and for good."""
    return crc32(key.encode()) % shards


class RollUp(dict[Leaf, Segments]):
    """From a leaf to the keys of its segments, one for each grouping; remembers what it made.

    Of a grouping that `allow` lists segments of, all others are in its `other`.
    """

    LIMIT = 200_000  # leaves remembered; a flood of new values must not hold memory

    def __init__(
        self, dimensions: Sequence[str], groupings: Sequence[Grouping], allow: Iterable[str] = ()
    ) -> None:
        super().__init__()
        place = {dimension: at for at, dimension in enumerate(dimensions)}
        listed = by_grouping(allow)
        self._groupings = [
            ([(name, place[name]) for name in one], listed.get(one), other(one))
            for one in groupings
        ]

    def __missing__(self, leaf: Leaf) -> Segments:
        if len(self) >= self.LIMIT:
            self.clear()
        made = [
            (key([(name, leaf[at]) for name, at in places]), listed, rest)
            for places, listed, rest in self._groupings
        ]
        self[leaf] = found = tuple(
            own if listed is None or own in listed else rest for own, listed, rest in made
        )
        return found
