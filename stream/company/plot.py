"""The plot: all the stories there are."""

from stream.company import campaign, cost, purchase, subscription, survey, ticket, usage
from stream.company.story import Story

STORIES: tuple[Story, ...] = (
    *survey.STORIES,
    *ticket.STORIES,
    *subscription.STORIES,
    *usage.STORIES,
    *purchase.STORIES,
    *campaign.STORIES,
    *cost.STORIES,
)
"""Everything that happens, in the order in which it is told when it happens at the same time."""

SOURCES = (
    "survey_answers",
    "ticket_closures",
    "subscription_events",
    "product_usage",
    "purchases",
    "campaign_events",
    "costs",
)
"""The inputs, by their keys in `[topics]`."""


def events(story: Story, sources: tuple[str, ...] = SOURCES) -> float:
    """Count the events that a case of a story has, on average."""
    return sum(step.high - step.low for step in story.steps if step.source in sources)
