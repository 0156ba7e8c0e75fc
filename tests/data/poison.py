"""Lines that must end as dead letters: every kind of bad, made from a good event."""

import json
import random
from typing import Any

Event = dict[str, Any]
DEEP = 50_000  # levels, far beyond what any reader follows

EVERY_TOPIC: list[Event] = [
    {"at": "2026-03-27T10:00:00"},  # no offset
    {"at": "2026-03-27T10:00:60Z"},
    {"at": "2026-03-27T24:00:00Z"},
    {"at": "2026-02-30T10:00:00Z"},
    {"at": "2026-03-27"},
    {"at": "yesterday"},
    {"at": "0001-01-01T00:00:00Z"},
    {"at": "0001-01-01T00:00:00+05:30"},
    {"at": "1999-12-31T10:00:00Z"},
    {"at": "9999-12-31T23:59:59Z"},
    {"at": "9999-12-31T23:59:59-08:00"},
    {"at": 0},
    {"at": 10**18},
    {"at": -1},
    {"at": 1_774_569_600_000.5},
    {"at": True},
    {"at": ["2026-03-27T10:00:00Z"]},
    {"at": None},
    {"id": 7},
    {"id": "i" * 257},
    {"customer_id": 12},
    {"customer_id": "c" * 257},
    {"dims": ["fr"]},
    {"dims": "fr"},
    {"dims": {"region": 3}},
    {"dims": {"region": None}},
    {"dims": {"unknown": False}},
    {"dims": {"region": "r" * 257}},
]
TOPIC: dict[str, list[Event]] = {
    "survey_answers": [
        {"kind": "answered", "score": None},
        {"type": "nps", "score": 11, "scale": [0, 10], "kind": "answered"},
        {"type": "nps", "score": -1, "scale": [0, 10], "kind": "answered"},
        {"type": "nps", "score": 0, "scale": [1, 10], "kind": "answered"},
        {"type": "csat", "score": 6, "scale": [1, 5], "kind": "answered"},
        {"type": "nps", "score": 9.5, "scale": [0, 10], "kind": "answered"},
        {"type": "nps", "score": True, "scale": [0, 10], "kind": "answered"},
        {"score": "9", "kind": "answered"},
        {"score": "", "kind": "answered"},
        {"score": [1], "kind": "answered"},
        {"type": "nps", "scale": [0, 100]},
        {"type": "nps", "scale": [1, 5], "score": 3, "kind": "answered"},
        {"type": "csat", "scale": [0, 10], "score": 3, "kind": "answered"},
        {"type": "ces", "scale": [1, 4], "score": 3, "kind": "answered"},
        {"type": "csat", "scale": [5, 1], "score": 3, "kind": "answered"},
        {"type": "csat", "scale": [1], "score": 1, "kind": "answered"},
        {"type": "csat", "scale": [1, 5, 9], "score": 1, "kind": "answered"},
        {"type": "csat", "scale": "1-5", "score": 1, "kind": "answered"},
        {"type": "fcr", "score": 2, "scale": [0, 1], "kind": "answered"},
        {"type": "NPS"},
        {"type": 1},
        {"type": None, "kind": "answered", "score": 1},
        {"kind": "answer"},
        {"kind": 0},
        {"excluded": "yes"},
        {"excluded": 1},
        {"reasons": "price"},
        {"reasons": [1]},
        {"sentiment": 1.5},
        {"sentiment": "good"},
        {"revision": "1"},
        {"revision": 1.5},
    ],
    "ticket_closures": [
        {"ticket_id": None},
        {"ticket_id": 5},
        {"ticket_id": "t" * 257},
        {"kind": "solved"},
        {"outcome": "unknown"},
        {"contacts": 0},
        {"contacts": -1},
        {"contacts": 1.5},
        {"contacts": "1"},
        {"handle_s": -1},
        {"handle_s": 86_401},
        {"handle_s": "60"},
        {"talk_s": -0.5},
        {"hold_s": True},
        {"opened_at": "2099-01-01T00:00:00Z"},
        {"opened_at": "soon"},
        {"queued": "no"},
    ],
    "product_usage": [{"customer_id": None}, {"event": 1}, {"session_s": "1"}],
    "purchases": [
        {"customer_id": None},
        {"amount": None},
        {"amount": 10.5},
        {"amount": "10"},
        {"amount": True},
        {"currency": None},
        {"currency": 978},
        {"kind": "gift"},
    ],
    "subscription_events": [
        {"customer_id": None},
        {"subscription_id": None},
        {"kind": None},
        {"kind": "stopped"},
        {"amount": "10"},
    ],
    "campaign_events": [
        {"customer_id": None},
        {"campaign_id": None},
        {"kind": None},
        {"kind": "seen"},
        {"channel": 5},
    ],
}
RAW = [
    b"{",
    b"[]",
    b"7",
    b'"text"',
    b"not json",
    b"\xef\xbb\xbf",
    b"\xff\xfe{\x00}\x00",
    b'{"x":' + b"[" * DEEP + b"]" * DEEP + b"}",
]


def spoil(topic: str, event: Event, dice: random.Random) -> bytes:
    """A line that is dead: raw rubbish, a broken text of the event, or one field gone wrong."""
    event = answered(event) if topic == "survey_answers" else event
    roll = dice.random()
    if roll < 0.05:
        return dice.choice(RAW)
    if roll < 0.25:
        return dice.choice(torn(event))
    return json.dumps(event | dice.choice(EVERY_TOPIC + TOPIC[topic])).encode()


def answered(event: Event) -> Event:
    """The event as an answer: what is wrong with an answer may be no fault elsewhere."""
    return {"score": 1, **event, "kind": "answered"}


def torn(event: Event) -> list[bytes]:
    """The event's text, damaged in every way."""
    good = json.dumps(event).encode()
    return [
        good[:-1],
        good[: len(good) // 2],
        good + good,
        good + b"," + good,
        b"[" + good + b"]",
        b"\xef\xbb\xbf" + good,
        good.replace(b"{", b'{"x": NaN, ', 1),
        good.replace(b"{", b'{"x": -Infinity, ', 1),
        good.replace(b"{", b'{"id": "\xc3\x28", ', 1) if "id" not in event else good + b"}",
        good.replace(b"{", b'{"deep":' + b"[" * DEEP + b"]" * DEEP + b", ", 1),
        good.replace(b'"at"', b'"when"'),
        good.replace(b'"', b"'"),
        good + b"x",
    ]


def every(topic: str, event: Event) -> list[bytes]:
    """Each bad line that `spoil` can make of a good event."""
    wrong = [json.dumps(event | change).encode() for change in EVERY_TOPIC + TOPIC[topic]]
    return [*RAW, *torn(event), *wrong]
