"""Rows: packed and cut to pieces, slices come to the same again."""

import random
from zlib import decompress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.accumulator.distinct import Distinct
from metrics.accumulator.multiset import Multiset
from metrics.catalog.aht import contribute
from metrics.event import HANDLE_CAP_MS, MOST_CONTACTS, TicketClosure
from metrics.row import Slices, join, pack, unpack
from metrics.summary import Summary

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


USERS = [random.Random(number).getrandbits(64) for number in range(6_000)]


def seen(users: list[int]) -> Summary:
    """A slice with these users and nothing else."""
    found = Distinct()
    found.absorb(users)
    return Summary(users={"purchases": found})


SPANS = st.dictionaries(
    st.integers(0, 9).map(lambda n: n * 10_000), summaries(), min_size=1, max_size=6
)


WHOLE = 1 << 30


@given(span=SPANS)
def test_a_row_is_read_back(span: Slices) -> None:
    """Packing loses nothing."""
    (row,) = pack(span, WHOLE)
    assert pack(unpack(row), WHOLE) == (row,)


def test_the_greatest_tickets_of_a_day_fit() -> None:
    """A hundred million tickets of a day's work and a million contacts each, in one slice."""
    ticket = TicketClosure(at=0, ticket_id="t", contacts=MOST_CONTACTS, outcome="resolved")
    ticket.handle_ms, ticket.kind = HANDLE_CAP_MS, "closed"
    day = Summary()
    day.counts = {cell: 100_000_000 * amount for cell, amount in contribute(ticket)}
    assert pack(unpack(*pack({0: day}, WHOLE)), WHOLE) == pack({0: day}, WHOLE)


@given(span=SPANS, most=st.integers(60, 800), seed=st.integers())
def test_pieces_merge_to_the_whole_in_any_order(span: Slices, most: int, seed: int) -> None:
    """And none has more counted users than fit."""
    whole = pack(span, WHOLE)
    pieces = list(pack(span, most))
    cut = list(map(unpack, pieces))
    for piece in cut:
        for summary in piece.values():
            assert len(cut) == 1 or all(
                12 * len(held.counts()) <= most for held in summary.counted.values()
            )
    random.Random(seed).shuffle(pieces)
    assert pack(join(pieces), WHOLE) == whole


@pytest.mark.parametrize("share", [1, 3, 40, 400])
@pytest.mark.parametrize("many", [2, 20, 300, 4_000])
def test_users_are_read_back_however_many_are_seen_again(many: int, share: int) -> None:
    """Slices share all users, some or hardly any; one is empty, one a sketch, times are uneven."""
    roll = random.Random(many * share)
    span = {n * n * 60_000: seen(roll.sample(USERS[:many], -(-many // share))) for n in range(30)}
    span |= {1: seen([]), 2: seen(USERS)}
    (row,) = pack(span, WHOLE)
    back = unpack(row)
    assert {start: held.users for start, held in back.items()} == {
        start: held.users for start, held in span.items()
    }


def test_a_user_costs_little_in_each_slice_but_the_first() -> None:
    """24 slices of 400 out of 1,000 users: not 8 bytes each, 77 kB, which cannot be compressed."""
    roll = random.Random(1)
    span = {hour * 3_600_000: seen(roll.sample(USERS[:1_000], 400)) for hour in range(24)}
    (row,) = pack(span, WHOLE)
    assert len(row) < 8 * 1_000 + 24 * 400


@pytest.mark.parametrize("users", [90, 900])
def test_no_piece_is_larger_than_asked(users: int) -> None:
    """Users new and seen before, far apart among the others."""
    roll = random.Random(users)
    span = {n * 10_000: seen(roll.sample(USERS, users)) for n in range(200)}
    pieces = pack(span, 40_000)
    assert len(pieces) > 1
    assert max(len(decompress(piece)) for piece in pieces) <= 40_000
