"""The codec: each value on its own; only the bad ones leave, each with its reason and place."""

import json
import random
import re
from typing import Any

import pytest

from metrics.scale import FAMILY, Rules
from stream.codec import PIECE, Bad, Codec, Decoded
from tests.data import poison

RULES = {family: Rules(family) for family in FAMILY.values()}
ANSWER: dict[str, Any] = {"at": "2026-11-22T10:00:00Z", "type": "nps", "score": 9}
GOOD: dict[str, dict[str, Any]] = {
    "survey_answers": ANSWER,
    "ticket_closures": {"at": 1_795_338_300_480, "ticket_id": "t"},
    "product_usage": {"at": 1_795_338_300_480, "customer_id": "c"},
    "purchases": {
        "at": 1_795_338_300_480,
        "customer_id": "c",
        "amount": 5,
        "currency": "EUR",
    },
    "subscription_events": {
        "at": 1_795_338_300_480,
        "subscription_id": "s",
        "customer_id": "c",
        "kind": "started",
    },
    "campaign_events": {
        "at": 1_795_338_300_480,
        "customer_id": "c",
        "campaign_id": "a",
        "kind": "sent",
    },
}


def decode(source: str, *values: bytes | None) -> Decoded:
    """A batch, read where `topic` is a dimension."""
    return Codec(source, RULES, ["region", "topic"]).decode(values)


def line(**changes: Any) -> bytes:
    """An answer with some fields changed."""
    return json.dumps({**ANSWER, **changes}).encode()


def test_own_fields_are_as_long_as_they_like_unless_they_are_a_dimension() -> None:
    """A subject line as `topic`: too long for a dimension, unless `dims` has another one."""
    ticket = {"at": "2026-11-22T10:00:00Z", "ticket_id": "t"}
    told: list[dict[str, Any]] = [
        {"channel": "x" * 257},
        {"topic": "x" * 256},
        {"topic": "x" * 257},
    ]
    told.append({"topic": "x" * 257, "dims": {"topic": "y"}})
    found = decode("ticket_closures", *(json.dumps({**ticket, **one}).encode() for one in told))
    assert found.rows == [0, 1, 3]
    assert [(bad.row, bad.reason) for bad in found.bad] == [(2, "range")]
    assert found.bad[0].detail == "topic: expected a value in range"


@pytest.mark.parametrize("source", GOOD)
def test_a_bad_value_costs_its_neighbours_nothing(source: str) -> None:
    """Every kind of bad value, between good ones at random: those are read, these are told."""
    dice = random.Random(1)
    good = json.dumps(GOOD[source]).encode()
    bad = poison.every(source, GOOD[source])
    values = [*bad, *([good] * (3 * PIECE))]
    dice.shuffle(values)
    found = decode(source, *values)
    assert [one.row for one in found.bad] == [n for n, value in enumerate(values) if value != good]
    assert found.rows == [n for n, value in enumerate(values) if value == good]
    assert len(found.events) == len(found.ats) == len(found.cells) == 3 * PIECE


@pytest.mark.parametrize("source", GOOD)
def test_the_place_in_a_batch_decides_nothing(source: str) -> None:
    """A value has the same reason and detail alone and in company."""
    values = poison.every(source, GOOD[source])
    together = {one.row: (one.reason, one.detail) for one in decode(source, *values).bad}
    for row, value in enumerate(values):
        (alone,) = decode(source, value).bad
        assert together[row] == (alone.reason, alone.detail)


def test_no_detail_holds_anything_of_the_value() -> None:
    """A field's name and what was expected, never what was there."""
    secret = "Jane-Roe-4711"
    for field in ("at", "id", "customer_id", "kind", "type", "score", "scale", "dims", "excluded"):
        for wrong in (secret, {secret: secret}, [secret], f"{secret}{'x' * 300}"):
            for one in decode("survey_answers", line(**{field: wrong})).bad:
                assert secret not in one.detail
                assert re.match(r"^\w+: \w", one.detail)


