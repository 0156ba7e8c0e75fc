"""What was said: of closed windows it is held packed, and is the same as if it were not."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.metric import Value
from metrics.slice import Span
from metrics.update import Stamp, Standing, Update, make
from stream.agent import said
from stream.agent.said import Said, _Closed

HASH = st.integers(-(2**63), 2**63 - 1)


@given(changes=st.lists(st.tuples(st.integers(-20, 20) | HASH, HASH), max_size=200))
def test_hashes_are_found_as_in_a_dict(changes: list[tuple[int, int]]) -> None:
    """New keys and changed ones, the least and the greatest, and what has no value: 0."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(said, "UNPACKED", 3)
        plain: dict[int, int] = {}
        packed = _Closed()
        for key, content in [*changes, (7, said.GONE)]:
            packed[key] = plain[key] = content
        assert {key: packed.get(key) for key in plain} == plain
        assert packed.get(21) == plain.get(21)


def test_most_of_what_was_said_is_packed() -> None:
    """However much it is: an eighth is not yet, until that is asked for."""
    packed, hashes = _Closed(), random.Random(1)
    for _ in range(20_000):
        packed[hashes.getrandbits(63)] = 1
    assert len(packed) + len(packed._fresh) == 20_000
    assert len(packed._fresh) <= said.UNPACKED + len(packed) // 8
    packed.pack(0)
    assert len(packed) == 20_000


@pytest.mark.parametrize("values", [(-1.0, -2.0), (-1, -2), (0.0, None)])
def test_every_other_value_is_news(values: tuple[float | None, float | None]) -> None:
    """Also from -1 to -2, whose hashes in Python are equal."""
    said = Said()
    for previous in (*values, *values):
        update = measured(previous)
        assert said.is_news(update, False, False, False)
        assert said.is_news(update, False, False, False) is None


def measured(previous: float | None) -> Update:
    """An update of which everything but the value before stays."""
    stamp = Stamp.of("1h", Span(0, 3_600_000), 3_600_000, 1, [])
    standing = Standing("nps", "default", "score", (), "ok", previous, None, None)
    return make(Value(None, 5, {}), stamp, standing)
