"""From slices to updates: sum a window's slices, lower them, compare with the window before."""

from collections.abc import Iterable, Iterator
from functools import lru_cache

import msgspec

from metrics.accumulator.distinct import Distinct
from metrics.calendar import Closed
from metrics.metric import By, Totals, Value, Variant
from metrics.plan import Choice, Plan
from metrics.segment import pairs
from metrics.slice import Slice, Span
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


class Look(msgspec.Struct, frozen=True):
    """A window as of an instant: its span, the span before, and the oldest slices of that."""

    span: Span
    tiles: tuple[Slice, ...]
    before: Span
    before_tiles: tuple[Slice, ...]
    oldest: tuple[Slice, ...]


@lru_cache(maxsize=256)
def _look(window: Window, as_of: int) -> Look:
    """Find a window's spans, once for all segments."""
    span, before = window.span(as_of), window.previous(as_of)
    tiles = window.cover(before)
    oldest = {rung: start for rung, start in reversed(tiles)}  # noqa: C416  # the first one stays
    return Look(span, window.cover(span), before, tiles, tuple(oldest.items()))


def evaluate(
    plan: Plan, store: Store, segment: str, windows: Iterable[Window], moment: Moment
) -> Iterator[Update]:
    """Yield the update of every key that the segment ever had data for, in these windows.

    What `min_n` suppresses is yielded too: the sinks take it back. Of a closed window of which a
    slice has left the state there is nothing to say any more: its last value stands.
    """
    named, users = pairs(segment), plan.counts_users()
    families = _families(store.known.get(segment, {}))
    for window in windows:
        look = _look(window, moment.as_of)  # type: ignore[arg-type] # windows are frozen structs
        closed = isinstance(window, Closed)
        if closed and not store.holds(look.tiles):
            continue
        slot = None if closed else window.name
        totals = _totals(families, store.total(segment, look.span, look.tiles, slot, users))
        earlier, before = None, slot and f"-{slot}"
        if store.holds(look.oldest):
            held = store.total(segment, look.before, look.before_tiles, before, users)
            if held.counts or held.users:  # without them n is 0, and there is no `previous`
                earlier = _totals(families, held)
        stamp = Stamp.of(window.name, look.span, moment.as_of, moment.revision, named)
        for choice in plan.choices:
            if closed or window in choice.windows:
                yield from _values(plan, choice, (totals, earlier), (stamp, moment))


Families = dict[str, list[tuple[str, str]]]
"""Names of cells by family: what follows the family, and the whole name."""


def _families(known: Iterable[str]) -> Families:
    found: Families = {}
    for name in known:
        family, _, rest = name.partition("/")
        found.setdefault(family, []).append((rest, name))
    return found


def _totals(families: Families, held: Summary) -> Totals:
    """Sort a window's cells by family; what the segment ever had is there, if only as zero."""
    counts, users = held.counts.get, held.users.get
    return Totals(
        {
            family: {rest: counts(name, 0) for rest, name in names}
            for family, names in families.items()
            if family != "users"
        },
        {rest: users(rest, _NOBODY) for rest, _ in families.get("users", ())},
    )


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
        previous=before.value if before and before.n >= max(1, plan.min_n) else None,
        target=plan.targets.get(name) if first else None,
        benchmark=plan.benchmarks.get(name) if first else None,
    )


def _status(plan: Plan, value: Value, stale: bool) -> str:
    if value.n == 0:
        return "no_data"
    if stale:
        return "stale"
    return "thin" if value.n < plan.thin_below else "ok"
