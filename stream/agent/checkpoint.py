"""What outlives a shard: how far it has merged, and how far it has published."""

import time

import msgspec

from stream import partial

EPOCH = 1 << 40  # revisions of one epoch of the partials topic
FIRST_DAY = 18_262  # 2020-01-01 in days since 1970


class Checkpoint(msgspec.Struct, array_like=True, frozen=True):
    """What a shard's rows stand for: partials below `position`, evaluated as of `ticked`."""

    position: int
    epoch: int
    ticked: int | None
    watermark: int | None
    progress: list[partial.Progress]
    changed: dict[str, list[int]]


class Published(msgspec.Struct, array_like=True, frozen=True):
    """The position that was published last, and the epoch of the partials topic."""

    position: int
    epoch: int


def new_epoch() -> int:
    """Number the epoch that begins: the days since 2020.

    So the revisions of a new group, or of a topic made anew on a later day, are greater than all
    before; and with 2^40 positions each they stay below 2^53, which every JSON reader holds.
    """
    return time.time_ns() // 86_400_000_000_000 - FIRST_DAY
