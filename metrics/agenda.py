"""The agenda of a shard: which segments and windows must be evaluated next.

A segment's windows are due when one of its slices changed, a window when it moved on to another
slice, a closed window when it closes and again whenever a correction changes it.
"""

from collections.abc import Iterable, Iterator, Mapping

from metrics.calendar import Closed
from metrics.plan import Plan
from metrics.slice import Span
from metrics.window import Window


class Agenda:
    """What has changed since the windows were last evaluated; `ticked` is when that was.

    `changed` are the local days that were on another agenda. Memory: one entry per segment and
    local day changed since the last evaluation, and one per segment that is due.
    """

    def __init__(
        self, plan: Plan, ticked: int | None = None, changed: Mapping[str, Iterable[int]] = {}
    ) -> None:
        self.ticked = ticked
        self._plan = plan
        self._windows = plan.windows()
        self._units = plan.units()
        self._spans: dict[Window, Span] = {}
        self._due: dict[str, tuple[Window, ...]] = {}
        self._changed = {segment: set(days) for segment, days in changed.items()}

    def note(self, segment: str, at: int) -> None:
        """Remember that a slice of a segment changed."""
        self._changed.setdefault(segment, set()).add(self._plan.calendar.zone.local_day_start(at))

    @property
    def done(self) -> bool:
        """Whether all that was due is evaluated: what is left is nowhere else."""
        return not self._due

    def changed(self) -> dict[str, list[int]]:
        """Name the local days that changed and are not evaluated yet, by segment."""
        return {segment: sorted(days) for segment, days in self._changed.items()}

    def due(
        self, as_of: int, segments: Iterable[str], everything: bool = False
    ) -> Iterator[tuple[str, tuple[Window, ...]]]:
        """Yield what to evaluate as of now, and take it off the agenda.

        `segments` are all of the shard; `everything` makes all of their open windows due. What is
        not asked for is left for the next time.
        """
        for segment, windows in self._news(as_of, segments, everything):
            left = self._due.get(segment)
            self._due[segment] = tuple(dict.fromkeys((*left, *windows))) if left else windows
        for segment in list(self._due):
            yield segment, self._due.pop(segment)

    def _news(
        self, as_of: int, segments: Iterable[str], everything: bool
    ) -> Iterator[tuple[str, tuple[Window, ...]]]:
        changed, self._changed = self._changed, {}
        moved, closing = self._advance(as_of)
        if everything:
            moved = self._windows
        names = segments if moved or closing else changed
        found: dict[tuple[int, ...], tuple[Window, ...]] = {}  # most changed on the same days
        for segment in list(names):
            days = tuple(sorted(changed.get(segment, ())))
            if days not in found:
                closed = dict.fromkeys((*closing, *self._corrected(days, as_of)))
                found[days] = (*(self._windows if days else moved), *closed)
            if found[days]:
                yield segment, found[days]

    def _advance(self, as_of: int) -> tuple[tuple[Window, ...], tuple[Closed, ...]]:
        """Move the clock on; list the open windows that moved, and the windows that closed."""
        spans = {window: window.span(as_of) for window in self._windows}
        moved = tuple(window for window in spans if self._spans.get(window) != spans[window])
        closing: tuple[Closed, ...] = ()
        if self.ticked is not None and self.ticked < as_of:
            closing = tuple(
                window
                for unit in self._units
                for window in self._plan.calendar.closing(unit, self.ticked, as_of)
            )
        self._spans, self.ticked = spans, as_of
        return moved, closing

    def _corrected(self, days: Iterable[int], as_of: int) -> Iterator[Closed]:
        """Name the closed windows that hold a changed day, and those that compare with them."""
        for day in days:
            for unit in self._units:
                window = self._plan.calendar.closed(unit, day)
                for one in (window, window.after()):
                    if one.span().end <= as_of:
                        yield one
