"""What outlives a shard: how far it has merged, and how far it has published."""

import time
from collections.abc import Iterator, Mapping

import msgspec

from stream import partial

Rows = list[tuple[bytes, bytes | None]]
"""State rows by key; None takes one away."""

CHECKPOINT = b"@"
CHANGED = b"~"
LARGEST = 400_000  # bytes of a piece, about
EPOCH = 1 << 20  # revisions for each second that an epoch of the partials topic lasts, at least
FIRST = 1_577_836_800  # 2020-01-01 in seconds since 1970

_pack = msgspec.msgpack.Encoder().encode

Changed = dict[str, list[int]]
"""Days by segment."""


class Checkpoint(msgspec.Struct, array_like=True, frozen=True):
    """What a shard's rows stand for: partials below `position`, evaluated as of `ticked`.

    `changed` are the days that changed since then. They may be more than a record can hold, so they
    have rows of their own, `pieces` of them.
    """

    position: int
    epoch: int
    ticked: int | None
    watermark: int | None
    progress: list[partial.Progress]
    changed: Changed
    pieces: int = 0

    def rows(self, before: int) -> tuple[Rows, int]:
        """Give the rows, and the number of pieces; the checkpoint before had `before`."""
        pieces = list(map(_pack, _cut(self.changed)))
        row = msgspec.structs.replace(self, changed={}, pieces=len(pieces))
        found: Rows = [(CHANGED + b"%d" % at, piece) for at, piece in enumerate(pieces)]
        found.append((CHECKPOINT, _pack(row)))  # after its pieces, if there are no transactions
        found += ((CHANGED + b"%d" % at, None) for at in range(len(pieces), before))
        return found, len(pieces)


def recover(rows: Mapping[bytes, bytes]) -> Checkpoint | None:
    """Put the checkpoint that rows hold together again; None if there is none."""
    if CHECKPOINT not in rows:
        return None
    held = msgspec.msgpack.decode(rows[CHECKPOINT], type=Checkpoint)
    for at in range(held.pieces):
        held.changed.update(msgspec.msgpack.decode(rows[CHANGED + b"%d" % at], type=Changed))
    return held


def _cut(changed: Changed) -> Iterator[Changed]:
    piece: Changed = {}
    size = 0
    for segment, days in changed.items():
        piece[segment] = days
        size += len(segment.encode()) + 9 * len(days)
        if size > LARGEST:
            yield piece
            piece, size = {}, 0
    if piece:
        yield piece


class Published(msgspec.Struct, array_like=True, frozen=True):
    """The position that was published last, and the epoch of the partials topic."""

    position: int
    epoch: int


def new_epoch() -> int:
    """Number the epoch that begins: the seconds since 2020.

    So the revisions of a new group, or of a topic made anew, are greater than all before, as long
    as a shard got less than a million partials a second; and they stay below 2^53, which every JSON
    reader and Redis hold.
    """
    return time.time_ns() // 1_000_000_000 - FIRST
