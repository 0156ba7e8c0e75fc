"""The whole computation: lines of files in, updates by key out."""

import json
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.reference.catalog import Series, series
from tests.reference.counting import VERDICTS, Count, count, ever, standing
from tests.reference.field import stamp
from tests.reference.plan import Plan, duration, plan
from tests.reference.record import Event
from tests.reference.values import Value
from tests.reference.windows import EPOCH, Window, calendars, from_local, rolling

Update = dict[str, Any]
Updates = dict[str, Update]
Inputs = Mapping[str, Sequence[Iterable[bytes | None]]]


@dataclass
class Outcome:
    """What a replay must print: `updates` by key at `as_of`, `ticks` by instant before.

    `counters[topic][verdict]` counts lines. `as_of` is None when nothing was accepted.
    """

    as_of: int | None
    updates: Updates = field(default_factory=dict)
    ticks: dict[int, Updates] = field(default_factory=dict)
    counters: dict[str, dict[str, int]] = field(default_factory=dict)


def batch(
    config: Mapping[str, Any],
    inputs: Inputs,
    as_of: int | str | None = None,
    every: str | None = None,
    emptied: bool = True,
) -> Outcome:
    """Everything that a replay of the files must say at as-of (default: greatest accepted `at`).

    Without `emptied` keys those that corrections left without an event are not among it: who is
    told of all events at once never said anything under them.
    """
    asked = plan(dict(config))
    until = stamp(as_of) if isinstance(as_of, str) else as_of
    counts = {topic: count(topic, partitions, asked, until) for topic, partitions in inputs.items()}
    at = (
        until
        if until is not None
        else max(
            (found.greatest for found in counts.values() if found.greatest is not None),
            default=None,
        )
    )
    outcome = Outcome(at, counters={topic: tally(found) for topic, found in counts.items()})
    accepted = [events for found in counts.values() for events in found.accepted]
    if at is not None and accepted:
        once = ever(accepted, at) if emptied else None
        outcome.updates = picture(standing(accepted, at), asked, at, once)
        outcome.ticks = {
            tick: picture(standing(accepted, tick), asked, tick, ever(accepted, tick))
            for tick in ticks(accepted, asked, at, every)
        }
    return outcome


def tally(found: Count) -> dict[str, int]:
    """All verdicts with their counts."""
    return {verdict: found.verdicts[verdict] for verdict in VERDICTS}


def ticks(accepted: list[list[Event]], asked: Plan, as_of: int, every: str | None) -> Iterator[int]:
    """Multiples of `every` since local midnight of 1970-01-01, from the first event to as-of."""
    if every is None:
        return
    step = duration(every)
    origin = from_local(datetime(1970, 1, 1), asked.zone)
    first = min(event.at for events in accepted for event in events)
    tick = origin - (origin - first) // step * step
    while tick <= as_of:
        yield tick
        tick += step


def picture(
    events: list[Event], asked: Plan, as_of: int, once: list[Event] | None = None
) -> Updates:
    """All updates at as-of, by key, in key order; keys are those of what stood `once`."""
    updates: Updates = {}
    now = {(one.metric, one.variant, compact(one.by)): one.events for one in series(events, asked)}
    for one in series(events if once is None else once, asked):
        standing = now.get((one.metric, one.variant, compact(one.by)), [])
        for grouping in asked.groupings:
            present = segments(standing, grouping)
            for segment in segments(one.events, grouping):
                members = present.get(segment, [])
                named = dict(zip(grouping, segment, strict=True))
                for window, update in evaluate(one, members, asked, as_of):
                    heading = head(one, window, named)
                    key = [one.metric, one.variant, window.name, named, one.by]
                    updates[compact(key)] = {**heading, "grouping": list(grouping), **update}
    return dict(sorted(updates.items()))


def compact(key: object) -> str:
    """JSON without spaces, non-ASCII as it is, object keys in code point order."""
    return json.dumps(key, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def segments(events: list[Event], grouping: tuple[str, ...]) -> dict[tuple[str, ...], list[Event]]:
    """Events by their values of the grouping's dimensions, each list in order of time."""
    found: dict[tuple[str, ...], list[Event]] = {}
    for event in sorted(events, key=lambda event: event.at):
        found.setdefault(tuple(event.dims[name] for name in grouping), []).append(event)
    return found


def evaluate(
    one: Series, members: list[Event], asked: Plan, as_of: int
) -> Iterator[tuple[Window, Update]]:
    """The updates of one series in one segment: open windows, and closed ones with data."""
    instants = [event.at for event in members]

    def value(start: int, end: int) -> Value:
        return one.lower(members[bisect_left(instants, start) : bisect_left(instants, end)])

    kinds = calendars(asked)
    live = [rolling(length, as_of) for length in asked.windows(one.metric)]
    live += [calendar.open(name, as_of) for name, calendar in kinds.items()]
    for window in live:
        now, before = value(window.start, window.end), value(window.before, window.until)
        yield window, describe(one, now, before, asked, as_of)
    for calendar in kinds.values():
        for window in calendar.closed(instants[0], as_of) if instants else ():
            now = value(window.start, window.end)
            if now.n:
                before = value(window.before, window.until)
                yield window, describe(one, now, before, asked, as_of)


def head(one: Series, window: Window, segment: dict[str, str]) -> Update:
    """What an update is about."""
    return {
        "schema": 1,
        "metric": one.metric,
        "variant": one.variant,
        "window": window.name,
        "segment": segment,
        "by": one.by,
        "unit": one.unit,
        "window_start": written(window.start),
        "window_end": written(window.end),
    }


def describe(one: Series, now: Value, before: Value, asked: Plan, as_of: int) -> Update:
    """What an update says."""
    known = now.value is not None and before.value is not None
    is_default = one.variant == "default"
    return {
        "value": now.value,
        "n": now.n,
        "margin": now.margin,
        "low": now.low,
        "high": now.high,
        "parts": now.parts,
        "status": "no_data" if now.n == 0 else "thin" if now.n < asked.thin_below else "ok",
        "as_of": written(as_of),
        "previous": before.value,
        "change": (now.value or 0) - (before.value or 0) if known else None,
        "target": asked.targets.get(one.metric) if is_default else None,
        "benchmark": asked.benchmarks.get(one.metric) if is_default else None,
    }


def written(instant: int) -> str:
    """RFC 3339 in UTC with milliseconds."""
    moment = EPOCH + timedelta(milliseconds=instant)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant % 1000:03}Z"
