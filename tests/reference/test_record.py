"""What a line means, case by case."""

import json
from typing import Any

import pytest

from tests.data.poison import every
from tests.reference.field import Dead, stamp
from tests.reference.plan import Plan, plan
from tests.reference.record import read

AT = "2026-03-27T10:00:00Z"
GOOD: dict[str, dict[str, Any]] = {
    "survey_answers": {"at": AT, "type": "nps", "score": 9},
    "ticket_closures": {"at": AT, "ticket_id": "t"},
    "product_usage": {"at": AT, "customer_id": "c"},
    "purchases": {"at": AT, "customer_id": "c", "amount": 1, "currency": "EUR"},
    "subscription_events": {
        "at": AT,
        "customer_id": "c",
        "subscription_id": "s",
        "kind": "started",
    },
    "campaign_events": {"at": AT, "customer_id": "c", "campaign_id": "k", "kind": "sent"},
}
PLAN = plan({"dimensions": ["region", "channel", "kind"]})


def line(topic: str, **change: Any) -> bytes:
    """A good line with some fields changed."""
    return json.dumps(GOOD[topic] | change).encode()


@pytest.mark.parametrize("topic", GOOD)
def test_every_poison_is_dead(topic: str) -> None:
    """The good event is read; nothing that poison makes of it is."""
    read(topic, line(topic), PLAN)
    for bad in every(topic, GOOD[topic]):
        with pytest.raises(Dead):
            read(topic, bad, PLAN)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-03-27T10:00:00Z", 1_774_605_600_000),
        ("2026-03-27T10:00:00.1Z", 1_774_605_600_100),
        ("2026-03-27T10:00:00.1239999Z", 1_774_605_600_123),
        ("2026-03-27T15:30:00.000+05:30", 1_774_605_600_000),
        ("2026-03-27T02:00:00-08:00", 1_774_605_600_000),
        ("1969-12-31T23:59:59.9999Z", -1),
    ],
)
def test_times_are_floored_on_the_text(text: str, instant: int) -> None:
    """Digits beyond the third are cut off; offsets count."""
    assert stamp(text) == instant


@pytest.mark.parametrize(
    ("seconds", "milliseconds"),
    [("64.1", 64_100), ("0.0005", 0), ("0.0015", 2), ("0.0025", 2), ("12.3455", 12_346), ("0", 0)],
)
def test_durations_round_half_to_even(seconds: str, milliseconds: int) -> None:
    """Seconds are decimal numbers: 64.1 is 64,100 ms."""
    text = f'{{"at": "{AT}", "ticket_id": "t", "handle_s": {seconds}}}'.encode()
    assert read("ticket_closures", text, PLAN).handle_ms == milliseconds


def test_handle_time_is_given_or_the_sum_of_its_parts_or_unknown() -> None:
    """A missing part is 0 if one is there."""
    handled = [
        read("ticket_closures", line("ticket_closures", **parts), PLAN).handle_ms
        for parts in ({}, {"talk_s": 5}, {"talk_s": 5, "wrap_s": 0.5}, {"handle_s": 1, "talk_s": 5})
    ]
    assert handled == [None, 5000, 5500, 1000]


def test_integral_floats_are_integers() -> None:
    """9.0 is 9, as score, as time and in a scale."""
    text = b'{"at": 1774605600000.0, "type": "nps", "score": 9.0, "scale": [1.0, 10.0]}'
    event = read("survey_answers", text, PLAN)
    assert (event.at, event.score, event.scale) == (1_774_605_600_000, 9, (1, 10))


def test_a_dimension_comes_from_dims_then_from_the_own_field() -> None:
    """Else it is (none); an unknown field of that name on another topic does not count."""
    event = read("survey_answers", line("survey_answers", channel="web"), PLAN)
    assert event.dims == {"region": "(none)", "channel": "web", "kind": "answered"}
    event = read(
        "survey_answers", line("survey_answers", channel="web", dims={"channel": "x"}), PLAN
    )
    assert event.dims["channel"] == "x"
    event = read("product_usage", line("product_usage", channel="web"), PLAN)
    assert event.dims["channel"] == "(none)"


@pytest.mark.parametrize(("length", "alive"), [(256, True), (257, False)])
def test_ids_and_dimensions_have_256_characters_at_most(length: int, alive: bool) -> None:
    """Characters, not bytes."""
    for change in ({"id": "é" * length}, {"dims": {"x": "é" * length}}):
        try:
            read("survey_answers", line("survey_answers", **change), PLAN)
        except Dead:
            assert not alive
        else:
            assert alive


def mirrored() -> Plan:
    """Low effort is good, and 1-4 has a threshold."""
    return plan({"metrics": {"ces": {"low_is_good": True, "thresholds": {"1-4": 3}}}})


def test_low_is_good_mirrors_and_thresholds_admit_a_scale() -> None:
    """1 of 1-7 becomes 7; a scale without a rule lives by its threshold."""
    text = line("survey_answers", type="ces", score=1)
    assert read("survey_answers", text, mirrored()).score == 7
    text = line("survey_answers", type="ces", score=4, scale=[1, 4])
    assert read("survey_answers", text, mirrored()).score == 1
    far = line("survey_answers", type="ces", score=101, scale=[97, 101])
    for dead in (text, far):
        with pytest.raises(Dead):
            read("survey_answers", dead, PLAN)


def test_a_score_stands_iff_answered() -> None:
    """An invitation has none, an answer must; a comment needs no type."""
    sent = {"at": AT, "type": "nps", "kind": "sent"}
    assert read("survey_answers", json.dumps(sent).encode(), PLAN).score is None
    comment = {"at": AT, "kind": "comment"}
    assert read("survey_answers", json.dumps(comment).encode(), PLAN).type is None
    for bad in (sent | {"score": 3}, sent | {"kind": "answered"}):
        with pytest.raises(Dead):
            read("survey_answers", json.dumps(bad).encode(), PLAN)
