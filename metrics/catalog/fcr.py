"""First contact resolution: the share of closed problems that needed one contact only.

Source: common handbook definition, problems resolved at the first contact / problems closed.
"""

from collections.abc import Iterable, Iterator

from metrics.event import TicketClosure
from metrics.metric import TOTAL, By, Metric, Totals, Value, Variant
from metrics.scale import Rules
from metrics.statistic import quotient, wilson

FIRST_CONTACT = "fcr/first_contact"


def contribute(ticket: TicketClosure) -> Iterable[tuple[str, int]]:
    """Count a resolved ticket that says how many contacts it took; others add nothing."""
    if ticket.kind != "closed" or ticket.outcome != "resolved" or ticket.contacts is None:
        return ()
    if ticket.contacts == 1 and ticket.reopens == 0:
        return (("fcr/closed", 1), (FIRST_CONTACT, 1))
    return (("fcr/closed", 1),)


def lower(totals: Totals, rules: Rules) -> Iterator[tuple[By, Value]]:
    """Tickets with one contact and never reopened / tickets closed."""
    if cells := totals.cells.get("fcr"):
        first, closed = cells.get("first_contact", 0), cells.get("closed", 0)
        parts = {"first_contact": first, "closed": closed}
        yield TOTAL, Value(quotient(first, closed), closed, parts, wilson(first, closed))


FCR = Metric(
    name="fcr",
    title="First contact resolution",
    inputs=("ticket_closures",),
    variants=(Variant("default", "ratio", lower),),
    source="common handbook definition: problems solved at the first contact / problems closed",
    contribute={"ticket_closures": contribute},
    until_reopened=(FIRST_CONTACT,),
)
