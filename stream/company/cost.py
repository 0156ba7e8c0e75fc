"""Costs that belong to no single customer; those of tickets are told with the tickets."""

from stream.company.dice import pick
from stream.company.people import REGIONS
from stream.company.story import Case, Moment, Step, Story, Write

CHANNELS = ("search", "social", "fair", "partner")


def spent(kind: str, about: int) -> Write:
    """Write what was spent: half to one and a half times `about`, minor units."""

    def write(case: Case, moment: Moment) -> str:
        amount = int(about * (0.5 + moment.throw()))
        currency = REGIONS[case.customer.region].currency
        channel = pick(CHANNELS, moment.throw())
        return f'"kind":"{kind}","amount":{amount},"currency":"{currency}","channel":"{channel}"'

    return write


STORIES = (
    Story("acquisition", 0.6, (Step("costs", spent("acquisition", 6_000)),), "event"),
    Story("experience", 0.2, (Step("costs", spent("experience", 2_500)),), "event"),
)
"""What the company pays for."""
