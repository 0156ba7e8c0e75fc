"""Keyed digests of many texts at once, worth nothing to who has not the key: AES-CMAC.

A function of key and text alone, so every worker gives a customer the same one. A batch is taken in
columns: the cipher sees the first blocks of all texts together, then the second ones. So a digest
costs less than a table of many customers would cost to look it up in, and no table is kept.

Source: RFC 4493, The AES-CMAC Algorithm (2006); NIST SP 800-38B.
"""

from collections.abc import Sequence

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from numpy.typing import NDArray

Digests = NDArray[np.uint64]
"""A row of two words for each text."""

KEY_SIZE = 16
"""Bytes of a key."""

_BLOCK, _WORDS = 16, 2
_U64 = np.dtype("<u8")
_PADDING = 0x80
_REDUCED = 0x87  # what is carried out of a block comes back as this
_Numbers = NDArray[np.int64]


class Digester:
    """Makes digests with one key of 16 bytes, else ValueError."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_SIZE:
            raise ValueError(f"the key of digests has {KEY_SIZE} bytes")
        # blocks by themselves: what chains those of one text is below
        self._encrypt = Cipher(AES(key), ECB()).encryptor().update  # noqa: S305
        once = _doubled(self._encrypt(bytes(_BLOCK)))
        self._whole = np.frombuffer(once, _U64)
        self._padded = np.frombuffer(_doubled(once), _U64)

    def __call__(self, texts: Sequence[str]) -> Digests:
        """Digest the UTF-8 of each text; no word is 0, so that this can stand for no text."""
        joined = "".join(texts)
        parts: Sequence[str | bytes] = texts
        if not joined.isascii():
            parts = [text.encode() for text in texts]
        lengths = np.fromiter(map(len, parts), np.int64, len(parts))
        counts = np.maximum(1, -(-lengths // _BLOCK))
        data, ends = joined.encode(), np.cumsum(lengths)
        if (counts == counts[:1]).all():
            return self._chained(_blocks(data, ends, lengths), lengths)
        found = np.empty((len(parts), _WORDS), _U64)
        for count in np.unique(counts).tolist():
            rows = np.flatnonzero(counts == count)
            found[rows] = self._chained(_blocks(data, ends[rows], lengths[rows]), lengths[rows])
        return found

    def _chained(self, blocks: Digests, lengths: _Numbers) -> Digests:
        """Digest texts of as many blocks, which lie side by side."""
        is_whole = (lengths > 0) & (lengths % _BLOCK == 0)
        blocks[:, -_WORDS:] ^= np.where(is_whole[:, None], self._whole, self._padded)
        state = np.zeros((len(blocks), _WORDS), _U64)
        for at in range(0, blocks.shape[1], _WORDS):
            chained = state ^ blocks[:, at : at + _WORDS]
            state = np.frombuffer(self._encrypt(chained.tobytes()), _U64).reshape(-1, _WORDS)
        return np.maximum(state, 1)


def _doubled(block: bytes) -> bytes:
    """Multiply by x in the field that CMAC takes its two subkeys from."""
    value = int.from_bytes(block, "big") << 1
    carried, rest = divmod(value, 1 << 8 * _BLOCK)
    return (rest ^ _REDUCED * carried).to_bytes(_BLOCK, "big")


def _blocks(data: bytes, ends: _Numbers, lengths: _Numbers) -> Digests:
    """Lay out the texts that end there, of as many blocks, a row for each; the last is padded."""
    count, longest = len(lengths), lengths.max(initial=0).item()
    laid = np.zeros((count, max(1, -(-longest // _BLOCK)) * _BLOCK), np.uint8)
    held = np.frombuffer(data, np.uint8)
    if lengths.min(initial=longest) * count == len(data):  # hot path: all have one length
        laid[:, :longest] = held.reshape(count, longest)
    elif len(data):
        places = (ends - lengths)[:, None] + np.arange(longest)
        is_in = places < ends[:, None]
        laid[:, :longest] = held[np.minimum(places, len(data) - 1)] * is_in
    rows = np.flatnonzero(lengths < laid.shape[1])
    laid[rows, lengths[rows]] = _PADDING
    return laid.view(_U64)
