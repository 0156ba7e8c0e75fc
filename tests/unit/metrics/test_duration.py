"""Durations: one text, one length; one length, one name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.duration import DAY, LONGEST, DurationError, name, parse


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("200ms", 200),
        ("10s", 10_000),
        ("5m", 300_000),
        ("1h", 3_600_000),
        ("30d", 2_592_000_000),
        ("400d", 34_560_000_000),
    ],
)
def test_a_duration_is_read_in_milliseconds(text: str, length: int) -> None:
    """Each unit stands for its milliseconds."""
    assert parse(text) == length


@pytest.mark.parametrize(
    "text",
    [
        *[
            "",
            "5",
            "m",
            "0s",
            "-5m",
            "+5m",
            "1.5h",
            "5 m",
            " 5m",
            "5m\n",
            "05m",
            "5M",
            "1w",
            "1h30m",
        ],
        *["\u0665m", "36526d", "9" * 18 + "d", "9" * 5000 + "s"],
    ],
)
def test_a_text_that_is_no_duration_is_refused(text: str) -> None:
    """Only a positive whole number and a unit is read; the message quotes what was given."""
    with pytest.raises(DurationError, match="expected a positive whole number") as error:
        parse(text)
    assert repr(text) in str(error.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("60s", "1m"),
        ("90s", "90s"),
        ("60m", "1h"),
        ("90m", "90m"),
        ("1d", "24h"),
        ("24h", "24h"),
        ("1440m", "24h"),
        ("48h", "2d"),
        ("25h", "25h"),
        ("168h", "7d"),
        ("365d", "365d"),
        ("1000ms", "1s"),
        ("1500ms", "1500ms"),
    ],
)
def test_a_length_has_one_name(text: str, expected: str) -> None:
    """The name is in the largest unit that divides the length, but a day is 24h."""
    assert name(parse(text)) == expected


def test_no_length_has_no_name() -> None:
    """Nothing below a millisecond is named."""
    with pytest.raises(DurationError):
        name(0)


@given(st.integers(1, LONGEST))
def test_a_name_is_read_back_as_its_length(length: int) -> None:
    """Reading a name gives the length back."""
    assert parse(name(length)) == length


@given(st.integers(1, LONGEST // DAY))
def test_whole_days_are_named_in_days(days: int) -> None:
    """From two days on a whole number of days is named so."""
    assert name(days * DAY) == (f"{days}d" if days > 1 else "24h")
