"""Instants against `datetime`, and what is no time of an event."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from metrics import instant
from metrics.error import InvalidEvent

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(2000, 1, 3), datetime(2099, 12, 29))
OFFSETS = st.integers(-(24 * 60 - 1), 24 * 60 - 1)


def milliseconds(moment: datetime) -> int:
    """What `datetime` says: whole milliseconds since 1970, cut off."""
    return (moment - EPOCH) // timedelta(milliseconds=1)


def offset(minutes: int) -> str:
    """Write minutes from UTC as `+hh:mm`."""
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


@given(MOMENTS, OFFSETS)
@example(datetime(2026, 11, 22, 0, 0, 0, 999_999), 60)
def test_text_is_read_as_datetime_reads_it(naive: datetime, minutes: int) -> None:
    """Any date, time, fraction of microseconds and offset gives what `datetime` gives."""
    moment = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    text = naive.isoformat() + offset(minutes)
    assert instant.parse(text) == milliseconds(moment)


@given(MOMENTS, st.text("0123456789", max_size=30))
def test_what_is_finer_than_a_millisecond_is_cut_off(naive: datetime, digits: str) -> None:
    """Three digits of the fraction count, however many there are and whatever they are."""
    text = naive.strftime("%Y-%m-%dT%H:%M:%S")
    second = milliseconds(naive.replace(microsecond=0, tzinfo=UTC))
    fraction = f".{digits}" if digits else ""
    assert instant.parse(f"{text}{fraction}Z") == second + int((digits + "000")[:3])


@given(st.integers(instant.FIRST, instant.END - 1))
def test_format_is_read_back(at: int) -> None:
    """What is written is the same instant, in the one spelling with milliseconds and Z."""
    text = instant.format(at)
    assert instant.parse(text) == at
    assert (
        text == (EPOCH + timedelta(milliseconds=at)).isoformat(timespec="milliseconds")[:-6] + "Z"
    )


@given(
    st.lists(
        st.one_of(MOMENTS.map(lambda at: at.isoformat() + "Z"), st.integers(10**12, 2 * 10**12))
    )
)
def test_a_batch_is_read_as_its_parts(values: list[int | str]) -> None:
    """Texts, numbers or both: a batch gives what each value gives."""
    assert instant.read_all(values).tolist() == [instant.read(value) for value in values]


@given(
    st.integers(instant.FIRST, instant.END - 1_000_000),
    *(st.integers(0, 99), st.integers(0, 23), st.characters(max_codepoint=0x7F)),
)
def test_many_texts_of_one_form_are_read_as_each_is(
    start: int, row: int, place: int, character: str
) -> None:
    """They are read at once; whatever one character becomes, the outcome is that of each text."""
    ats = [start + 333 * number for number in range(100)]
    texts = [instant.format(at) for at in ats]
    assert instant.read_all(texts).tolist() == ats
    texts[row] = texts[row][:place] + character + texts[row][place + 1 :]
    try:
        expected = [instant.read(text) for text in texts]
    except InvalidEvent:
        with pytest.raises(InvalidEvent):
            instant.read_all(texts)
    else:
        assert instant.read_all(texts).tolist() == expected


@pytest.mark.parametrize("bad", ["2026-11-22T10:05:00", 5])
@pytest.mark.parametrize("good", ["2026-11-22T10:05:00Z", 1_795_338_300_000])
def test_a_batch_with_a_bad_time_is_refused(bad: int | str, good: int | str) -> None:
    """One bad value among good ones of its own or another type is not passed over."""
    for values in ([good, bad, good], [bad, good], [good, bad]):
        with pytest.raises(InvalidEvent, match="time"):
            instant.read_all(values)


@pytest.mark.parametrize(
    "text",
    [
        *("2026-11-22T10:05:00.5Z", "2026-11-22t10:05:00.50z", "2026-11-22T10:05:00.500999Z"),
        *("2026-11-22T11:05:00.500+01:00", "2026-11-22T10:05:00.5000000-00:00"),
        *("2026-11-23T10:04:00.5+23:59", "2026-11-21T10:06:00.5-23:59"),
    ],
)
def test_spellings_of_one_instant(text: str) -> None:
    """Upper and lower case, any fraction, any offset."""
    assert instant.parse(text) == 1_795_341_900_500


@pytest.mark.parametrize(
    "text",
    [
        *("", "yesterday", "2026-11-22", "10:05:00Z", "2026-11-22T10:05Z", "1795341900500"),
        *("2026-11-22T10:05:00", "2026-11-22T10:05:00.5", "2026-11-22 10:05:00Z"),
        *("2026-11-22T10:05:60Z", "2026-11-22T24:00:00Z", "2026-11-22T10:60:00Z"),
        *("2026-02-29T10:05:00Z", "2026-13-01T10:05:00Z", "2026-00-10T10:05:00Z"),
        *(
            "2026-11-31T10:05:00Z",
            "0000-01-01T10:05:00Z",
            "20261122T100500Z",
            "2026-W47-7T10:05:00Z",
        ),
        *("2026-11-22T10:05:00.Z", "2026-11-22T10:05:00,5Z", "2026-11-22T10:05:00ZZ"),
        *("2026-11-22T10:05:00+24:00", "2026-11-22T10:05:00+01:60", "2026-11-22T10:05:00+0100"),
        *("2026-11-22T10:05:00+01", "2026-11-22T10:05:00.12+12301:00", "2026-11-22T10:05:00 Z"),
        *(" 2026-11-22T10:05:00Z", "2026-11-22T10:05:00Z\n", "2026-11-22T10:05:00.5Z "),
        *(
            "٢٠٢٦-11-22T10:05:00Z",
            "2026-11-22T10:05:0\u0665Z",
            "2026-11-22T10:05:00.\u06650\u0660Z",
        ),
        *(
            "2026-11-22T10:05:00.123\u0664\u0665\u0666Z",
            "-2026-11-22T10:05:00Z",
            "+12026-11-22T10:05:00Z",
        ),
    ],
)
def test_what_is_no_time(text: str) -> None:
    """No offset, times and dates that do not exist, other spellings: reason `time`, twice alike."""
    for _ in range(2):
        with pytest.raises(InvalidEvent) as caught:
            instant.read(text)
        assert caught.value.reason == "time"
        assert "2026" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2000-01-01T00:00:00Z", instant.FIRST),
        ("1999-12-31T23:30:00-00:30", instant.FIRST),
        ("2099-12-31T23:59:59.9999Z", instant.END - 1),
        ("2100-01-01T00:29:59.999+00:30", instant.END - 1),
    ],
)
def test_the_year_is_asked_of_the_instant_in_utc(text: str, at: int) -> None:
    """A year that only its offset makes 1999 or 2100 is within."""
    assert instant.read(text) == at


@pytest.mark.parametrize(
    "value",
    [
        *("1999-12-31T23:59:59.999Z", "2000-01-01T00:29:59.999+00:30", "2100-01-01T00:00:00Z"),
        *("2099-12-31T23:30:00-00:30", "0001-01-01T00:00:00+05:30", "9999-12-31T23:59:59-08:00"),
        *(instant.FIRST - 1, instant.END, 0, -1, 10**30, 1_795_341_900, 1e300),
    ],
)
def test_other_years_are_no_times(value: float | str) -> None:
    """Outside of 2000 to 2099, in UTC: reason `time`; so are seconds in place of milliseconds."""
    with pytest.raises(InvalidEvent) as caught:
        instant.read(value)
    assert caught.value.reason == "time"


def test_an_integral_float_is_an_integer() -> None:
    """1.7e12 is milliseconds; the result is an int."""
    at = instant.read(1.7e12)
    assert (at, type(at)) == (1_700_000_000_000, int)


@pytest.mark.parametrize("value", [1.7e12 + 0.5, True, float("inf"), float("nan")])
def test_other_numbers_are_no_times(value: float) -> None:
    """A fraction of a millisecond and a boolean have the wrong type."""
    with pytest.raises(InvalidEvent) as caught:
        instant.read(value)
    assert caught.value.reason == "type"


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many different times, and a fraction of a million digits, leave little behind."""
    monkeypatch.setattr(instant, "_MOST", 100)
    monkeypatch.setattr(instant, "_SECONDS", instant._Seconds())
    monkeypatch.setattr(instant, "_TAILS", instant._Tails())
    instant.parse("2026-11-22T10:05:00." + "1" * 1_000_000 + "Z")
    for second in range(1_000):
        instant.read(instant.format(instant.FIRST + 1_001 * second))
    for known in (instant._SECONDS, instant._TAILS):
        assert len(known) <= 100
        assert max(map(len, known)) < 20
