"""Configurations over generated files, on which a replay is held to the plain batch."""

from dataclasses import dataclass

from tests.data.source import DAY, HOUR, Company, Shares

TOPICS = """
[topics]
survey_answers = "survey.answers"
ticket_closures = "ticket.closures"
product_usage = "product.usage"
purchases = "purchases"
subscription_events = "subscription.events"
campaign_events = "campaign.events"
"""
DEFAULTS = (
    """
dimensions = ["region", "product"]
groupings = [[], ["region"], ["region", "product"]]
"""
    + TOPICS
)
VARIANTS = (
    """
zone = "America/St_Johns"
week_start = "sunday"
dimensions = ["product", "channel", "survey_id", "campaign_id", "outcome"]
groupings = [["product"], ["channel", "survey_id"], ["campaign_id"], ["outcome"], []]
[windows]
rolling = ["90s", "2h", "36h", "90d"]
calendar = ["today", "week", "month"]
allowed_lateness = "1h"
future_skew = "10m"
dedupe_for = "3h"
[metrics]
thin_below = 5
[metrics.nps]
variants = ["mean", "quantile", "promoters", "passives", "detractors"]
[metrics.csat]
variants = ["mean"]
thresholds = { "1-5" = 5, "1-6" = 2 }
[metrics.ces]
variants = ["mean", "quantile"]
low_is_good = true
[metrics.aht]
variants = ["mean"]
[targets]
nps = 40
aht = 300.5
[benchmarks]
csat = 0.8
nps = 32
"""
    + TOPICS
)
FORGETFUL = DEFAULTS.replace(
    "[topics]",
    """
[windows]
allowed_lateness = "1h"
dedupe_for = "2h"
responses_for = "3h"
entities_for = "5h"
[topics]""",
)
MONTHS = (
    """
zone = "Europe/Paris"
dimensions = ["region"]
groupings = [["region"]]
[windows]
rolling = ["30d"]
calendar = ["week", "month", "quarter", "year"]
"""
    + TOPICS
)


@dataclass(frozen=True)
class Case:
    """A configuration over generated files; `as_of` ms or None, `every` as the option takes it."""

    config: str
    company: Company
    as_of: int | None = None
    every: str | None = None


SPRING = 1_774_569_600_000  # 2026-03-27T00:00Z; clocks change on the 29th
NOVEMBER = 1_793_404_800_000  # 2026-10-31T00:00Z; North America's change on the 1st
CASES = {
    "three days over a clock change": Case(DEFAULTS, Company(seed=1, n=1500)),
    "three days, cut in the middle": Case(
        DEFAULTS, Company(seed=2, n=1500, partitions=3), SPRING + DAY + 7 * HOUR + 123_456
    ),
    "a quiet end": Case(DEFAULTS, Company(seed=3, n=600, span=5 * HOUR), SPRING + 2 * DAY),
    "two hours, many a second": Case(DEFAULTS, Company(seed=4, n=2000, span=2 * HOUR)),
    "every variant over a clock change": Case(
        VARIANTS,
        Company(seed=5, n=1500, start=NOVEMBER, span=3 * DAY, lateness=HOUR, partitions=1),
    ),
    "every variant, ids forgotten": Case(
        VARIANTS,
        Company(
            seed=6,
            n=1500,
            lateness=2 * HOUR,
            topics=("survey_answers", "product_usage", "purchases", "campaign_events"),
            shares=Shares(response=0, copied=0.3, echoed=0.3, nameless=0.2),
        ),
    ),
    "nothing but revisions": Case(
        VARIANTS,
        Company(
            seed=11,
            n=1500,
            span=8 * HOUR,
            lateness=8 * HOUR,
            topics=("survey_answers", "ticket_closures"),
            shares=Shares(response=1, revised=0.9, tied=0.3, excluded=0.1, disordered=0.5),
        ),
    ),
    "entities forgotten": Case(
        FORGETFUL,
        Company(
            seed=12,
            n=1500,
            span=DAY,
            lateness=HOUR,
            shares=Shares(response=1, revised=0.8, echoed=0.2),
        ),
    ),
    "entities forgotten, every hour": Case(
        FORGETFUL,
        Company(
            seed=13,
            n=400,
            span=12 * HOUR,
            lateness=HOUR,
            topics=("survey_answers", "ticket_closures"),
            shares=Shares(response=1, revised=0.8, disordered=0.5),
        ),
        every="1h",
    ),
    "a year in units of the calendar": Case(
        MONTHS, Company(seed=7, n=1500, span=300 * DAY, partitions=1)
    ),
    "all is poison": Case(DEFAULTS, Company(seed=8, n=800, shares=Shares(poison=1))),
    "every six hours": Case(DEFAULTS, Company(seed=9, n=500), every="6h"),
    "every 25 minutes at an edge": Case(
        VARIANTS,
        Company(seed=10, n=300, start=NOVEMBER, span=4 * HOUR, lateness=HOUR),
        NOVEMBER + 4 * HOUR,
        "25m",
    ),
}
