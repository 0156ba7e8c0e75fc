"""One event of each topic, thrown with a company's dice: the fields that are its own."""

from collections.abc import Callable

from tests.data.source import DAY, Event, Source
from tests.data.spelling import written

CHANNELS = ("email", "phone", "chat")


def customer(source: Source) -> str:
    """One of the customers; a few come often."""
    return f"c{int(source.company.customers * source.dice.random() ** 2)}"


def survey(source: Source, at: int) -> Event:
    """An answer on any scale, or an invitation, a refusal, a comment."""
    dice = source.dice
    sort = dice.choices(("nps", "csat", "ces", "fcr"), weights=(5, 3, 3, 1))[0]
    scale = dice.choice(SCALES[sort]) if source.happens(source.company.shares.scaled) else None
    low, high = scale or DEFAULTS[sort]
    event: Event = {
        "at": written(source.dice, at),
        "type": sort,
        "score": dice.randint(low, high),
        "survey_id": dice.choice(("relation", "checkout")),
    }
    if scale:
        event["scale"] = [low, high]
    if sort == "fcr" and source.happens(0.5):
        event["score"] = bool(event["score"])
    elif source.happens(0.1):
        event["score"] = float(event["score"])
    if source.happens(0.8):
        event["customer_id"] = customer(source)
    if source.happens(source.company.shares.response):
        event["response_id"] = source.unique("r")
    if source.happens(0.5):
        event["channel"] = dice.choice(CHANNELS)
    if source.happens(source.company.shares.excluded):
        event["excluded"] = True
    if source.happens(0.1):
        event["kind"] = dice.choice(("sent", "declined", "comment"))
        del event["score"]
    return event


SCALES = {
    "nps": [(1, 10), (0, 10)],
    "csat": [(0, 1), (1, 2), (1, 3), (1, 4), (1, 6), (1, 7), (1, 10)],
    "ces": [(1, 5), (1, 10), (1, 7)],
    "fcr": [(0, 1)],
}
DEFAULTS = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7), "fcr": (0, 1)}


def ticket(source: Source, at: int) -> Event:
    """A closure with any of the ways to say how long it took, or an opening."""
    dice = source.dice
    event: Event = {
        "at": written(source.dice, at),
        "ticket_id": source.unique("t"),
        "opened_at": written(source.dice, at - dice.randrange(3 * DAY)),
        "outcome": dice.choices(("resolved", "abandoned", "merged", "spam"), weights=(12, 1, 1, 1))[
            0
        ],
    }
    if source.happens(0.2):
        event["kind"] = "opened"
        del event["outcome"]
    elif source.happens(source.company.shares.reopened):
        event["kind"] = "reopened"
    elif source.happens(0.5):
        event["handle_s"] = duration(source)
    for part in ("talk_s", "hold_s", "wrap_s"):
        if source.happens(0.4):
            event[part] = duration(source)
    if source.happens(0.8):
        event["contacts"] = dice.choices((1, 2, 3, 2.0), weights=(6, 2, 1, 1))[0]
    if source.happens(0.2):
        event["reopens"] = dice.randrange(2)
    if source.happens(0.7):
        event["customer_id"] = customer(source)
    if source.happens(0.5):
        event["channel"] = dice.choice(CHANNELS)
    return event


def duration(source: Source) -> float:
    """Seconds: whole, with tenths, zero, and halves of a millisecond, which round to even."""
    dice = source.dice
    whole = int(dice.lognormvariate(5.5, 1)) % 20_000
    return dice.choice(
        (whole, whole + 0.1, whole / 10, 0, float(f"{whole}.{dice.randrange(10)}005"))
    )


def usage(source: Source, at: int) -> Event:
    """A use of the product."""
    event: Event = {"customer_id": customer(source), "event": "login"}
    event["at"] = written(source.dice, at)
    if source.happens(0.3):
        event |= {"session_id": source.unique("s"), "session_s": duration(source)}
    return event


def purchase(source: Source, at: int) -> Event:
    """An order, now and then a refund."""
    return {
        "at": written(source.dice, at),
        "customer_id": customer(source),
        "order_id": source.unique("o"),
        "amount": source.dice.randrange(100_000),
        "currency": source.dice.choice(("EUR", "USD")),
        "kind": source.dice.choices(("order", "refund"), weights=(6, 1))[0],
    }


def subscription(source: Source, at: int) -> Event:
    """A change of a subscription."""
    kinds = ("started", "changed", "paused", "resumed", "cancel_requested", "ended", "reactivated")
    return {
        "at": written(source.dice, at),
        "subscription_id": source.unique("u"),
        "customer_id": customer(source),
        "kind": source.dice.choice(kinds),
        "amount": source.dice.randrange(10_000),
        "currency": "EUR",
        "interval": source.dice.choice(("day", "week", "month", "year")),
        "interval_count": 1,
    }


def campaign(source: Source, at: int) -> Event:
    """A touch of a campaign."""
    kinds = ("sent", "opened", "clicked", "converted", "unsubscribed")
    return {
        "at": written(source.dice, at),
        "customer_id": customer(source),
        "campaign_id": source.dice.choice(("spring", "summer")),
        "kind": source.dice.choice(kinds),
        "channel": source.dice.choice(CHANNELS),
    }


BUILDERS: dict[str, Callable[[Source, int], Event]] = {
    "survey_answers": survey,
    "ticket_closures": ticket,
    "product_usage": usage,
    "purchases": purchase,
    "subscription_events": subscription,
    "campaign_events": campaign,
}
