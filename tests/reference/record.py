"""One line of bytes: an event, or dead."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.reference.field import (
    Dead,
    Document,
    choice,
    flag,
    instant,
    integer,
    number,
    parse,
    present,
    seconds,
    short,
    string,
    text,
    whole,
)
from tests.reference.plan import Plan

HANDLE_CAP = 24 * 3600 * 1000
DEFAULT_SCALE = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7), "fcr": (0, 1)}
TOP = {  # number of points of the scale -> how many of the highest are good
    "csat": {2: 1, 3: 1, 4: 2, 5: 2, 6: 2, 7: 2, 10: 3},
    "ces": {5: 2, 7: 3, 10: 3},
}
OWN = {  # own fields that can stand in for a dimension
    "survey_answers": ("channel", "trigger", "survey_id", "kind"),
    "ticket_closures": ("channel", "topic", "outcome", "kind"),
    "subscription_events": ("kind",),
    "product_usage": (),
    "purchases": ("kind",),
    "campaign_events": ("channel", "campaign_id", "kind"),
    "costs": ("channel", "kind"),
}


@dataclass(frozen=True)
class Event:
    """A valid event; times in ms UTC. What a topic does not have is None."""

    topic: str
    at: int
    kind: str
    id: str | None = None
    ingested_at: int | None = None
    customer: str | None = None
    excluded: bool = False
    dims: dict[str, str] = field(default_factory=dict)
    type: str | None = None
    scale: tuple[int, int] = (0, 0)
    score: int | None = None
    outcome: str | None = None
    contacts: int | None = None
    reopens: int = 0
    handle_ms: int | None = None
    entity: tuple[str | None, ...] | None = None  # the response or ticket that it belongs to
    revision: int = 0


def read(topic: str, line: bytes, plan: Plan) -> Event:
    """The event of a line; raises Dead."""
    document = parse(line)
    at = instant(document, "at", required=True)
    assert at is not None
    for name in IDS[topic]:
        text(document, name)
    facts = READERS[topic](document, at, plan)
    return Event(
        topic=topic,
        at=at,
        id=text(document, "id"),
        ingested_at=ingested(document),
        customer=text(document, "customer_id"),
        dims=dims(topic, {**document, **facts}, plan),
        **facts,
    )


def ingested(document: Document) -> int | None:
    """When the line was stored; it is no field of the event, so a broken one says nothing."""
    try:
        return instant(document, "ingested_at")
    except Dead:
        return None


def dims(topic: str, document: Document, plan: Plan) -> dict[str, str]:
    """The configured dimensions: from `dims`, else the own field, else `(none)`."""
    given = present(document, "dims")
    given = {} if given is None else given
    if not isinstance(given, dict):
        raise Dead("dims is no object")
    for name, value in given.items():
        string(name), short(value)
    own = {name: document[name] for name in OWN[topic] if document.get(name) is not None}
    return {
        name: given[name] if name in given else short(own.get(name, "(none)"))
        for name in plan.dimensions
    }


def survey(document: Document, at: int, plan: Plan) -> Document:
    """What a survey event says."""
    kind = choice(document, "kind", "answered sent declined comment", "answered")
    asks = kind != "comment" or document.get("type") is not None
    sort = choice(document, "type", "nps csat ces fcr") if asks else None
    for name in ("trigger", "channel", "comment"):
        text(document, name)
    reasons(document)
    sentiment(document)
    scale, score = answer(document, kind, sort, plan)
    response = text(document, "response_id")
    belongs = kind == "answered" and response is not None
    return {
        "entity": (text(document, "survey_id"), response, sort) if belongs else None,
        "revision": integer(document, "revision", least=0) or 0,
        "kind": kind,
        "type": sort,
        "scale": scale,
        "score": score,
        "excluded": flag(document, "excluded"),
    }


def reasons(document: Document) -> None:
    """A list of strings, if there."""
    given = present(document, "reasons")
    if given is not None and not isinstance(given, list):
        raise Dead("reasons is no list")
    for reason in given or ():
        string(reason)


def sentiment(document: Document) -> None:
    """A number from -1 to 1, if there."""
    given = present(document, "sentiment")
    if given is not None and abs(number(given)) > 1:
        raise Dead("sentiment out of range")


def answer(
    document: Document, kind: str, sort: str | None, plan: Plan
) -> tuple[tuple[int, int], int | None]:
    """Scale and score; a score iff the event is an answer; mirrored where low is good."""
    score = present(document, "score", required=kind == "answered")
    if kind != "answered" and score is not None:
        raise Dead("score without an answer")
    if sort is None:
        return (0, 0), None
    scale = bounds(document, sort, plan)
    if score is None:
        return scale, None
    found = int(score) if sort == "fcr" and isinstance(score, bool) else whole(score)
    if not scale[0] <= found <= scale[1]:
        raise Dead("score out of scale")
    return scale, sum(scale) - found if plan.low_is_good(sort) else found


def bounds(document: Document, sort: str, plan: Plan) -> tuple[int, int]:
    """The scale; one that no rule knows is dead."""
    given = present(document, "scale")
    if given is None:
        return DEFAULT_SCALE[sort]
    if not isinstance(given, list) or len(given) != 2:
        raise Dead("scale is no pair")
    scale = (whole(given[0]), whole(given[1]))
    known = {"nps": {(0, 10), (1, 10)}, "fcr": {(0, 1)}}
    if scale not in known[sort] if sort in known else least_good(sort, scale, plan) is None:
        raise Dead("no rule for the scale")
    return scale


def least_good(sort: str, scale: tuple[int, int], plan: Plan) -> int | None:
    """The least satisfied or easy score of a scale; None without a rule."""
    configured = plan.threshold(sort, scale)
    if configured is not None:
        return configured
    far = max(map(abs, scale)) > 100
    top = None if far else TOP[sort].get(scale[1] - scale[0] + 1)
    return None if top is None else scale[1] - top + 1


def ticket(document: Document, at: int, plan: Plan) -> Document:
    """What a ticket event says."""
    name = text(document, "ticket_id", required=True)
    opened = instant(document, "opened_at")
    if opened is not None and opened > at:
        raise Dead("opened_at after at")
    instant(document, "first_reply_at")
    flag(document, "queued")
    for field_ in ("channel", "topic"):
        text(document, field_)
    kind = choice(document, "kind", "closed opened reopened", "closed")
    return {
        "entity": None if kind == "opened" else (name,),
        "revision": integer(document, "revision", least=0) or 0,
        "kind": kind,
        "outcome": choice(document, "outcome", "resolved abandoned merged spam", "resolved"),
        "contacts": integer(document, "contacts", least=1),
        "reopens": integer(document, "reopens", least=0) or 0,
        "handle_ms": handle(document),
    }


def handle(document: Document) -> int | None:
    """Handle time in ms: given, else the sum of its parts, else None."""
    given = seconds(document, "handle_s", HANDLE_CAP)
    parts = [seconds(document, name, HANDLE_CAP) for name in ("talk_s", "hold_s", "wrap_s")]
    if given is not None:
        return given
    known = [part for part in parts if part is not None]
    if sum(known) > HANDLE_CAP:
        raise Dead("handle time above the cap")
    return sum(known) if known else None


def subscription(document: Document, at: int, plan: Plan) -> Document:
    """What a subscription event says, as far as activity needs it."""
    for name in ("subscription_id", "customer_id"):
        text(document, name, required=True)
    for name in ("version", "amount"):
        integer(document, name)
    integer(document, "interval_count", least=1)
    instant(document, "period_end")
    currency(document, required=document.get("amount") is not None)
    choice(document, "interval", "day week month year", "month")
    kinds = "started changed paused resumed cancel_requested ended reactivated"
    return {"kind": choice(document, "kind", kinds)}


def currency(document: Document, required: bool = False) -> None:
    """Three capital letters."""
    given = text(document, "currency", required)
    if given is not None and not re.fullmatch("[A-Z]{3}", given):
        raise Dead("no currency")


def usage(document: Document, at: int, plan: Plan) -> Document:
    """A use of the product."""
    text(document, "customer_id", required=True)
    text(document, "event")
    seconds(document, "session_s")
    return {"kind": "usage"}


def purchase(document: Document, at: int, plan: Plan) -> Document:
    """An order or a refund."""
    text(document, "customer_id", required=True)
    whole(present(document, "amount", required=True))
    currency(document, required=True)
    return {"kind": choice(document, "kind", "order refund", "order")}


def campaign(document: Document, at: int, plan: Plan) -> Document:
    """A touch of a campaign."""
    for name in ("customer_id", "campaign_id"):
        text(document, name, required=True)
    text(document, "channel")
    return {"kind": choice(document, "kind", "sent opened clicked converted unsubscribed")}


def cost(document: Document, at: int, plan: Plan) -> Document:
    """A cost that was booked."""
    whole(present(document, "amount", required=True))
    currency(document, required=True)
    text(document, "channel")
    return {"kind": choice(document, "kind", "acquisition service experience")}


IDS = {
    "survey_answers": ("customer_id", "survey_id", "response_id"),
    "ticket_closures": ("ticket_id", "customer_id", "agent_id"),
    "subscription_events": ("subscription_id", "customer_id"),
    "product_usage": ("customer_id", "session_id"),
    "purchases": ("customer_id", "order_id"),
    "campaign_events": ("customer_id", "campaign_id"),
    "costs": ("customer_id",),
}
READERS: dict[str, Callable[[Document, int, Plan], Document]] = {
    "survey_answers": survey,
    "ticket_closures": ticket,
    "subscription_events": subscription,
    "product_usage": usage,
    "purchases": purchase,
    "campaign_events": campaign,
    "costs": cost,
}