@pytest.mark.parametrize(
    ("value", "reason", "detail"),
    [
        (b"", "json", "expected one JSON object"),
        (b"{", "json", "expected one JSON object"),
        (b"[]", "type", "expected object"),
        (b"null", "type", "expected object"),
        (line() + line(), "json", "expected one JSON object"),
        (line() + b"," + line(), "json", "expected one JSON object"),
        (b'{"x":' + b"[" * 10_000 + b"]" * 10_000 + b"}", "json", "expected one JSON object"),
        (line().replace(b"9", b"NaN"), "json", "expected one JSON object"),
        (line().replace(b"9", b"Infinity"), "json", "expected one JSON object"),
        (line().replace(b"9}", b"1e999}"), "range", "score: expected a value in range"),
        (b'{"comment":"\xc3\x28"}', "utf8", "expected UTF-8"),
        (b'{"unknown":"\xff"}', "utf8", "expected UTF-8"),
        (b'{"type":"nps","score":9}', "missing", "at: required"),
        (line(type=None), "missing", "type: required"),
        (line(score=None), "missing", "score: required on answered events"),
        (line(score="9"), "type", "score: expected bool | int | float | null"),
        (line(score=9.5), "type", "score: expected a whole number"),
        (line(score=True), "type", "score: expected a whole number"),
        (line(score=11), "range", "score: expected 0 to 10"),
        (line(score=-1), "range", "score: expected 0 to 10"),
        (line(scale=[0, 5]), "range", "scale: expected one that has a rule for nps"),
        *(
            (
                line(type="csat", score=None, kind="sent", scale=[low, low + 4]),
                "range",
                "scale: expected one that has a rule for csat",
            )
            for low in (-101, 97, 10**310)
        ),
        (
            line(type="fcr", score=2, scale=[1, 2]),
            "range",
            "scale: expected one that has a rule for fcr",
        ),
        (
            line(kind="sent", score=None, scale=[0, 5]),
            "range",
            "scale: expected one that has a rule for nps",
        ),
        (line(type="nsp"), "range", "type: expected one of nps, csat, ces, fcr"),
        (line(kind="sent"), "range", "score: expected only on answered events"),
        (line(at="2026-11-22T10:00:00"), "time", "at: expected an RFC 3339 time with an offset"),
        (line(at="0001-01-01T00:00:00Z"), "time", "at: expected a time in the years 2000 to 2099"),
        (line(at="9999-12-31T23:59:59Z"), "time", "at: expected a time in the years 2000 to 2099"),
        (line(id="i" * 257), "range", "id: expected a value in range"),
        (line(dims={"region": 1}), "type", "dims: expected str"),
        (line(dims={"region": None}), "type", "dims: expected str"),
    ],
)
def test_the_reason_is_told(value: bytes, reason: str, detail: str) -> None:
    """What is wrong in one word, and what was expected where."""
    assert decode("survey_answers", value).bad == [Bad(0, reason, detail)]


def test_two_halves_in_neighbouring_records_are_no_event() -> None:
    """Nothing is joined across records, whatever would come out."""
    whole = line()
    half = len(whole) // 2
    found = decode("survey_answers", whole[:half], whole[half:], whole)
    assert [one.row for one in found.bad] == [0, 1]
    assert found.rows == [2]


def test_a_long_text_is_read() -> None:
    """A megabyte of comment is no fault, and nobody waits for it."""
    assert not decode("survey_answers", line(comment="x" * (1 << 20))).bad


def test_a_null_value_is_a_tombstone() -> None:
    """It is counted, and is neither event nor dead."""
    found = decode("survey_answers", None, line(), None)
    assert (found.tombstones, found.rows, found.bad) == (2, [1], [])


def test_integral_floats_and_booleans_count_where_the_contract_takes_them() -> None:
    """9.0 is 9; true is 1 for a yes-or-no question only."""
    found = decode(
        "survey_answers", line(score=9.0), line(type="fcr", score=True), line(type="fcr", score=0)
    )
    assert found.cells == ["nps/0-10/9", "fcr_survey/0-1/1", "fcr_survey/0-1/0"]
