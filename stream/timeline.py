"""The timeline of a replay: what was folded, cut into the stretches between two evaluations.

An event is in the stretch that ends with the first evaluation not before it. Events that stand
alone add to the stretch's overlay. Those of an entity are kept until their stretch is merged; then
they are joined in order of time, and what each changes is added, in whatever slice. What it takes
back was there for a time: its keys are told of ever after.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter

from metrics.columns import Columns
from metrics.entities import Entities
from metrics.entity import Entity, contribution, events, pack, unpack
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
        self.names: dict[str, dict[str, None]] = {}
        """What the segments ever had data of, by the end of the stretches that were merged."""
        self.merged = 0
        """How many events those stretches have."""
        self._counts: Counter[int] = Counter()
        self._every = every
        self._origin = multiples(plan.calendar.zone, every, 0, every)[0] if every else 0
        self._roll_up = plan.roll_up()
        self._cap = plan.cap()
        self._overlays: dict[Place, Overlay] = {}
        self._revisions: dict[Place, list[tuple[int, bytes, bytes]]] = {}
        self._standing = Entities()

    def stretches(self) -> list[int]:
        """List the stretches that hold anything, in order of time."""
        return sorted({stretch for stretch, _ in (*self._overlays, *self._revisions)})

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
            self._revisions.setdefault((stretch, source), []).append((at, name, pack(event)))

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
        inputs = [source for when, source in self._revisions if when == stretch]
        gone = [self._correct((stretch, source)) for source in inputs]
        added = [self._overlays.pop(place) for place in [*self._overlays] if place[0] == stretch]
        found = [*_summaries(added, True), *_summaries(gone, False)]
        for start, segment, summary, stands in sorted(found, key=itemgetter(0, 1)):
            home = segment if segment in self.names else self._cap.place(segment)
            self.names.setdefault(home, {}).update(dict.fromkeys(summary.names()))
            if stands:
                yield home, start, summary

    def _correct(self, place: Place) -> Overlay:
        """Join a stretch's events to their entities; return what was there and is taken back."""
        source, found = place[1], sorted(self._revisions.pop(place), key=itemgetter(0, 1))
        overlay, gone = self._overlay(place), Overlay(source, self._roll_up)
        for (_, name), together in groupby(found, key=itemgetter(0, 1)):
            states = [self._standing.join(name, unpack(packed)) for _, _, packed in together]
            before, after = contribution(source, states[0][0]), contribution(source, states[-1][1])
            if overlay.replace(before, after, [self._roll_up]):
                gone.replace(None, before, [self._roll_up])
        return gone


def _summaries(
    overlays: Iterable[Overlay], stands: bool
) -> Iterator[tuple[int, str, Summary, bool]]:
    """Yield what overlays hold by slice and segment, and whether it stands."""
    for overlay in overlays:
        for segment, slices in overlay.take()[0].items():
            for start, summary in slices.items():
                yield start, segment, summary, stands
