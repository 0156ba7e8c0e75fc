"""Corrections: the entities of a source partition, what their events change, and their state rows.

What an entity has added is kept as it was added, with the layout that it was rolled up by. So it
is taken back from the very segments that have it, whatever the configuration has become since.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from metrics.columns import Columns
from metrics.entities import Entities
from metrics.entity import contribution, events
from metrics.overlay import Overlay
from metrics.plan import Plan
from metrics.segment import Grouping, RollUp

ENTITY = b"e/"
LAYOUT = b"layout/"

_encode = msgspec.msgpack.Encoder().encode


class Layout(msgspec.Struct, frozen=True, array_like=True):
    """The dimensions of a leaf, the groupings it was rolled up to, and the segments kept apart."""

    dimensions: tuple[str, ...]
    groupings: tuple[Grouping, ...]
    allow: tuple[str, ...] = ()


class Corrections:
    """Keeps the entities of one partition of the input `source`."""

    def __init__(self, source: str, plan: Plan) -> None:
        self.entities = Entities(plan.remembered_for(source))
        self._source = source
        self._layout = Layout(plan.dimensions, plan.groupings, plan.allow)
        self._layouts: list[Layout] = []
        self._roll_ups: list[RollUp] = []
        self._learn([])

    def _learn(self, layouts: Sequence[Layout]) -> None:
        """Number the layouts; the present one is among them."""
        self._layouts = list(dict.fromkeys([*layouts, self._layout]))
        self._roll_ups = [RollUp(one.dimensions, one.groupings, one.allow) for one in self._layouts]
        self._number = self._layouts.index(self._layout)
        self._fresh = len(self._layouts) > len(layouts)

    def absorb(
        self, columns: Columns, accepted: Sequence[int], mark: int | None, into: Overlay
    ) -> int:
        """Join a batch's accepted events to their entities; return how many were corrected.

        `mark` is the watermark before the batch; what changes goes into the overlay.
        """
        corrected = 0
        for name, event, before in events(columns, accepted, mark, self._number):
            old, new = self.entities.join(name, event, before)
            parts = contribution(self._source, old), contribution(self._source, new)
            corrected += into.replace(*parts, self._roll_ups)
        return corrected

    def rows(self, mark: int | None) -> Iterator[tuple[bytes, bytes | None]]:
        """Yield the state rows that changed since the last call; None: the entity is forgotten."""
        for name in self.entities.forget(mark):
            yield ENTITY + name, None
        for name, packed in self.entities.take():
            if self._fresh:
                self._fresh = False
                yield LAYOUT + b"%d" % self._number, _encode(self._layout)
            yield ENTITY + name, packed

    def restore(self, rows: Mapping[bytes, bytes]) -> None:
        """Go on from recovered rows."""
        layouts = {
            int(key[len(LAYOUT) :]): msgspec.msgpack.decode(row, type=Layout)
            for key, row in rows.items()
            if key.startswith(LAYOUT)
        }
        self._learn([layouts[number] for number in sorted(layouts)])
        start = len(ENTITY)
        self.entities.restore(
            (key[start:], row) for key, row in rows.items() if key.startswith(ENTITY)
        )
