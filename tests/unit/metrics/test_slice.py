"""Slices of fixed length: aligned, half-open, one rung inside the other."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.duration import DAY, HOUR, parse
from metrics.slice import LADDER, Rung, Span, rolling_rung, slice_end, slice_start

INSTANTS = st.integers(946_684_800_000, 4_102_444_799_999)


@pytest.mark.parametrize(
    ("length", "rung"),
    [
        ("10s", Rung.TEN_SECONDS),
        ("1h", Rung.TEN_SECONDS),
        ("65m", Rung.FIVE_MINUTES),
        ("24h", Rung.FIVE_MINUTES),
        ("25h", Rung.HOUR),
        ("30d", Rung.HOUR),
        ("31d", Rung.DAY),
        ("365d", Rung.DAY),
    ],
)
def test_a_window_s_length_chooses_its_slice(length: str, rung: Rung) -> None:
    """10 s up to 1 h, 5 min up to 24 h, 1 h up to 30 d, 1 d beyond; the limits included."""
    assert rolling_rung(parse(length)) is rung


def test_each_rung_is_a_whole_number_of_the_finer() -> None:
    """A coarse slice is exactly a number of finer ones."""
    counts = [coarse // fine for fine, coarse in pairwise(LADDER)]
    assert counts == [30, 12, 24]
    assert [*LADDER] == [10_000, 300_000, HOUR, DAY]


@given(INSTANTS, st.sampled_from(LADDER))
def test_an_instant_is_in_its_slice(at: int, rung: Rung) -> None:
    """It is aligned, as long as the rung, and holds its start but not its end."""
    start, end = slice_start(at, rung), slice_end(at, rung)
    assert start <= at < end
    assert (start % rung, end - start) == (0, rung)


def test_a_boundary_starts_the_next_slice() -> None:
    """Slices are half-open: their end is not in them."""
    assert slice_start(300_000, Rung.FIVE_MINUTES) == 300_000
    assert slice_end(300_000, Rung.FIVE_MINUTES) == 600_000
    assert slice_start(299_999, Rung.FIVE_MINUTES) == 0


def test_a_local_day_has_no_fixed_length() -> None:
    """Asking for a local day without a zone fails loudly."""
    with pytest.raises(ZeroDivisionError):
        slice_start(0, Rung.LOCAL_DAY)


def test_a_span_is_half_open() -> None:
    """A span holds its start and not its end; an empty one holds nothing."""
    span = Span(10, 20)
    assert [at in span for at in (9, 10, 19, 20)] == [False, True, True, False]
    assert (span.length, 5 in Span(5, 5)) == (10, False)
