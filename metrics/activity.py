"""Activity: which events show that a customer is active.

A use of the product, an answered survey, an order, a campaign opened, clicked or converted, a
subscription started or reactivated, a ticket opened. Source: common handbook definition.
"""

SHOWN_BY: dict[str, frozenset[str] | None] = {
    "product_usage": None,
    "survey_answers": frozenset({"answered"}),
    "purchases": frozenset({"order"}),
    "campaign_events": frozenset({"opened", "clicked", "converted"}),
    "subscription_events": frozenset({"started", "reactivated"}),
    "ticket_closures": frozenset({"opened"}),
    "costs": frozenset(),
}
"""The kinds of event that show activity, by input; None: every event does."""
