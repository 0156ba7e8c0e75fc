"""Purchases: orders, and refunds of a few of them."""

from metrics.duration import DAY
from stream.company.dice import again
from stream.company.people import REGIONS
from stream.company.story import Case, Moment, Step, Story, Write


def booked(kind: str) -> Write:
    """Write an order, or the refund of the whole of it."""

    def write(case: Case, moment: Moment) -> str:
        share = again(case.luck, 1)
        amount = 490 + int(18_000 * share * share)
        currency = REGIONS[case.customer.region].currency
        return f'"kind":"{kind}","order_id":"{case.name}","amount":{amount},"currency":"{currency}"'

    return write


STORIES = (
    Story(
        "order",
        5.0,
        (
            Step("purchases", booked("order")),
            Step("purchases", booked("refund"), DAY, 0.0, 0.03),
            Step("purchases", booked("refund"), 9 * DAY, 0.03, 0.06),
        ),
    ),
)
"""How customers buy."""
