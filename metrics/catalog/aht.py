"""Average handle time: seconds of work per contact.

Source: common handbook definition, total talk, hold and after-contact time / contacts handled.
"""

from collections.abc import Iterable, Iterator

from metrics.accumulator.histogram import bucket, quantile
from metrics.event import TicketClosure
from metrics.metric import TOTAL, By, Metric, Totals, Value, Variant
from metrics.scale import Rules
from metrics.statistic import Interval, Pairs, mean, quotient, ratio

QUANTILES = ("0.5", "0.9", "0.95", "0.99")
_HH, _HC, _CC = (  # made once, not with each ticket: entities keep them
    (f"aht/{name}_high", f"aht/{name}_low") for name in ("hh", "hc", "cc")
)
_LOW = 1 << 32  # products are kept in two cells, so that sums of billions fit 64 bits each


def contribute(ticket: TicketClosure) -> Iterable[tuple[str, int]]:
    """Sample a resolved ticket that says how long it was worked on; others add nothing."""
    handled = handle_ms(ticket)
    if ticket.kind != "closed" or ticket.outcome != "resolved" or handled is None:
        return ()
    contacts = 1 if ticket.contacts is None else int(ticket.contacts)
    return (
        ("aht/tickets", 1),
        ("aht/handle_ms", handled),
        ("aht/contacts", contacts),
        *_halves(_HH, handled * handled),
        *_halves(_HC, handled * contacts),
        *_halves(_CC, contacts * contacts),
        (f"aht/b{bucket(handled)}", 1),
    )


def _halves(names: tuple[str, str], product: int) -> Iterator[tuple[str, int]]:
    return ((name, half) for name, half in zip(names, divmod(product, _LOW), strict=True) if half)


def handle_ms(ticket: TicketClosure) -> int | None:
    """Give the handle time in milliseconds: as stated, else the sum of its parts, else None."""
    if ticket.handle_ms is not None:
        return ticket.handle_ms
    parts = (ticket.talk_ms, ticket.hold_ms, ticket.wrap_ms)
    if all(part is None for part in parts):
        return None
    return sum(part or 0 for part in parts)


def lower(totals: Totals, rules: Rules) -> Iterator[tuple[By, Value]]:
    """Seconds per contact: a ratio of sums, its margin by the tickets' spread around it."""
    if cells := totals.cells.get("aht"):
        sums = _pairs(cells)
        value = quotient(sums.h, 1000 * sums.c)
        interval = ratio(sums)
        yield TOTAL, Value(value, sums.n, _parts(cells), _seconds(interval))


def lower_mean(totals: Totals, rules: Rules) -> Iterator[tuple[By, Value]]:
    """Seconds per ticket."""
    if cells := totals.cells.get("aht"):
        sums = _pairs(cells)
        value = quotient(sums.h, 1000 * sums.n)
        interval = mean(sums.n, sums.h, sums.hh, (0, float("inf")))
        yield TOTAL, Value(value, sums.n, {"sum": sums.h, "count": sums.n}, _seconds(interval))


def lower_quantiles(totals: Totals, rules: Rules) -> Iterator[tuple[By, Value]]:
    """Quantiles of seconds per ticket, within 1 %."""
    if cells := totals.cells.get("aht"):
        buckets = {int(name[1:]): n for name, n in cells.items() if name[0] == "b" and n}
        for q in QUANTILES:
            found = quantile(buckets, q)
            value = None if found is None else found / 1000
            yield (("quantile", q),), Value(value, cells.get("tickets", 0), {})


def _pairs(cells: dict[str, int]) -> Pairs:
    get = cells.get
    hh, hc, cc = (
        get(f"{name}_high", 0) * _LOW + get(f"{name}_low", 0) for name in ("hh", "hc", "cc")
    )
    return Pairs(get("tickets", 0), get("handle_ms", 0), get("contacts", 0), hh, hc, cc)


def _parts(cells: dict[str, int]) -> dict[str, int]:
    return {name: cells.get(name, 0) for name in ("handle_ms", "contacts", "tickets")}


def _seconds(interval: Interval | None) -> Interval | None:
    return interval and interval.per(1000)


AHT = Metric(
    name="aht",
    title="Average handle time",
    inputs=("ticket_closures",),
    variants=(
        Variant("default", "seconds", lower, (0.0, None)),
        Variant("quantile", "seconds", lower_quantiles, (0.0, None)),
        Variant("mean", "seconds", lower_mean, (0.0, None)),
    ),
    source="common handbook definition: talk, hold and wrap-up time / contacts handled",
    higher_is_better=False,
    always=("default", "quantile"),
    contribute={"ticket_closures": contribute},
)
