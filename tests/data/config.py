"""Configurations over a made-up company, as TOML: the defaults, and those that differ."""

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
