"""Segments: one combination of grouping values, and how leaves roll up to them.

A *leaf* is the tuple of an event's values for all configured dimensions. Each configured grouping
projects it to one segment. A segment's key is JSON text of its dimensions in the grouping's order,
`[["region","fr"],["product","web"]]`, and `[]` for the overall total.
"""

from collections.abc import Sequence
from zlib import crc32

import msgspec

Leaf = tuple[str, ...]
Grouping = tuple[str, ...]
Segments = tuple[str, ...]  # the keys of a leaf's segments, one for each grouping


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


def shard(key: str, shards: int) -> int:
    """Choose the shard that owns a segment: the same for every worker and for good."""
    return crc32(key.encode()) % shards


class RollUp(dict[Leaf, Segments]):
    """From a leaf to the keys of its segments, one for each grouping; remembers what it made."""

    LIMIT = 200_000  # leaves remembered; a flood of new values must not hold memory

    def __init__(self, dimensions: Sequence[str], groupings: Sequence[Grouping]) -> None:
        super().__init__()
        place = {dimension: at for at, dimension in enumerate(dimensions)}
        self._places = [[(name, place[name]) for name in grouping] for grouping in groupings]

    def __missing__(self, leaf: Leaf) -> Segments:
        if len(self) >= self.LIMIT:
            self.clear()
        self[leaf] = found = tuple(
            key([(name, leaf[at]) for name, at in grouping]) for grouping in self._places
        )
        return found
