"""What outlives a shard: how far it has merged, and how far it has published."""

import time

import msgspec

from stream import partial

EPOCH = 1 << 20  # revisions for each second that an epoch of the partials topic lasts, at least
FIRST = 1_577_836_800  # 2020-01-01 in seconds since 1970


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
    """Number the epoch that begins: the seconds since 2020.

    So the revisions of a new group, or of a topic made anew, are greater than all before, as long
    as a shard got less than a million partials a second; and they stay below 2^53, which every JSON
    reader and Redis hold.
    """
    return time.time_ns() // 1_000_000_000 - FIRST
