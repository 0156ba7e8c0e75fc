"""Events: what each input may hold, and why the rest is refused."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.error import InvalidEvent
from metrics.event import EVENTS, Event, TicketClosure

AT = 1_795_338_300_480
LEAST: dict[str, dict[str, Any]] = {
    "survey_answers": {},
    "ticket_closures": {"ticket_id": "t"},
    "subscription_events": {"subscription_id": "s", "customer_id": "c", "kind": "started"},
    "product_usage": {"customer_id": "c"},
    "purchases": {"customer_id": "c", "amount": 5, "currency": "EUR"},
    "campaign_events": {"customer_id": "c", "campaign_id": "a", "kind": "sent"},
    "costs": {"kind": "service", "amount": 5, "currency": "EUR"},
}
"""What an event of each input needs beside its time."""


def read(source: str, **fields: Any) -> Any:
    """An event that has what it needs, and these fields, checked."""
    line = msgspec.json.encode({"at": AT, **LEAST[source], **fields})
    event = msgspec.json.decode(line, type=EVENTS[source])
    event.check()
    return event


def plain(event: Event) -> dict[str, Any]:
    """The fields of an event without the raw texts that others were read from."""
    fields = msgspec.structs.asdict(event)
    return {name: value for name, value in fields.items() if not isinstance(value, msgspec.Raw)}


def ticket(text: str) -> TicketClosure:
    """A ticket with a duration as it is written."""
    line = f'{{"at":{AT},"ticket_id":"t","handle_s":{text}}}'
    event = msgspec.json.decode(line, type=TicketClosure)
    event.check()
    return event


@pytest.mark.parametrize("source", LEAST)
def test_what_is_required_is_enough(source: str) -> None:
    """An event with nothing but its required fields counts, its kind being the default."""
    event = read(source)
    assert event.at == AT
    kinds = EVENTS[source].KINDS
    assert event.kind == LEAST[source].get("kind", kinds[0] if kinds else None)


@pytest.mark.parametrize(
    ("source", "name"), [(source, name) for source in LEAST for name in ("at", *LEAST[source])]
)
@pytest.mark.parametrize("how", ["absent", "null"])
def test_what_is_required_may_not_be_missing(source: str, name: str, how: str) -> None:
    """Neither left out nor null."""
    fields = {"at": AT, **LEAST[source]}
    fields.pop(name) if how == "absent" else fields.update({name: None})
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode(fields), type=EVENTS[source])


@pytest.mark.parametrize("source", LEAST)
def test_unknown_fields_and_nulls_are_passed_over(source: str) -> None:
    """Systems send more than we know; null is an absent field."""
    optional = set(EVENTS[source].__struct_encode_fields__) - {"at", *LEAST[source]}
    named = {name: None for name in optional if name[0] != "("}
    assert plain(read(source, **named, colour={"deep": [1]})) == plain(read(source))


@pytest.mark.parametrize(
    ("source", "fields", "reason"),
    [
        ("ticket_closures", {"kind": "solved"}, "range"),
        ("ticket_closures", {"outcome": "lost"}, "range"),
        ("ticket_closures", {"revision": -1}, "range"),
        ("ticket_closures", {"revision": 2**63}, "range"),
        ("ticket_closures", {"revision": 1.5}, "type"),
        ("ticket_closures", {"reopens": -1}, "range"),
        ("ticket_closures", {"contacts": 0}, "range"),
        ("ticket_closures", {"contacts": 1_000_001}, "range"),
        ("ticket_closures", {"contacts": 1.5}, "type"),
        ("ticket_closures", {"opened_at": AT + 1}, "range"),
        ("ticket_closures", {"opened_at": "soon"}, "time"),
        ("ticket_closures", {"first_reply_at": 1.5}, "type"),
        ("ticket_closures", {"talk_s": 43_200, "hold_s": 43_200, "wrap_s": 0.001}, "range"),
        ("ticket_closures", {"talk_s": "60"}, "type"),
        ("ticket_closures", {"talk_s": [60]}, "type"),
        ("ticket_closures", {"talk_s": True}, "type"),
        ("product_usage", {"session_s": -0.0001}, "range"),
        ("product_usage", {"session_s": 1e16}, "range"),
        ("purchases", {"amount": 9.5}, "type"),
        ("purchases", {"amount": 2**63}, "range"),
        ("purchases", {"currency": "eur"}, "range"),
        ("purchases", {"currency": "EURO"}, "range"),
        ("purchases", {"kind": "gift"}, "range"),
        ("subscription_events", {"amount": 5}, "missing"),
        ("subscription_events", {"amount": 5, "currency": "E"}, "range"),
        ("subscription_events", {"interval": "decade"}, "range"),
        ("subscription_events", {"interval_count": 0}, "range"),
        ("subscription_events", {"version": -0.5}, "type"),
        ("subscription_events", {"period_end": 0}, "time"),
        ("costs", {"kind": "fun"}, "range"),
        ("campaign_events", {"kind": "seen"}, "range"),
    ],
)
def test_what_is_out_of_range_is_refused(source: str, fields: dict[str, Any], reason: str) -> None:
    """With its reason; the detail names a field and holds no value."""
    with pytest.raises(InvalidEvent) as caught:
        read(source, **fields)
    assert caught.value.reason == reason
    assert caught.value.detail.startswith((*fields, "currency"))
    assert "lost" not in caught.value.detail


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("64.1", 64_100),
        ("0", 0),
        ("-0", 0),
        ("0.0005", 0),
        ("0.0015", 2),
        ("0.0025", 2),
        ("0.00150000000000000000000000000001", 2),
        ("0.00249999999999999999999999999999", 2),
        ("1e2", 100_000),
        ("86400", 86_400_000),
        ("1E-400", 0),
        ("null", None),
    ],
)
def test_seconds_are_decimal(text: str, ms: int | None) -> None:
    """Times 1000 as written, rounded half-even: no float in between."""
    assert ticket(text).handle_ms == ms


def test_only_a_handle_time_has_a_longest() -> None:
    """A session may last for days; parts that the handle time overrules are not added up."""
    assert read("product_usage", session_s=108_000).session_ms == 108_000_000
    assert read("ticket_closures", handle_s=100, talk_s=50_000, hold_s=50_000).handle_ms == 100_000


def test_numbers_of_revisions_may_be_nanoseconds() -> None:
    """As great as 64 bits hold."""
    assert read("ticket_closures", revision=2**63 - 1).revision == 2**63 - 1
    assert read("subscription_events", version=-1).version == -1


@pytest.mark.parametrize("text", ["86400.0000001", "1e400", "1e999999999999999999", "-1e-400"])
def test_seconds_beyond_a_day_are_refused(text: str) -> None:
    """Also those that no float holds, and the smallest below zero."""
    with pytest.raises(InvalidEvent, match="handle_s"):
        ticket(text)


@given(seconds=st.decimals(0, 86_400, allow_nan=False, places=7))
def test_seconds_are_rounded_as_decimals_are(seconds: Decimal) -> None:
    """The library's exact decimal says the same."""
    expected = int((seconds * 1000).quantize(Decimal(1), ROUND_HALF_EVEN))
    assert ticket(f"{seconds:f}").handle_ms == expected


@pytest.mark.parametrize(
    ("fields", "name", "value"),
    [
        ({"contacts": 2.0}, "contacts", 2),
        ({"revision": 3.0}, "revision", 3),
        ({"opened_at": "2026-11-22T09:05:00.480Z"}, "opened_at", AT),
        ({}, "reopens", 0),
        ({}, "contacts", None),
    ],
)
def test_numbers_and_times_become_whole(fields: dict[str, Any], name: str, value: object) -> None:
    """An integral float is an integer; an absent count of reopens is none."""
    found = getattr(read("ticket_closures", **fields), name)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("name", ["(talk_ms)", "talk_ms", "handle_ms"])
def test_what_we_derive_cannot_be_sent(name: str) -> None:
    """Milliseconds come from the seconds alone, whatever an event calls its own fields."""
    assert read("ticket_closures", handle_s=1, **{name: 7}).handle_ms == 1_000
    assert read("ticket_closures", **{name: 7}).talk_ms is None


def test_every_input_has_its_events() -> None:
    """The types are those of the contract's topics."""
    assert set(EVENTS) == set(LEAST)
    assert all(issubclass(kind, Event) for kind in EVENTS.values())
