"""Packed updates come back to the byte, and are small."""

from hypothesis import given
from hypothesis import strategies as st

from metrics.update import encode
from stream.live.packed import pack, unpack
from tests.service.press import update


@given(st.binary(max_size=2_000))
def test_any_text_comes_back(text: bytes) -> None:
    """Whatever was published is given back, in any order of packing."""
    other = pack(b"another")
    assert unpack(pack(text)) == text
    assert unpack(other) == b"another"


@given(value=st.floats(-100, 100), n=st.integers(1, 10**6), region=st.text(min_size=1, max_size=12))
def test_an_update_is_a_third_at_most(value: float, n: int, region: str) -> None:
    """Whatever its numbers and its segment are, a real update packs well."""
    text = encode(update(value=value, margin=value / 7, n=n, segment={"region": region}))
    assert len(pack(text)) < len(text) / 3 + len(region.encode())
