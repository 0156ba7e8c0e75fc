"""What stands of revised answers and tickets, on cases small enough for pencil and paper."""

import json
from itertools import permutations
from typing import Any

import pytest

from tests.reference import Outcome, batch
from tests.reference.outcome import Updates

CONFIG: dict[str, Any] = {
    "dimensions": ["region"],
    "groupings": [[], ["region"]],
    "windows": {"rolling": ["1h"], "calendar": [], "allowed_lateness": "10h"},
}
NPS = '["nps","default","1h",{},{}]'
FCR = '["fcr","default","1h",{},{}]'
AHT = '["aht","default","1h",{},{}]'
USERS = '["active_users","default","1h",{},{}]'


def answer(clock: str, score: int, revision: int = 0, **more: Any) -> bytes:
    """An answer of response r, at a time of the 27th of March 2026."""
    event = {"at": f"2026-03-27T{clock}:00Z", "type": "nps", "score": score, "response_id": "r"}
    return json.dumps({**event, "revision": revision, "customer_id": "ann", **more}).encode()


def ticket(clock: str, kind: str = "closed", **more: Any) -> bytes:
    """An event of ticket t."""
    event = {"at": f"2026-03-27T{clock}:00Z", "ticket_id": "t", "kind": kind}
    return json.dumps({**event, "handle_s": 60, "contacts": 1, **more}).encode()


def run(*lines: bytes, topic: str = "survey_answers", **windows: str) -> Outcome:
    """The outcome at the end of the lines' last hour, 12:00."""
    config = {**CONFIG, "windows": {**CONFIG["windows"], **windows}}
    return batch(config, {topic: [list(lines)]}, "2026-03-27T11:59:59Z")


def parts(outcome: Outcome, key: str) -> Any:
    """Parts of an update, None without it."""
    return outcome.updates[key]["parts"] if key in outcome.updates else None


def counted(outcome: Outcome) -> Updates:
    """The updates that have any samples."""
    return {key: one for key, one in outcome.updates.items() if one["n"]}


def test_the_content_of_the_greatest_counts_at_the_time_of_the_least() -> None:
    """A promoter by revision 2 though it came between; at 11:10, in the hour [11:00, 12:00)."""
    lines = [answer("11:10", 0), answer("11:20", 9, 2), answer("11:30", 0, 1)]
    for order in permutations(lines):
        outcome = run(*order)
        assert parts(outcome, NPS) == {"promoters": 1, "passives": 0, "detractors": 0}
        assert outcome.updates[USERS]["n"] == 1
    early = run(*lines, answer("10:10", 0))  # it loses, and dates the response
    assert parts(early, NPS) == {"promoters": 0, "passives": 0, "detractors": 0}
    assert early.updates[USERS]["value"] is None


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"clock": "11:50", "id": "z"}, {"clock": "11:10", "revision": 1}),
        ({"clock": "11:10", "id": "z"}, {"clock": "11:11"}),
        ({"clock": "11:10"}, {"clock": "11:10", "id": "a"}),
        ({"clock": "11:10", "id": "a"}, {"clock": "11:10", "id": "b"}),
    ],
)
def test_revision_then_time_then_id(first: dict[str, Any], second: dict[str, Any]) -> None:
    """The second is the greater, whichever comes first."""
    lines = [answer(score=0, **first), answer(score=10, **second)]
    for order in permutations(lines):
        assert parts(run(*order), NPS)["promoters"] == 1


def test_the_greatest_may_take_the_response_out() -> None:
    """Excluded it adds nothing, no activity either; a greater one brings it back."""
    lines = [answer("11:10", 9), answer("11:20", 9, 1, excluded=True)]
    for order in permutations(lines):
        outcome = run(*order)
        assert counted(outcome) == {}
        assert outcome.updates[NPS]["status"] == "no_data"  # it had a value at 11:10
    assert parts(run(*lines, answer("11:05", 3, 2)), NPS)["detractors"] == 1


def test_segment_and_customer_are_those_of_the_greatest() -> None:
    """What a correction left empty has no samples."""
    lines = [answer("11:10", 9, dims={"region": "fr"}), answer("11:20", 9, 1, customer_id="ben")]
    updates = run(*lines).updates
    assert updates['["nps","default","1h",{"region":"fr"},{}]']["n"] == 0
    assert updates['["nps","default","1h",{"region":"(none)"},{}]']["n"] == 1
    assert updates[USERS]["n"] == 1


