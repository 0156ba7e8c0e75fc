"""Rows: bounded while they change, and a checkpoint tells every change once.

add ──► open ──(too many are open, or checkpoint)──► packed ──► told
"""

import pytest

from metrics import rows
from metrics.accumulator.multiset import Multiset
from metrics.row import RowKey, unpack
from metrics.rows import Rows
from metrics.slice import Rung
from metrics.summary import Summary

MANY = 1_000


def key(segment: int, piece: int = 0) -> RowKey:
    """A row of a segment, or a piece of it."""
    return RowKey(Rung.HOUR, 0, f"[{segment}]", piece)


def one(amount: int = 1) -> Summary:
    """A delta of one cell."""
    return Summary({"nps/0-10/9": amount})


@pytest.fixture(autouse=True)
def bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few open slices, small rows, no cache that would hide what is packed."""
    monkeypatch.setattr(rows, "MOST_OPEN", 10)
    monkeypatch.setattr(rows, "LARGEST", 2_000)
    monkeypatch.setattr(rows, "CACHED", 0)


def test_open_slices_are_bounded() -> None:
    """However many rows change between two checkpoints; and each is told once."""
    held = Rows()
    for _ in range(3):
        for segment in range(MANY):
            held.add(key(segment), 0, one())
    assert sum(map(len, held._open.values())) <= 10
    assert len(held) == MANY
    told = dict(held.checkpoint())
    assert len(told) == MANY
    for segment in range(MANY):
        row = told[key(segment)]
        assert row is not None
        assert unpack(row)[0].counts == {"nps/0-10/9": 3}
    assert list(held.checkpoint()) == []


def test_rows_that_are_open_stay_open() -> None:
    """Segments change in turn: only those for which there is no room are packed again and again."""
    held = Rows()
    for _ in range(3):
        for segment in range(MANY):
            held.add(key(segment), 0, one())
    assert set(held._open) == set(map(key, range(10)))
    assert not set(held._open) & set(held._changed)


def test_pieces_that_are_no_more_are_told() -> None:
    """Counted users come, and most go before the next checkpoint, for which it is packed twice."""
    users = Multiset.of(dict.fromkeys(range(MANY), 1))
    gone = Multiset.of(dict.fromkeys(range(10, MANY), -1))
    held = Rows()
    held.add(key(0), 0, Summary(counted={"ticket_closures": users}))
    before = dict(held.checkpoint())
    assert len(before) > 2
    for segment in range(1, 20):
        held.add(key(segment), 0, one())
    held.add(key(0), 0, Summary(counted={"ticket_closures": gone}))
    assert key(0) not in held._open
    held.add(key(0), 0, one())
    after = {one: row for one, row in held.checkpoint() if one.segment == "[0]"}
    assert after.keys() == before.keys()
    assert [one.piece for one, row in after.items() if row] == [0]
    found = held.get(key(0), 0)
    assert found is not None
    assert found.counted["ticket_closures"].counts() == dict.fromkeys(range(10), 1)


def test_what_is_old_is_dropped_wherever_it_is() -> None:
    """Rows packed early and at the checkpoint: all are named, and nothing of them is left."""
    held = Rows()
    for segment in range(20):
        held.add(key(segment), 0, one())
    list(held.checkpoint())
    assert set(held.expire(lambda rung, start: start == 0)) == set(map(key, range(20)))
    assert len(held) == 0
    assert held.get(key(0), 0) is None
    assert list(held.checkpoint()) == []
