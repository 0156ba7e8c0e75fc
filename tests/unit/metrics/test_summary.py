"""Summaries: packed and cut to pieces, they come to the same again."""

import random

from hypothesis import given
from hypothesis import strategies as st

from metrics.accumulator.distinct import Distinct
from metrics.accumulator.multiset import Multiset
from metrics.summary import Slices, Summary, join, pack, unpack

COUNTS = st.dictionaries(
    st.sampled_from(["nps/0-10/9", "nps/0-10/3", "aht/tickets"]), st.integers(1, 9)
)
COUNTED = st.dictionaries(st.integers(0, 2**64 - 1), st.integers(-2, 2).filter(bool), max_size=40)


@st.composite
def summaries(draw: st.DrawFn) -> Summary:
    """A slice's summary."""
    found = Summary()
    found.counts = draw(COUNTS)
    for source in draw(st.sets(st.sampled_from(["purchases", "survey_answers"]))):
        users = Distinct()
        users.absorb(draw(st.sets(st.integers(0, 2**64 - 1), min_size=1, max_size=20)))
        found.users[source] = users
    if counted := draw(COUNTED):
        found.counted["survey_answers"] = Multiset.of(counted)
    return found


SPANS = st.dictionaries(st.integers(0, 9).map(lambda n: n * 10_000), summaries(), max_size=6)


WHOLE = 1 << 30


@given(span=SPANS)
def test_a_row_is_read_back(span: Slices) -> None:
    """Packing loses nothing."""
    (row,) = pack(span, WHOLE)
    assert pack(unpack(row), WHOLE) == (row,)


@given(span=SPANS, most=st.integers(60, 800), seed=st.integers())
def test_pieces_merge_to_the_whole_in_any_order(span: Slices, most: int, seed: int) -> None:
    """And none has more counted users than fit."""
    whole = pack(span, WHOLE)
    cut = list(map(unpack, pack(span, most)))
    for piece in cut:
        for summary in piece.values():
            assert len(cut) == 1 or all(
                12 * len(held.counts()) <= most for held in summary.counted.values()
            )
    random.Random(seed).shuffle(cut)
    result: Slices = {}
    for piece in cut:
        join(result, piece)
    assert pack(result, WHOLE) == whole
