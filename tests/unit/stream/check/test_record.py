"""What a sample says of its events and keys, and that it says nothing of their contents."""

import json
from typing import Any

import pytest
from aiokafka import ConsumerRecord

from metrics.plan import Plan
from stream.check.finding import Finding
from stream.check.record import keys, outcomes
from stream.check.sample import Record, Sample
from stream.reader import Reader, hash_key

AT = 1_764_000_000_000


def record(value: object, key: bytes | None = None, at: int = AT) -> Record:
    """A record of a source topic."""
    raw = value if isinstance(value, bytes) or value is None else json.dumps(value).encode()
    return ConsumerRecord("t", 0, 0, at, 0, key, raw, None, -1, -1, ())


def answer(**fields: Any) -> dict[str, Any]:
    """A survey answer."""
    return {"at": AT, "type": "nps", "score": 9, **fields}


def read(sample: Sample) -> Finding:
    """What would become of a sample of survey answers."""
    plan = Plan()
    reader = Reader("survey_answers", plan, hash_key("a key of the tests"))
    return outcomes("survey_answers", plan, reader, sample)


def test_each_outcome_is_counted_and_advised() -> None:
    """As the worker would decide, partition by partition."""
    late, future = answer(at=AT - 3_600_000), answer(at=AT + 3_600_000)
    first = [answer(id="1"), answer(id="1"), late, future, b"{", None, answer(excluded=True)]
    found = read({0: [record(value) for value in first], 1: [record(late)]})
    assert found.level == "note"
    assert found.text.startswith(
        "of the 8 newest records 2 folded, 1 excluded, 1 late, 1 duplicate, 1 future, 1 dead, "
        "1 tombstone (1 json: expected one JSON object); correct the producers"
    )
    assert "windows.future_skew" in found.text
    assert "windows.allowed_lateness" in found.text


def test_what_is_fine_is_said_to_be() -> None:
    """No advice where there is nothing to do."""
    found = read({0: [record(answer())]})
    assert (found.level, found.text) == ("ok", "of the 1 newest record 1 folded")


def test_mostly_unreadable_records_are_bad() -> None:
    """Half of them may be a mishap, more is a wrong topic or a wrong producer."""
    half = [record(b"x"), record(answer())]
    assert read({0: half}).level == "note"
    assert read({0: [*half, record(b"x")]}).level == "bad"


CUSTOMER = answer(customer_id="anna", response_id="r1", id="1")


@pytest.mark.parametrize(
    ("value", "key", "kind"),
    [
        (CUSTOMER, b"anna", ""),
        (CUSTOMER, b'"anna"', ""),
        (CUSTOMER, b"r1", "response_id"),
        (CUSTOMER, b"1", "id"),
        (CUSTOMER, b"\xff", "something else"),
        (CUSTOMER, None, "missing"),
        (answer(response_id="r1", id="1"), b"r1", ""),
        (answer(id="1"), b"1", ""),
        (answer(), None, ""),
    ],
)
def test_the_key_is_the_first_id_that_there_is(value: object, key: bytes | None, kind: str) -> None:
    """Customer, else response, else the event; bare or as JSON; without ids none is needed."""
    (found,) = keys("survey_answers", 4, {0: [record(value, key)]})
    if kind:
        assert found.level == "bad"
        assert found.text.startswith(f"of 1 record key 1 {kind}, instead of customer_id, else ")
    else:
        assert found.level == "ok"


def test_other_keys_do_no_harm_where_nothing_can_be_apart() -> None:
    """One partition holds all; events that nothing corrects lose only the removal of copies."""
    sample: Sample = {0: [record({"customer_id": "anna"}, b"x")]}
    assert [found.level for found in keys("survey_answers", 1, sample)] == ["ok"]
    assert [found.level for found in keys("product_usage", 4, sample)] == ["note"]


def test_records_that_cannot_be_read_say_nothing_of_keys() -> None:
    """They are told as outcomes."""
    sample: Sample = {0: [record(b"{", b"x"), record(None, b"x")]}
    assert list(keys("survey_answers", 4, sample)) == []


def test_nothing_of_a_record_is_shown() -> None:
    """Neither ids nor keys nor values of any field, whatever is wrong with them."""
    secret = "anna-4711"
    values = [
        answer(customer_id=secret, score=secret),
        answer(customer_id=secret, type=secret),
        answer(customer_id=secret, at=secret),
        answer(customer_id=secret, dims={secret: 1}),
        answer(customer_id=secret, kind=secret),
        secret.encode(),
    ]
    sample: Sample = {0: [record(value, b"other-4711") for value in values]}
    texts = [read(sample).text, *(found.text for found in keys("survey_answers", 4, sample))]
    assert len(texts) == 2
    assert "4711" not in " ".join(texts)
