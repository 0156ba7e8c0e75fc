"""The metrics: which events each takes, and how it lowers them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from tests.reference import values
from tests.reference.plan import QUANTILES, Plan
from tests.reference.record import DEFAULT_SCALE, Event, least_good
from tests.reference.values import Value

ACTIVE_KINDS = {
    "survey_answers": ("answered",),
    "product_usage": ("usage",),
    "purchases": ("order",),
    "campaign_events": ("opened", "clicked", "converted"),
    "subscription_events": ("started", "reactivated"),
    "ticket_closures": ("opened",),
}


@dataclass(frozen=True)
class Series:
    """One metric, variant and `by`: its events and how a list of them becomes a value."""

    metric: str
    variant: str
    by: dict[str, str]
    unit: str
    events: list[Event]
    lower: Callable[[Sequence[Event]], Value]


def series(events: list[Event], plan: Plan) -> Iterator[Series]:
    """Every series that has events, with the configured variants."""
    for metric in ("nps", "csat", "ces"):
        if plan.enabled(metric):
            yield from survey(metric, events, plan)
    if plan.enabled("fcr"):
        yield from first_contact(events)
    if plan.enabled("aht"):
        yield from handle_time(events, plan)
    if plan.enabled("active_users"):
        yield from active(events, plan)


def survey(metric: str, events: list[Event], plan: Plan) -> Iterator[Series]:
    """Answers of one type, each scale for itself; the default scale without a name."""
    answers = [event for event in events if event.type == metric and event.kind == "answered"]
    for scale in sorted({event.scale for event in answers}):
        by = {} if scale == DEFAULT_SCALE[metric] else {"scale": f"{scale[0]}-{scale[1]}"}
        mine = [event for event in answers if event.scale == scale]
        if metric == "nps":
            yield from promoter(mine, by, plan)
        else:
            yield satisfied(metric, mine, by, plan)
        yield from statistics(metric, mine, by, plan)


def scores(events: Sequence[Event]) -> list[int]:
    """Scores of answers."""
    return [event.score for event in events if event.score is not None]


def promoter(events: list[Event], by: dict[str, str], plan: Plan) -> Iterator[Series]:
    """NPS, and its three shares where they are asked for."""
    yield Series("nps", "default", by, "score", events, lambda chosen: values.nps(scores(chosen)))
    for share in sorted({"promoters", "passives", "detractors"} & plan.variants("nps")):

        def lower(chosen: Sequence[Event], share: str = share) -> Value:
            parts = values.nps(scores(chosen)).parts
            return values.ratio(parts[share], len(chosen), parts)

        yield Series("nps", share, by, "ratio", events, lower)


def satisfied(metric: str, events: list[Event], by: dict[str, str], plan: Plan) -> Series:
    """The share of good answers of one scale."""
    least = least_good(metric, events[0].scale, plan) or 0
    name = {"csat": "satisfied", "ces": "easy"}[metric]

    def lower(chosen: Sequence[Event]) -> Value:
        good = sum(score >= least for score in scores(chosen))
        return values.ratio(good, len(chosen), {name: good, "answered": len(chosen)})

    return Series(metric, "default", by, "ratio", events, lower)


def statistics(
    metric: str, events: list[Event], by: dict[str, str], plan: Plan
) -> Iterator[Series]:
    """Mean and quantiles of scores, where asked for."""
    low, high = events[0].scale
    if "mean" in plan.variants(metric):
        yield Series(
            metric, "mean", by, "points", events, lambda e: values.mean(scores(e), low, high)
        )
    if "quantile" in plan.variants(metric):
        for text, q in QUANTILES.items():

            def lower(chosen: Sequence[Event], q: Fraction = q) -> Value:
                return values.quantile(scores(chosen), q)

            yield Series(metric, "quantile", {**by, "quantile": text}, "points", events, lower)


def closures(events: list[Event]) -> list[Event]:
    """Handled tickets."""
    return [
        event
        for event in events
        if event.topic == "ticket_closures"
        and event.kind == "closed"
        and event.outcome == "resolved"
    ]


def first_contact(events: list[Event]) -> Iterator[Series]:
    """Tickets resolved at the first contact, of those that say how many there were."""
    mine = [event for event in closures(events) if event.contacts is not None]

    def lower(chosen: Sequence[Event]) -> Value:
        first = sum(event.contacts == 1 and event.reopens == 0 for event in chosen)
        return values.ratio(first, len(chosen), {"first_contact": first, "closed": len(chosen)})

    if mine:
        yield Series("fcr", "default", {}, "ratio", mine, lower)


def handle_time(events: list[Event], plan: Plan) -> Iterator[Series]:
    """Handle time per contact; quantiles and mean per ticket."""
    mine = [event for event in closures(events) if event.handle_ms is not None]

    def milliseconds(chosen: Sequence[Event]) -> list[int]:
        return [event.handle_ms or 0 for event in chosen]

    def per_contact(chosen: Sequence[Event]) -> Value:
        return values.handle_time([(event.handle_ms or 0, event.contacts or 1) for event in chosen])

    if not mine:
        return
    yield Series("aht", "default", {}, "seconds", mine, per_contact)
    if "mean" in plan.variants("aht"):
        top = float("inf")
        yield Series(
            "aht", "mean", {}, "seconds", mine, lambda e: values.mean(milliseconds(e), 0, top, 1000)
        )
    for text, q in QUANTILES.items() if "quantile" in plan.variants("aht") else ():

        def lower(chosen: Sequence[Event], q: Fraction = q) -> Value:
            return values.quantile(milliseconds(chosen), q, 1000)

        yield Series("aht", "quantile", {"quantile": text}, "seconds", mine, lower)


def active(events: list[Event], plan: Plan) -> Iterator[Series]:
    """Distinct customers of all inputs together, and of each input."""
    mine = [
        event
        for event in events
        if event.kind in ACTIVE_KINDS.get(event.topic, ()) and event.customer is not None
    ]

    def lower(chosen: Sequence[Event]) -> Value:
        return values.distinct([event.customer or "" for event in chosen])

    sources = sorted({event.topic for event in mine})
    if sources:
        yield Series("active_users", "default", {}, "users", mine, lower)
    for source in sources:
        theirs = [event for event in mine if event.topic == source]
        yield Series("active_users", "default", {"source": source}, "users", theirs, lower)
    if "product" in plan.variants("active_users") and "product_usage" in sources:
        used = [event for event in mine if event.topic == "product_usage"]
        yield Series("active_users", "product", {}, "users", used, lower)
