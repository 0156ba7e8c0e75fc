"""`/api/status`: how this worker's stream is going, for the page.

It is of the worker that is asked, not of the installation: events and lag are those of the
partitions that it owns, and counters begin with its process.
"""

import time
from collections import deque
from importlib.metadata import version

import msgspec

from metrics import instant
from stream.health import Health
from stream.live.follower import Follower
from stream.telemetry import Telemetry

SPAN_S = 10.0  # events a second are those of this long
FRESH_S = 1.0  # asked for again sooner, the same answer stands


class Status(msgspec.Struct, frozen=True):
    """One answer. `events_per_second` is None until it can be known."""

    version: str
    """Of ressenti."""
    at: str
    ready: bool
    problems: list[str]
    """What keeps this worker from being ready, in words."""
    events_per_second: float | None
    lag_records: int
    """Records of the owned source partitions that are not processed yet."""
    watermark_lag_seconds: float
    """Age of the oldest watermark with input waiting; 0 when none waits."""
    events: dict[str, int]
    """Events since the process began, by what became of them."""
    caught_up: bool
    """Whether the values of all workers are read."""
    keys: int
    pages: int


class Rate:
    """Events a second over the last few, from a counter that only grows."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def observe(self, now: float, total: int) -> float | None:
        """Take the count at a time in seconds; None until two are known.

        >>> rate = Rate()
        >>> rate.observe(0.0, 5), rate.observe(2.0, 25)
        (None, 10.0)
        """
        seen = self._seen
        seen.append((now, total))
        while now - seen[0][0] > SPAN_S and seen[1] is not seen[-1]:
            seen.popleft()
        began, before = seen[0]
        return (total - before) / (now - began) if now > began else None


class Reporter:
    """Makes the answer, at most once a second whoever asks."""

    def __init__(self, health: Health, telemetry: Telemetry) -> None:
        self._health = health
        self._telemetry = telemetry
        self._rate = Rate()
        self._made = -FRESH_S
        self._answer = b""

    def answer(self, follower: Follower, pages: int) -> bytes:
        """Say how it goes, as JSON."""
        now = time.monotonic()
        if now - self._made >= FRESH_S:
            self._made = now
            self._answer = msgspec.json.encode(self._status(now, follower, pages))
        return self._answer

    def _status(self, now: float, follower: Follower, pages: int) -> Status:
        events = self._telemetry.events.outcomes()
        problems = self._health.ready()
        return Status(
            version=version("ressenti"),
            at=instant.format(time.time_ns() // 1_000_000),
            ready=not problems,
            problems=problems,
            events_per_second=self._rate.observe(now, sum(events.values())),
            lag_records=self._health.lag(),
            watermark_lag_seconds=self._health.watermark_lag(),
            events=events,
            caught_up=follower.caught_up.is_set(),
            keys=len(follower.board),
            pages=pages,
        )
