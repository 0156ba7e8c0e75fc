"""The ids that were accepted, by digest, with the `at` of their first copy: a table in columns.

A hash table with open addressing and double hashing, asked and filled for a whole batch at once, so
that the misses of the processor's cache overlap. An id takes 40 to 120 bytes, whatever its length.
Places are chosen by numbers that each process draws anew, so that nobody can make ids that collide
in them. Ids whose digests of 128 bits are equal are taken for one: among a billion that nobody made
to be so, a chance of 10^-21.
"""

import numpy as np
from numpy.typing import NDArray

from metrics.digest import Digests
from metrics.instant import Ats

Places = NDArray[np.int64]

ABSENT = -(1 << 62)
"""The `at` of an id that is not remembered."""

_LEAST = 256  # places
_FULL, _ROOMY = 0.6, 0.4  # share of the places that is taken at most, and after making room
_DRAWN = np.random.default_rng().integers(1 << 63, size=2, dtype=np.uint64)
_BITS = 64


class Remembered:
    """The `at` by digest; what is older than `oldest` need not be kept any longer."""

    def __init__(self) -> None:
        self.oldest = ABSENT
        self._clear(_LEAST)

    def _clear(self, places: int) -> None:
        self._first = np.zeros(places, np.uint64)  # word of the digest; 0 where there is none
        self._second = np.zeros(places, np.uint64)
        self._ats = np.zeros(places, np.int64)
        self._shift = np.uint64(_BITS + 1 - places.bit_length())
        self._mask = np.int64(places - 1)
        self._taken = 0

    @property
    def size(self) -> int:
        """Bytes of memory."""
        return self._first.nbytes + self._second.nbytes + self._ats.nbytes

    def find(self, digests: Digests) -> tuple[Ats, Places]:
        """Find the `at` of each digest, or `ABSENT`; and the place where it is, or would be.

        The places are good until something is added.
        """
        first, second = digests.T
        mixed = first * _DRAWN[0] + second * _DRAWN[1]
        steps = mixed.view(np.int64) & self._mask | 1
        places = (mixed >> self._shift).astype(np.int64)
        ats = np.full(len(digests), ABSENT, np.int64)
        rows, at = np.arange(len(digests)), places
        while len(rows):
            held = self._first.take(at)
            if (same := rows[held == first[rows]]).size:
                same = same[self._second[places[same]] == second[same]]
                ats[same] = self._ats[places[same]]
                held[np.isin(rows, same)] = 0
            rows = rows[held != 0]
            at = places[rows] = (places[rows] + steps[rows]) & self._mask
        return ats, places

    def add(self, digests: Digests, ats: Ats, places: Places | None = None) -> None:
        """Remember ids, the last of equal ones; `places` are those that `find` gave."""
        if self._taken + len(digests) > _FULL * len(self._first):
            self._make_room(len(digests))
            places = None
        self._taken += len(digests)
        while len(digests):
            at = self.find(digests)[1] if places is None else places
            self._first[at], self._second[at], self._ats[at] = *digests.T, ats
            held = self._first.take(at), self._second.take(at)
            lost = (held[0] != digests[:, 0]) | (held[1] != digests[:, 1])  # to another of these
            digests, ats, places = digests[lost], ats[lost], None

    def _make_room(self, more: int) -> None:
        """Forget what may be forgotten, and grow if that is not enough."""
        kept = np.flatnonzero((self._first != 0) & (self._ats >= self.oldest))
        digests = np.column_stack((self._first[kept], self._second[kept]))
        ats = self._ats[kept]
        places = _LEAST
        while len(kept) + more > _ROOMY * places:
            places *= 2
        self._clear(places)
        self.add(digests, ats)