def test_what_is_another_response() -> None:
    """Another survey, another type, none at all, and what is no answer."""
    others: list[dict[str, Any]] = [
        {"survey_id": "s"},
        {"response_id": None},
        {"type": "csat", "score": 5},
        {"kind": "declined", "score": None},
    ]
    lines = [json.dumps({**json.loads(answer("11:10", 9)), **other}).encode() for other in others]
    outcome = run(answer("11:10", 9), *lines)
    assert parts(outcome, NPS)["promoters"] == 3
    assert outcome.counters["survey_answers"]["folded"] == 5


def test_copies_late_and_dead_ones_change_nothing() -> None:
    """Each would have won."""
    lines = [
        answer("11:30", 9, id="a"),
        answer("11:40", 0, 1, id="a"),
        answer("10:00", 0, 1),
        answer("11:40", 11, 1),
    ]
    outcome = run(*lines, allowed_lateness="10m")
    assert parts(outcome, NPS)["promoters"] == 1
    told = outcome.counters["survey_answers"]
    assert (told["folded"], told["duplicate"], told["late"], told["dead"]) == (1, 1, 1, 1)


def test_a_response_is_forgotten_by_the_watermark() -> None:
    """20 minutes after its newest event it is still known, a minute more and it is another one."""
    lines = [answer("11:10", 0, 1), answer("11:00", 0)]
    for clock, counted in (("11:30", 1), ("11:31", 2)):
        mark = answer(clock, 5, response_id="other")
        outcome = run(*lines, mark, answer("11:10", 9, 2), responses_for="20m")
        assert outcome.updates[NPS]["n"] == counted + 1


def test_a_reopened_ticket_counts_at_its_next_closure() -> None:
    """In its own segment, and no more as solved at the first contact."""
    topic = "ticket_closures"
    lines = [ticket("11:10", dims={"region": "fr"}), ticket("11:20", "reopened")]
    for order in permutations(lines):
        assert counted(run(*order, topic=topic)) == {}
    lines.append(ticket("11:30", dims={"region": "de"}, handle_s=90))
    for order in permutations(lines):
        outcome = run(*order, topic=topic)
        assert parts(outcome, FCR) == {"first_contact": 0, "closed": 1}
        assert parts(outcome, AHT)["handle_ms"] == 90_000
        assert {tuple(one["segment"].values()) for one in counted(outcome).values()} == {
            (),
            ("de",),
        }


def test_a_reopening_below_the_greatest_takes_nothing_back() -> None:
    """But the ticket was reopened; one above it by revision, though earlier, takes it back."""
    topic = "ticket_closures"
    below = run(ticket("11:30"), ticket("11:20", "reopened"), topic=topic)
    assert parts(below, FCR) == {"first_contact": 0, "closed": 1}
    above = run(ticket("11:30"), ticket("11:20", "reopened", revision=1), topic=topic)
    assert counted(above) == {}


def test_a_closure_is_replaced_by_a_greater_one() -> None:
    """Once, with all of the greater one; as spam it counts nowhere; `opened` is no revision."""
    topic = "ticket_closures"
    lines = [ticket("11:10", contacts=3), ticket("11:05", revision=1), ticket("11:00", "opened")]
    for order in permutations(lines):
        assert parts(run(*order, topic=topic), FCR) == {"first_contact": 1, "closed": 1}
    spam = ticket("11:10", revision=2, outcome="spam")
    assert counted(run(*lines[:2], spam, topic=topic)) == {}


def test_at_a_tick_later_revisions_are_not_there_yet() -> None:
    """A detractor at 11:15, a promoter at 11:30; the order of the lines does not matter."""
    lines = [answer("11:10", 0), answer("11:20", 9, 1)]
    for order in permutations(lines):
        inputs = {"survey_answers": [list(order)]}
        ticks = batch(CONFIG, inputs, "2026-03-27T11:59:59Z", "15m").ticks
        assert [picture[NPS]["value"] for picture in ticks.values()] == [-100.0, 100.0, 100.0]
