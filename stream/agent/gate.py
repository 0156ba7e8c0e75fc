"""The gate of a shard: who is admitted, and what the refused add to `(other)`, whoever owns that.

Memory: a count for each grouping, and a summary for each slice of `(other)` that changed since it
was last sent on; nothing by refused segment.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from metrics.cap import Cap
from metrics.overlay import Deltas
from metrics.segment import Grouping, grouping
from metrics.summary import Summary
from stream import partial
from stream.state.flush import Record

CLOSED = b"c"

_pack = msgspec.msgpack.Encoder().encode


class Gate:
    """Admits by `cap`; the deltas of the refused leave for the topic `partials` again."""

    def __init__(self, cap: Cap, partials: str, shards: int) -> None:
        self.counted: Counter[str] = Counter()
        """How many deltas were sent on, by grouping as labels name it, since the owner counted."""
        self._cap = cap
        self._partials = partials
        self._shards = shards
        self._deltas: Deltas = {}
        self._refused: Counter[str] = Counter()

    def restore(self, rows: Mapping[bytes, bytes], known: Iterable[str]) -> None:
        """Go on from recovered rows; `known` are the segments that were admitted."""
        closed = msgspec.msgpack.decode(rows.get(CLOSED, _pack([])), type=list[Grouping])
        self._cap.restore(known, closed)

    @property
    def owes(self) -> bool:
        """Whether there is anything to send on."""
        return bool(self._deltas)

    def admits(self, segment: str, parts: Sequence[partial.Part]) -> bool:
        """Admit a segment that is not known, or take its parts for `(other)`."""
        home = self._cap.place(segment)
        if home == segment:
            return True
        slices = self._deltas.setdefault(home, {})
        for part in parts:
            slices.setdefault(part.start, Summary()).merge(partial.summary(part))
        self._refused[home] += len(parts)
        return False

    def take(self) -> tuple[list[Record], list[tuple[bytes, bytes]]]:
        """Hand over what is to be sent on, as partials, and the state row that must go with it."""
        if not self._deltas:
            return [], []
        deltas, self._deltas = self._deltas, {}
        refused, self._refused = self._refused, Counter()
        for rest, count in refused.items():
            self.counted[",".join(grouping(rest))] += count
        records = [
            Record(self._partials, record, partition=number)
            for number, record in partial.split(deltas, [], self._shards)
        ]
        return records, [(CLOSED, _pack(sorted(self._cap.closed)))]
