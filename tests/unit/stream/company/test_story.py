"""What happens to customers hangs together, as far as the events of one company can tell."""

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from metrics import instant
from metrics.duration import DAY
from stream.company import Company, lines
from stream.company.plot import STORIES

MONDAY = 1_795_392_000_000  # 2026-11-23T00:00:00Z
SPAN = 40 * DAY
ORDERS = {  # what must have been before it
    "closed": {"opened", "reopened"},
    "reopened": {"closed"},
    "changed": {"started"},
    "paused": {"started", "changed"},
    "resumed": {"paused"},
    "cancel_requested": {"started", "changed", "resumed"},
    "ended": {"cancel_requested"},
    "reactivated": {"ended"},
    "refund": {"order"},
    "opened": {"sent"},
    "clicked": {"opened"},
    "converted": {"clicked"},
    "unsubscribed": {"opened"},
}


def told(source: str, field: str, first: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield each thing of a kind and its events, if they start with its first one."""
    company = Company(rate=0.005, sources=(source,))
    things: dict[str, list[dict[str, Any]]] = {}
    for line in lines(company, MONDAY, MONDAY + SPAN):
        event = json.loads(line.value)
        name = event["id"].rpartition(".")[0] if field == "id" else event[field]
        things.setdefault(name, []).append(event)
    yield from ((name, each) for name, each in things.items() if each[0]["kind"] == first)


@pytest.mark.parametrize(
    ("source", "field", "first"),
    [
        ("ticket_closures", "ticket_id", "opened"),
        ("subscription_events", "subscription_id", "started"),
        ("purchases", "order_id", "order"),
        ("campaign_events", "id", "sent"),
    ],
)
def test_nothing_happens_before_its_time(source: str, field: str, first: str) -> None:
    """Each step follows one that it may follow, later, of the same customer; some go far."""
    lengths = set()
    for _, events in told(source, field, first):
        lengths.add(len(events))
        assert len({event["customer_id"] for event in events}) == 1
        ats = [instant.read(event["at"]) for event in events]
        assert ats == sorted(ats)
        kinds = [event["kind"] for event in events]
        assert all(b in ORDERS and a in ORDERS[b] for a, b in pairwise(kinds))
    assert len(lengths) > 1


def test_a_closed_ticket_knows_when_it_was_opened() -> None:
    """`opened_at` is the time of the event that opened it, and the reply lies between."""
    closures = 0
    for _, events in told("ticket_closures", "ticket_id", "opened"):
        for event in events:
            if event["kind"] == "closed":
                closures += 1
                assert event["opened_at"] == events[0]["at"]
                assert event["opened_at"] <= event["first_reply_at"] <= event["at"]
    assert closures > 500


def test_names_of_stories_tell_them_apart() -> None:
    """They are in the ids."""
    assert len({story.name for story in STORIES}) == len(STORIES)
