"""Totals of windows that are in use, kept true while deltas come in, in bounded memory."""

from collections import OrderedDict
from collections.abc import Mapping

import msgspec

from metrics.slice import Span
from metrics.summary import Summary, total

MOST = 8 << 20  # bytes, of one shard
_OBJECTS = 1_000  # bytes of the objects of a total, besides what is in it

Place = tuple[str, str]
"""A segment, and the name of one of its slots."""


class _Held(msgspec.Struct, gc=False):
    """The sum of a span, and its size in bytes."""

    span: Span
    summary: Summary
    weight: int


class Slots:
    """One total by slot; those asked for least lately go first."""

    def __init__(self) -> None:
        self._held: OrderedDict[Place, _Held] = OrderedDict()
        self._weight = 0
        self._names: dict[str, set[str]] = {}  # by segment

    def get(self, place: Place, span: Span) -> Summary | None:
        """Find the total of a span; that of another span leaves the slot."""
        held = self._held.get(place)
        if held is None:
            return None
        if held.span != span:
            self._forget(place)
            return None
        self._held.move_to_end(place)
        return held.summary

    def put(self, place: Place, span: Span, summary: Summary) -> None:
        """Keep the total of a span in an empty slot."""
        held = self._held[place] = _Held(span, summary, _weight(summary))
        self._names.setdefault(place[0], set()).add(place[1])
        self._weight += held.weight
        self._bound()

    def correct(self, segment: str, deltas: Mapping[int, Summary]) -> None:
        """Add deltas, by start of their slice, to a segment's totals that hold them.

        A total that may lose a user is forgotten: it is made anew when it is asked for.
        """
        names = self._names.get(segment)
        if not names:
            return
        everything = total(deltas.values())  # mostly right for every slot: users are united once
        for name in list(names):
            held = self._held[segment, name]
            inside = [delta for at, delta in deltas.items() if at in held.span]
            if any(delta.takes for delta in inside):
                self._forget((segment, name))
            elif inside:
                held.summary.merge(everything if len(inside) == len(deltas) else total(inside))
                self._weight -= held.weight
                held.weight = _weight(held.summary)
                self._weight += held.weight
        self._bound()

    def _bound(self) -> None:
        while self._weight > MOST and len(self._held) > 1:
            self._forget(next(iter(self._held)))

    def _forget(self, place: Place) -> None:
        self._weight -= self._held.pop(place).weight
        self._names[place[0]].discard(place[1])


def _weight(summary: Summary) -> int:
    return _OBJECTS + summary.weight()
