"""Digests of a batch are those of a well-kept library, one text at a time.

reference: the CMAC of `cryptography`; the examples of RFC 4493, section 4
"""

import pytest
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC
from hypothesis import given
from hypothesis import strategies as st

from metrics.digest import Digester

KEY = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")


def cmac(text: str, key: bytes) -> bytes:
    """The reference."""
    found = CMAC(AES(key))
    found.update(text.encode())
    return found.finalize()


def test_the_examples_of_the_standard() -> None:
    """Its subkeys, from which all the rest follows, and its digest of nothing."""
    digester = Digester(KEY)
    assert digester._whole.tobytes().hex() == "fbeed618357133667c85e08f7236a8de"
    assert digester._padded.tobytes().hex() == "f7ddac306ae266ccf90bc11ee46d513b"
    assert digester([""]).tobytes().hex() == "bb1d6929e95937287fa37d129b756746"


@given(st.lists(st.text(max_size=70)), st.binary(min_size=16, max_size=16))
def test_a_batch_is_digested_like_its_texts(texts: list[str], key: bytes) -> None:
    """Whatever their lengths and alphabets."""
    assert Digester(key)(texts).tobytes() == b"".join(cmac(text, key) for text in texts)


@given(st.integers(1, 70), st.integers(1, 20))
def test_texts_of_one_length(length: int, count: int) -> None:
    """They are laid out in one step."""
    texts = [f"{number:0{length}}"[-length:] for number in range(count)]
    assert Digester(KEY)(texts).tobytes() == b"".join(cmac(text, KEY) for text in texts)


@pytest.mark.parametrize("size", [0, 15, 17, 32])
def test_a_key_of_the_wrong_length_is_refused(size: int) -> None:
    """Without a secret, ids could be found by trying them."""
    with pytest.raises(ValueError, match="key"):
        Digester(bytes(size))
