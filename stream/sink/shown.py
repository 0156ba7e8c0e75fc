"""What sinks are offered: an update, whether it is to be seen, and for how long."""

from collections.abc import Iterable
from typing import Protocol

import msgspec

from metrics.update import Update


class Shown(msgspec.Struct, frozen=True):
    """A committed update; `suppressed` takes the value back, `lasts_ms` is how long it is kept."""

    update: Update
    suppressed: bool
    lasts_ms: int


class Sink(Protocol):
    """Takes values that are absolute; may get one twice, and must never make its caller wait."""

    def offer(self, shown: Iterable[Shown]) -> None:
        """Take note of updates."""
