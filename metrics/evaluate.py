"""From slices to updates: sum a window's slices, lower them, compare with the window before."""

from collections.abc import Iterable, Iterator

import msgspec

from metrics.accumulator.distinct import Distinct
from metrics.metric import By, Totals, Value, Variant
from metrics.plan import Choice, Plan
from metrics.segment import pairs
from metrics.slice import Span
from metrics.store import Store
from metrics.summary import Summary
from metrics.update import Stamp, Standing, Update, make
from metrics.window import Window

_NOBODY = Distinct()


class Moment(msgspec.Struct, frozen=True):
    """When values are computed, and which of the shard's inputs they hold.

    `revision` orders updates of one key; windows named in `stale` wait for input.
    """

    as_of: int
    revision: int
    stale: frozenset[str] = frozenset()


def evaluate(
    plan: Plan, store: Store, segment: str, windows: Iterable[Window], moment: Moment
) -> Iterator[Update]:
    """Yield the update of every key that the segment ever had data for, in these windows.

    What `min_n` suppresses is yielded too: the sinks take it back. A closed window of which a slice
    has left the state stays as it was published.
    """
    named = pairs(segment)
    for window in windows:
        span, before = window.span(moment.as_of), window.previous(moment.as_of)
        closed = ":" in window.name
        if closed and not store.holds(window.cover(span)):
            continue
        totals = _totals(store, segment, window, span)
        stamp = Stamp(window.name, span, moment.as_of, moment.revision, named)
        earlier = None
        if store.holds(window.cover(before)):
            earlier = _totals(store, segment, window, before)
        for choice in plan.choices:
            if closed or window in choice.windows:
                yield from _values(plan, choice, (totals, earlier), (stamp, moment))


def _totals(store: Store, segment: str, window: Window, span: Span) -> Totals:
    held = store.total(segment, span, window.cover(span))
    return _by_family(store.known.get(segment, {}), held)


def _by_family(known: Iterable[str], held: Summary) -> Totals:
    """Sort a window's cells by family; what the segment ever had is there, if only as zero."""
    cells: dict[str, dict[str, int]] = {}
    users: dict[str, Distinct] = {}
    for name in known:
        family, _, rest = name.partition("/")
        if family == "users":
            users[rest] = held.users.get(rest, _NOBODY)
        else:
            cells.setdefault(family, {})[rest] = held.counts.get(name, 0)
    return Totals(cells, users)


def _values(
    plan: Plan,
    choice: Choice,
    totals: tuple[Totals, Totals | None],
    when: tuple[Stamp, Moment],
) -> Iterator[Update]:
    now, earlier = totals
    stamp, moment = when
    for variant in choice.variants:
        before = dict(variant.lower(earlier, choice.rules)) if earlier else {}
        for by, value in variant.lower(now, choice.rules):
            status = _status(plan, value, stamp.window in moment.stale)
            standing = _standing(plan, choice, variant, (by, status, before.get(by)))
            yield make(value, stamp, standing)


def _standing(
    plan: Plan, choice: Choice, variant: Variant, found: tuple[By, str, Value | None]
) -> Standing:
    by, status, before = found
    name = choice.metric.name
    first = variant.name == "default"
    return Standing(
        metric=name,
        variant=variant.name,
        unit=variant.unit,
        by=by,
        status=status,
        previous=before.value if before and before.n else None,
        target=plan.targets.get(name) if first else None,
        benchmark=plan.benchmarks.get(name) if first else None,
    )


def _status(plan: Plan, value: Value, stale: bool) -> str:
    if value.n == 0:
        return "no_data"
    if stale:
        return "stale"
    return "thin" if value.n < plan.thin_below else "ok"
