"""The source partitions as a shard knows them: how far each has come, and whether it has input.

What a shard calls its watermark is decided here: it must not run ahead of a source that is behind.
"""

import time
from collections.abc import Iterable, Mapping

import msgspec

from stream.partial import Progress

SILENT_S = 30.0  # no heartbeat of a source for so long: nobody knows what it has


class Sources:
    """Progress by source partition; `expected` says how many partitions each topic has."""

    def __init__(self, expected: Mapping[str, int]) -> None:
        self._expected = expected
        self._progress: dict[tuple[str, int], Progress] = {}
        self._heard: dict[tuple[str, int], float] = {}

    def hear(self, told: Iterable[Progress]) -> None:
        """Take note of progress; what is older, or of a topic that is not read, is passed over."""
        for one in told:
            place = one.topic, one.partition
            held = self._progress.get(place)
            if one.topic in self._expected and (held is None or one.position >= held.position):
                self._progress[place] = one
                self._heard[place] = time.monotonic()

    def restore(self, told: Iterable[Progress]) -> None:
        """Take note of old progress: whatever had no input then may have some by now."""
        self.hear(msgspec.structs.replace(one, waiting=True) for one in told)

    def progress(self) -> list[Progress]:
        """List the newest progress of every partition."""
        return list(self._progress.values())

    def mark(self) -> int:
        """Say how far event time has come: the least watermark of the sources that have input.

        0 while a source is unheard of, or has input of which nothing is accepted yet.
        """
        if len(self._progress) < sum(self._expected.values()):
            return 0
        waiting = [one.watermark or 0 for one in self._waiting()]
        return min(waiting or [max((one.watermark or 0 for one in self.progress()), default=0)])

    def behind(self) -> int | None:
        """Return the least watermark of the sources that have input waiting; None if none has."""
        marks = [one.watermark for one in self._waiting()]
        return min((mark for mark in marks if mark is not None), default=None)

    def _waiting(self) -> Iterable[Progress]:
        """List the sources that have input; one that was silent for long may have."""
        since = time.monotonic() - SILENT_S
        return [
            one
            for place, one in self._progress.items()
            if one.waiting or self._heard[place] < since
        ]
