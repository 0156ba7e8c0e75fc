"""Subscriptions: started, changed, paused, cancelled, ended, and sometimes taken up again."""

from metrics.duration import DAY
from stream.company.dice import again, pick
from stream.company.people import REGIONS
from stream.company.story import Case, Moment, Step, Story, Write, time

LIVES = {"trial": 20 * DAY, "season": 75 * DAY, "usual": 200 * DAY, "long": 500 * DAY}
PRICES = (900, 1_900, 2_900, 4_900, 9_900)  # minor units a month
STAYS = 0.8  # luck from which nobody leaves
CHANGES = (0.6, 1.5, 2.0)  # of the price
ASKED = 85  # percent of its life after which its end is asked for


def priced(kind: str, version: int) -> Write:
    """Write an event that says what the subscription costs from now on."""

    def write(case: Case, moment: Moment) -> str:
        yearly = again(case.luck, 1) < 0.2  # noqa: PLR2004
        amount = pick(PRICES, again(case.luck, 2)) * (10 if yearly else 1)
        if kind == "changed":
            amount = int(amount * pick(CHANGES, again(case.luck, 3)))
        interval = "year" if yearly else "month"
        currency = REGIONS[case.customer.region].currency
        return (
            f'{_event(kind, version, case)},"amount":{amount},"currency":"{currency}",'
            f'"interval":"{interval}","interval_count":1'
        )

    return write


def plain(kind: str, version: int) -> Write:
    """Write an event that leaves the price as it is."""

    def write(case: Case, moment: Moment) -> str:
        return _event(kind, version, case)

    return write


def cancelled(case: Case, moment: Moment) -> str:
    """Write that the customer asked to end it with its period."""
    left = (moment.at - moment.began) * (100 - ASKED) // ASKED
    return f'{_event("cancel_requested", 5, case)},"period_end":{time(moment.at + left)}'


def _event(kind: str, version: int, case: Case) -> str:
    return f'"kind":"{kind}","subscription_id":"{case.name}","version":{version}'


def _life(name: str, weight: float, life: int) -> Story:
    source = "subscription_events"
    steps = (
        Step(source, priced("started", 1)),
        Step(source, priced("changed", 2), life * 2 // 5, 0.1, 0.45),
        Step(source, plain("paused", 3), life // 2, 0.9, 0.95),
        Step(source, plain("resumed", 4), life * 3 // 5, 0.9, 0.95),
        Step(source, cancelled, life * ASKED // 100, 0.0, STAYS),
        Step(source, plain("ended", 6), life, 0.0, STAYS),
        Step(source, priced("reactivated", 7), life + 10 * DAY, 0.0, 0.08),
    )
    return Story(f"subscription-{name}", weight, steps)


STORIES = tuple(
    _life(name, weight, life)
    for (name, life), weight in zip(LIVES.items(), (0.3, 0.4, 0.4, 0.3), strict=True)
)
"""How customers subscribe."""
