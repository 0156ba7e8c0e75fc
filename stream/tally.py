"""The tally of a flush: what Prometheus counters say of committed events, by input."""

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from metrics.catalog import aht, fcr
from metrics.event import Event, TicketClosure


class Tally(msgspec.Struct):
    """Counts since the last flush: answers by (type, category), closures by outcome.

    `cells` counts, by cell, the answers that belong to a response. `handled` are handle times in
    seconds; `incomplete` counts, by metric, what lacked a field; `corrections` are contributions
    that were taken back.
    """

    cells: Counter[str] = msgspec.field(default_factory=Counter)
    corrections: int = 0
    answers: Counter[tuple[str, str]] = msgspec.field(default_factory=Counter)
    closed: Counter[str] = msgspec.field(default_factory=Counter)
    handled: list[float] = []
    incomplete: Counter[str] = msgspec.field(default_factory=Counter)

    def add(self, events: Sequence[Event], rows: Iterable[int]) -> None:
        """Count the ticket closures among the folded rows of a batch."""
        for row in rows:
            event = events[row]
            if isinstance(event, TicketClosure) and event.kind == "closed":
                self._add_closure(event)

    def _add_closure(self, ticket: TicketClosure) -> None:
        self.closed[str(ticket.outcome)] += 1
        if ticket.outcome != "resolved":
            return
        if not fcr.contribute(ticket):
            self.incomplete["fcr"] += 1
        if (handled := aht.handle_ms(ticket)) is None:
            self.incomplete["aht"] += 1
        else:
            self.handled.append(handled / 1000)
