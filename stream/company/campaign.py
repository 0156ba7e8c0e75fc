"""Campaigns: sent, and opened, clicked, converted by ever fewer."""

from metrics.duration import DAY, HOUR, MINUTE
from stream.company.dice import again, pick
from stream.company.story import Case, Moment, Step, Story, Write

DELAYS = {"soon": 8 * MINUTE, "day": 3 * HOUR, "late": 20 * HOUR}
CHANNELS = ("email", "push")
LASTS = 14 * DAY  # then there is another one


def touched(kind: str) -> Write:
    """Write that the campaign reached a customer, or what the customer did about it."""

    def write(case: Case, moment: Moment) -> str:
        channel = pick(CHANNELS, again(case.luck, 1))
        return f'"kind":"{kind}","campaign_id":"{channel}-{case.at // LASTS}","channel":"{channel}"'

    return write


def _campaign(name: str, weight: float, delay: int) -> Story:
    steps = (
        Step("campaign_events", touched("sent")),
        Step("campaign_events", touched("opened"), delay, high=0.45),
        Step("campaign_events", touched("clicked"), delay + 2 * MINUTE, high=0.14),
        Step("campaign_events", touched("converted"), delay + 15 * MINUTE, high=0.03),
        Step("campaign_events", touched("unsubscribed"), delay + MINUTE, 0.44, 0.45),
    )
    return Story(f"campaign-{name}", weight, steps)


STORIES = tuple(
    _campaign(name, weight, delay)
    for (name, delay), weight in zip(DELAYS.items(), (3.0, 2.0, 1.0), strict=True)
)
"""How customers are written to."""
