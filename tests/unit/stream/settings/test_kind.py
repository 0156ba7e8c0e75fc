"""Kinds of values: what each takes and refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.settings.fault import Wrong
from stream.settings.kind import (
    DURATION,
    DURATION_OR_NONE,
    FLAG,
    Kind,
    Secret,
    Variable,
    choice,
    many,
    number,
    whole,
)


def problem(kind: Kind, raw: object) -> str:
    """What is wrong with a value; empty if it is taken."""
    try:
        kind.take(raw, "k")
    except Wrong as wrong:
        return "; ".join(map(str, wrong.faults))
    return ""


@pytest.mark.parametrize(
    ("kind", "raw", "expected"),
    [
        (whole(1, 9), True, "k: is true or false, expected a whole number from 1 to 9"),
        (whole(1, 9), 1.0, "k: is a number, expected a whole number from 1 to 9"),
        (whole(1, 9), 10, "k: is out of range, expected a whole number from 1 to 9"),
        (number(0, 1), float("nan"), "k: is out of range, expected a number from 0 to 1"),
        (number(0, None), float("inf"), "k: is out of range, expected a number from 0"),
        (number(None, None), 10**400, "k: is out of range, expected a number"),
        (number(0, 1), "1", "k: is text, expected a number from 0 to 1"),
        (FLAG, 1, "k: is a whole number, expected true or false"),
        (choice("a", "b"), "c", "k: unknown name, expected one of a, b"),
        (choice("alpha"), "alhpa", "k: unknown name, did you mean alpha?"),
        (many(whole(1, 9), "a list"), [0, 1, 1], "k[2]: is the same as k[1]"),
        (many(whole(1, 9), "a list"), {}, "k: is a table, expected a list"),
    ],
)
def test_a_wrong_value_is_told_by_its_type(kind: Kind, raw: object, expected: str) -> None:
    """A fault says what the value is by type, and what is expected."""
    assert expected in problem(kind, raw)


def test_a_list_tells_all_that_is_wrong_in_it() -> None:
    """Each element is read, whatever is wrong with the others."""
    assert problem(many(whole(1, 9), "a list"), [0, 5, "x"]).count("k[") == 2


def test_numbers_stay_as_they_are_written() -> None:
    """A target of 40 is published as 40, not 40.0."""
    assert repr(number(0, 100).take(40, "k")) == "40"
    assert repr(number(0, 100).take(40.0, "k")) == "40.0"


@given(st.integers(1, 10**6), st.sampled_from([("ms", 1), ("s", 1000), ("h", 3_600_000)]))
def test_a_duration_is_read_as_milliseconds(count: int, unit: tuple[str, int]) -> None:
    """A number and a unit, independent of how the core reads them; nothing else."""
    name, size = unit
    if count * size <= 36_525 * 86_400_000:
        assert DURATION.take(f"{count}{name}", "k") == count * size
    assert problem(DURATION, count)
    assert problem(DURATION, f"-{count}{name}")


def test_no_time_at_all_is_a_duration_only_where_it_makes_sense() -> None:
    """`0s` may be said of a lateness, not of an interval."""
    assert DURATION_OR_NONE.take("0s", "k") == 0
    assert problem(DURATION, "0s")


@pytest.mark.parametrize("text", ["", "tru", "[", "[" * 100_000, "NaN", "1e999"])
def test_a_variable_that_is_no_json_is_a_fault(text: str) -> None:
    """Whatever a variable holds, reading it ends in a value or a fault."""
    assert "is not JSON" in problem(FLAG, Variable(Secret(text)))


def test_a_secret_hides_in_every_text_but_its_own() -> None:
    """A record that holds it shows stars; an empty one shows that it is empty."""
    assert repr([Secret("hunter2"), Secret()]) == "[***, '']"
    assert Secret("hunter2").encode() == b"hunter2"
