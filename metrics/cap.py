"""The cap: how many segments of a grouping are kept apart; the rest of it is its `(other)`.

Guarantee: a segment is complete or absent, never partial. Whoever owns it decides when it is first
heard of, and for good. Memory: nothing for a segment that was refused; so once one was, nobody new
is admitted to its grouping, even when the cap is raised: it might have been refused before.

>>> cap = Cap(1)
>>> cap.place('[["region","fr"]]'), cap.place('[["region","de"]]'), cap.place("[]")
('[["region","fr"]]', '[["region","(other)"]]', '[]')
"""

from collections import Counter
from collections.abc import Iterable

from metrics.segment import Grouping, grouping, other


def share(most: int, number: int, shards: int) -> int:
    """Say how many of `most` segments one of the shards may admit, so that all never admit more.

    >>> [share(10, number, 4) for number in range(4)]
    [3, 3, 2, 2]
    """
    return most // shards + (number < most % shards)


class Cap:
    """Admits at most so many segments of each grouping, but any of one that is `exempt`."""

    def __init__(self, most: int, exempt: Iterable[Grouping] = ()) -> None:
        self.closed: set[Grouping] = set()
        """Groupings of which a segment was refused."""
        self._most = most
        self._exempt = frozenset(exempt)
        self._admitted: Counter[Grouping] = Counter()

    def restore(self, known: Iterable[str], closed: Iterable[Grouping]) -> None:
        """Go on from the segments that were admitted, and the groupings that are closed."""
        self._admitted = Counter(of for one in known if one != other(of := grouping(one)))
        self.closed = set(closed)

    def place(self, segment: str) -> str:
        """Say where a segment that is not known yet belongs: to itself, or to `(other)`.

        It is admitted by that: from now on it is known, and must not be asked for again.
        """
        of = grouping(segment)
        rest = other(of)
        if segment == rest:
            return rest
        if not self._has_room(of):
            self.closed.add(of)
            return rest
        self._admitted[of] += 1
        return segment

    def _has_room(self, of: Grouping) -> bool:
        if of in self.closed:
            return False
        return of in self._exempt or self._admitted[of] < self._most
