"""Events: what can happen to a customer, as typed records of what arrives.

Unknown fields are passed over; null is an absent field. What a type cannot say (which kinds there
are, ranges, fields that need one another) is checked by `check`, once per event.
"""

import re
from decimal import ROUND_HALF_EVEN, Context, DecimalException
from typing import Annotated, Any, ClassVar, TypeAlias

import msgspec
from msgspec import Meta, Raw

from metrics import instant
from metrics.error import InvalidEvent

LONGEST = 256  # characters of an id or a dimension's value
HANDLE_CAP_MS = 24 * 3_600_000
MOST_CONTACTS = 1_000_000
MOST = 2**63 - 1  # of any whole number: what an int64 holds

Name: TypeAlias = Annotated[str, Meta(max_length=LONGEST)]
Time: TypeAlias = int | float | str
Number: TypeAlias = int | float

_CURRENCY = re.compile("[A-Z]{3}")
_DECIMAL = Context(prec=400, rounding=ROUND_HALF_EVEN)


class Event(msgspec.Struct, gc=False, kw_only=True):
    """What all events have. `at` is as it arrived until `check` has made it milliseconds."""

    at: Time
    id: Name | None = None
    customer_id: Name | None = None
    kind: str | None = None
    dims: dict[str, Name] | None = None

    KINDS: ClassVar[tuple[str, ...]] = ()
    """The kinds there are, the default first; empty: the field means nothing here."""
    OWN: ClassVar[tuple[str, ...]] = ()
    """Own fields that stand in for a dimension of their name."""

    def check(self) -> None:
        """Make fields whole and refuse what is out of range; raises `InvalidEvent`."""
        self.at = _instant("at", self.at)
        self.kind = _choice("kind", self.kind, self.KINDS)


class SurveyAnswer(Event, gc=False, kw_only=True):
    """An answer to a survey, or that it was sent, declined or commented on."""

    type: str | None = None
    score: bool | int | float | None = None
    scale: tuple[Number, Number] | None = None
    survey_id: Name | None = None
    response_id: Name | None = None
    revision: Number | None = None
    trigger: str | None = None
    channel: str | None = None
    reasons: list[str] | None = None
    comment: str | None = None
    sentiment: Annotated[float, Meta(ge=-1, le=1)] | None = None
    excluded: bool | None = None

    KINDS: ClassVar = ("answered", "sent", "declined", "comment")
    OWN: ClassVar = ("channel", "trigger", "survey_id", "kind")


class TicketClosure(Event, gc=False, kw_only=True):
    """A ticket that was closed, opened or reopened. Durations become whole milliseconds."""

    ticket_id: Name
    revision: Number | None = None
    opened_at: Time | None = None
    first_reply_at: Time | None = None
    talk_s: Raw = Raw()
    hold_s: Raw = Raw()
    wrap_s: Raw = Raw()
    handle_s: Raw = Raw()
    contacts: Number | None = None
    reopens: Number | None = None
    outcome: str | None = None
    queued: bool | None = None
    channel: str | None = None
    topic: str | None = None
    agent_id: Name | None = None
    talk_ms: int | None = msgspec.field(default=None, name="(talk_ms)")
    hold_ms: int | None = msgspec.field(default=None, name="(hold_ms)")
    wrap_ms: int | None = msgspec.field(default=None, name="(wrap_ms)")
    handle_ms: int | None = msgspec.field(default=None, name="(handle_ms)")

    KINDS: ClassVar = ("closed", "opened", "reopened")
    OWN: ClassVar = ("channel", "topic", "outcome", "kind")

    def check(self) -> None:
        """Also: durations of 0 to 24 h, at least one contact, opened before `at`."""
        super().check()
        self.outcome = _choice("outcome", self.outcome, OUTCOMES)
        self.revision = whole("revision", self.revision, 0)
        self.reopens = whole("reopens", self.reopens, 0) or 0
        self.contacts = whole("contacts", self.contacts, 1, MOST_CONTACTS)
        self.opened_at = _time("opened_at", self.opened_at)
        self.first_reply_at = _time("first_reply_at", self.first_reply_at)
        if self.opened_at is not None and self.opened_at > self.at:  # type: ignore[operator]
            raise InvalidEvent("range", "opened_at: expected at most at")
        self.talk_ms = _duration("talk_s", self.talk_s)
        self.hold_ms = _duration("hold_s", self.hold_s)
        self.wrap_ms = _duration("wrap_s", self.wrap_s)
        self.handle_ms = _duration("handle_s", self.handle_s)
        together = (self.talk_ms or 0) + (self.hold_ms or 0) + (self.wrap_ms or 0)
        if self.handle_ms is None and together > HANDLE_CAP_MS:
            raise InvalidEvent("range", "talk_s, hold_s, wrap_s: expected at most 24 h together")


OUTCOMES = ("resolved", "abandoned", "merged", "spam")


