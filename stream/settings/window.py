"""`zone` and `[windows]`: the spans that values speak for, and how long things are kept."""

from difflib import get_close_matches
from typing import Annotated
from zoneinfo import available_timezones

import msgspec

from metrics.calendar import Calendar
from metrics.duration import DAY, MINUTE, SECOND, DurationError
from metrics.window import Rolling, Window, WindowError
from metrics.zone import Zone, ZoneError
from stream.settings.fault import Fault, Wrong, wrong
from stream.settings.kind import (
    DURATION,
    DURATION_OR_NONE,
    Kind,
    choice,
    many,
    typed,
)
from stream.settings.section import Key

CALENDAR = ("today", "week", "month", "quarter", "year")
ZONE_WORDS = "an IANA time zone such as UTC or Europe/Paris"
NOT_IANA = {"localtime"}  # what this machine is set to, under a name that others do not know


def _zone(raw: object, key: str) -> Zone:
    name = typed(raw, str, key, ZONE_WORDS)
    known = available_timezones() - NOT_IANA
    if name in known:
        try:
            return Zone(name)
        except ZoneError:
            raise wrong(key, "cannot be read on this machine", ZONE_WORDS) from None
    raise Wrong(_no_zone(key, name, known))


def _no_zone(key: str, name: str, known: set[str]) -> Fault:
    """Name the nearest zone; letters count alike, as `europe/paris` is one typo."""
    by_lower = {zone.lower(): zone for zone in sorted(known)}
    near = get_close_matches(name.lower(), by_lower, n=1)
    hint = f", did you mean {by_lower[near[0]]}?" if near else ""
    return Fault(key, f"unknown name, expected {ZONE_WORDS}{hint}")


ZONE = Kind(ZONE_WORDS, _zone, is_text=True)
ROLLING_WORDS = "a duration such as 1h, 24h or 30d"


def _rolling(raw: object, key: str) -> Rolling:
    text = typed(raw, str, key, ROLLING_WORDS)
    try:
        return Rolling.parse(text)
    except DurationError:
        raise wrong(key, "is no duration", ROLLING_WORDS) from None
    except WindowError:
        raise wrong(
            key,
            "is not a multiple of its slice",
            "a multiple of 10s up to 1h, of 5m up to 24h, of 1h up to 30d, of 24h beyond",
        ) from None


ROLLING = Kind(ROLLING_WORDS, _rolling, is_text=True)


class Windows(msgspec.Struct, frozen=True):
    """The windows of every metric, and the spans of time around them.

    Durations are whole milliseconds, but `rolling` windows.
    """

    rolling: Annotated[
        tuple[Rolling, ...],
        Key(
            many(ROLLING, "a list of durations"),
            "Rolling windows: spans that end now. `active_users` has `24h 7d 28d 30d` besides.",
        ),
    ] = tuple(map(Rolling.parse, ("1h", "24h", "30d")))
    calendar: Annotated[
        tuple[str, ...],
        Key(
            many(choice(*CALENDAR), "a list of calendar windows"),
            "Calendar windows in `zone`: " + ", ".join(f"`{name}`" for name in CALENDAR) + ".",
        ),
    ] = ("today",)
    allowed_lateness: Annotated[
        int,
        Key(
            DURATION_OR_NONE,
            "How far behind the newest of its partition an event still counts. State is kept for "
            "the longest window, its previous one, and this.",
        ),
    ] = 10 * MINUTE
    future_skew: Annotated[
        int, Key(DURATION_OR_NONE, "How far ahead of the clock an event still counts.")
    ] = 5 * MINUTE
    dedupe_for: Annotated[
        int, Key(DURATION, "How long ids are remembered, in event time, to drop second copies.")
    ] = DAY
    entities_for: Annotated[
        int,
        Key(DURATION, "How long closed tickets and ended subscriptions can still be corrected."),
    ] = 400 * DAY
    responses_for: Annotated[
        int, Key(DURATION, "How long survey responses can still be corrected.")
    ] = 35 * DAY
    flush_every: Annotated[
        int,
        Key(
            DURATION,
            "How often changes are committed; less often for a worker of many shards, which "
            "flushes at most 20 times a second.",
        ),
    ] = 200
    publish_every: Annotated[int, Key(DURATION, "How often at most one key is published.")] = SECOND

    def all(self, calendar: Calendar) -> tuple[Window, ...]:
        """List the windows, the rolling ones first."""
        return (*self.rolling, *(calendar.open(name) for name in self.calendar))
