"""The timeline of a replay: what was folded, cut into the stretches between two evaluations.

An event is in the stretch that ends with the first evaluation not before it. Events that stand
alone add to the stretch's overlay. Those of an entity are joined per stretch; when a stretch is
merged, they are joined to the ones before and what that changes is added, in whatever slice.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from operator import itemgetter

from metrics.accumulator import counts
from metrics.accumulator.counts import Counts
from metrics.columns import Columns
from metrics.entities import Entities
from metrics.entity import Entity, contribution, events
from metrics.overlay import Overlay
from metrics.plan import Plan
from metrics.summary import Summary
from metrics.zone import multiples

Place = tuple[int, str]
"""A stretch, named by the evaluation at its end, and an input."""


class Lives:
    """Numbers the entities of one file: one that was forgotten and comes back is another one."""

    def __init__(self, age: int, first: int) -> None:
        self.next = first
        self._entities = Entities(age)
        self._numbers: dict[bytes, int] = {}

    def read(
        self, columns: Columns, accepted: Sequence[int], mark: int | None
    ) -> Iterator[tuple[int, bytes, Entity]]:
        """Yield the `at` of every event, the name of its entity's life, and the event."""
        for name, event, before in events(columns, accepted, mark):
            if self._entities.join(name, event, before)[0] is None:
                self._numbers[name] = self.next
                self.next += 1
            yield event.at, self._numbers[name].to_bytes(8, "big"), event


class Timeline:
    """What was folded, by stretch; `every` is the time between evaluations, None for one alone."""

    def __init__(self, plan: Plan, every: int | None) -> None:
        self.names: dict[str, Counts] = {}
        """What the segments have data of, after the stretches that were merged."""
        self.merged = 0
        """How many events those stretches have."""
        self._counts: Counter[int] = Counter()
        self._every = every
        self._origin = multiples(plan.calendar.zone, every, 0, every)[0] if every else 0
        self._roll_up = plan.roll_up()
        self._cap = plan.cap()
        self._overlays: dict[Place, Overlay] = {}
        self._entities: dict[Place, Entities] = {}
        self._standing = Entities()

    def stretches(self) -> list[int]:
        """List the stretches that hold anything, in order of time."""
        return sorted({stretch for stretch, _ in (*self._overlays, *self._entities)})

    def _stretch(self, at: int) -> int:
        if self._every is None:
            return 0
        return self._origin - (self._origin - at) // self._every * self._every

    def add(self, source: str, columns: Columns) -> None:
        """Add events that stand alone."""
        if self._every is None:
            self._counts[0] += len(columns.ats)
            self._overlay((0, source)).add(columns)
            return
        rows: dict[int, list[int]] = {}
        for row, at in enumerate(columns.ats.tolist()):
            rows.setdefault(self._stretch(at), []).append(row)
        for stretch, chosen in rows.items():
            self._counts[stretch] += len(chosen)
            self._overlay((stretch, source)).add(columns.only(chosen))

    def join(self, source: str, found: Iterator[tuple[int, bytes, Entity]]) -> None:
        """Add events of entities, named by their lives."""
        for at, name, event in found:
            stretch = self._stretch(at)
            self._counts[stretch] += 1
            self._entities.setdefault((stretch, source), Entities()).join(name, event)

    def _overlay(self, place: Place) -> Overlay:
        overlay = self._overlays.get(place)
        if overlay is None:
            overlay = self._overlays[place] = Overlay(place[1], self._roll_up)
        return overlay

    def take(self, stretch: int) -> Iterator[tuple[str, int, Summary]]:
        """Yield what a stretch changes, by slice and segment; stretches are taken in order.

        In order of time, then of name, segments are admitted: whatever the order of the lines.
        """
        self.merged += self._counts.pop(stretch)
        for place in [place for place in self._entities if place[0] == stretch]:
            self._correct(place, self._entities.pop(place))
        found = [
            (start, segment, summary)
            for place in [place for place in self._overlays if place[0] == stretch]
            for segment, slices in self._overlays.pop(place).take()[0].items()
            for start, summary in slices.items()
        ]
        for start, segment, summary in sorted(found, key=itemgetter(0, 1)):
            home = segment if segment in self.names else self._cap.place(segment)
            counts.absorb(self.names.setdefault(home, {}), summary.sizes())
            yield home, start, summary

    def _correct(self, place: Place, entities: Entities) -> None:
        overlay, source = self._overlay(place), place[1]
        for name, event in entities.states():
            old, new = self._standing.join(name, event)
            before, after = contribution(source, old), contribution(source, new)
            overlay.replace(before, after, [self._roll_up])