class SubscriptionEvent(Event, gc=False, kw_only=True):
    """A change of a subscription."""

    subscription_id: Name
    customer_id: Name
    kind: str
    version: Number | None = None
    amount: Number | None = None
    currency: str | None = None
    interval: str | None = None
    interval_count: Number | None = None
    period_end: Time | None = None

    KINDS: ClassVar = (
        *("started", "changed", "paused", "resumed"),
        *("cancel_requested", "ended", "reactivated"),
    )
    OWN: ClassVar = ("kind",)

    def check(self) -> None:
        """Also: whole amounts in a currency, known intervals."""
        super().check()
        self.version = whole("version", self.version)
        self.amount = whole("amount", self.amount)
        self.interval_count = whole("interval_count", self.interval_count, 1)
        self.period_end = _time("period_end", self.period_end)
        _currency(self.currency, self.amount is not None)
        if self.interval is not None:
            _choice("interval", self.interval, ("day", "week", "month", "year"))


class ProductUse(Event, gc=False, kw_only=True):
    """A use of the product."""

    kind: Any = None  # an unknown field here, whatever it holds
    customer_id: Name
    event: str | None = None
    session_id: Name | None = None
    session_s: Raw = Raw()
    session_ms: int | None = msgspec.field(default=None, name="(session_ms)")

    def check(self) -> None:
        """Also: a session of any length but a negative one."""
        super().check()
        self.session_ms = _duration("session_s", self.session_s, MOST)


class Purchase(Event, gc=False, kw_only=True):
    """An order or a refund; `amount` is in minor units."""

    customer_id: Name
    amount: Number
    currency: str
    order_id: Name | None = None

    KINDS: ClassVar = ("order", "refund")
    OWN: ClassVar = ("kind",)

    def check(self) -> None:
        """Also: a whole amount in a currency."""
        super().check()
        self.amount = whole("amount", self.amount) or 0
        _currency(self.currency, True)


class CampaignEvent(Event, gc=False, kw_only=True):
    """A campaign reached a customer, or the customer answered it."""

    customer_id: Name
    campaign_id: Name
    kind: str
    channel: str | None = None

    KINDS: ClassVar = ("sent", "opened", "clicked", "converted", "unsubscribed")
    OWN: ClassVar = ("channel", "campaign_id", "kind")


class CostEvent(Event, gc=False, kw_only=True):
    """Money spent; `amount` is in minor units."""

    kind: str
    amount: Number
    currency: str
    channel: str | None = None

    KINDS: ClassVar = ("acquisition", "service", "experience")
    OWN: ClassVar = ("channel", "kind")

    def check(self) -> None:
        """Also: a whole amount in a currency."""
        super().check()
        self.amount = whole("amount", self.amount) or 0
        _currency(self.currency, True)


EVENTS: dict[str, type[Event]] = {
    "survey_answers": SurveyAnswer,
    "ticket_closures": TicketClosure,
    "subscription_events": SubscriptionEvent,
    "product_usage": ProductUse,
    "purchases": Purchase,
    "campaign_events": CampaignEvent,
    "costs": CostEvent,
}
"""The type of event of each input, by its key in `[topics]`."""


def _time(field: str, value: Time | None) -> int | None:
    return None if value is None else _instant(field, value)


def _instant(field: str, value: Time) -> int:
    try:
        return instant.read(value)
    except InvalidEvent as error:
        raise InvalidEvent(error.reason, f"{field}: {error.detail}") from None


def _choice(field: str, value: str | None, choices: tuple[str, ...]) -> str | None:
    if value is None and choices:
        return choices[0]
    if choices and value not in choices:
        raise InvalidEvent("range", f"{field}: expected one of {', '.join(choices)}")
    return value


def whole(
    field: str, value: Number | None, least: int | None = None, most: int = MOST
) -> int | None:
    """Read a whole number from `least` (None: minus `most`) to `most`; raises `InvalidEvent`."""
    if value is None:
        return None
    if isinstance(value, float):
        if not value.is_integer():
            raise InvalidEvent("type", f"{field}: expected a whole number")
        value = int(value)
    least = -most if least is None else least
    if not least <= value <= most:
        raise InvalidEvent("range", f"{field}: expected {least} to {most}")
    return value


def _duration(field: str, raw: Raw, most: int = HANDLE_CAP_MS) -> int | None:
    """Read seconds as a decimal number times 1000, rounded half-even; absent or null is None."""
    text = bytes(raw).decode()
    if text in ("", "null"):
        return None
    if text[0] not in "-0123456789":
        raise InvalidEvent("type", f"{field}: expected a number of seconds")
    expected = "0 to 24 h in seconds" if most == HANDLE_CAP_MS else "0 or more seconds"
    try:
        scaled = _DECIMAL.multiply(_DECIMAL.create_decimal(text), _DECIMAL.create_decimal(1000))
    except DecimalException:
        raise InvalidEvent("range", f"{field}: expected {expected}") from None
    if not 0 <= scaled <= most:
        raise InvalidEvent("range", f"{field}: expected {expected}")
    return int(scaled.to_integral_value(ROUND_HALF_EVEN))


def _currency(value: str | None, needed: bool) -> None:
    if value is None and not needed:
        return
    if value is None:
        raise InvalidEvent("missing", "currency: required with an amount")
    if not _CURRENCY.fullmatch(value):
        raise InvalidEvent("range", "currency: expected three capital letters, ISO 4217")
