"""What was said: of closed windows it is held packed, and is the same as if it were not."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.agent import said
from stream.agent.said import _Closed

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
