"""Ids remembered in columns are those of a dict.

reference: a dict from digest to the last `at`
"""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from metrics.digest import Digests
from metrics.instant import Ats
from metrics.remembered import ABSENT, Remembered

# Few first words, many of them alike in their low bits: most places are wanted by several.
WORDS = st.sampled_from([1, 2, 3, 257, 258, 513, 1 << 40, (1 << 64) - 1])
ENTRY = st.tuples(WORDS, WORDS, st.integers(0, 1_000))
BATCHES = st.lists(st.lists(ENTRY, max_size=40), max_size=8)


def columns(entries: list[tuple[int, int, int]]) -> tuple[Digests, Ats]:
    """Digests, and times."""
    digests = np.array([entry[:2] for entry in entries], np.uint64).reshape(-1, 2)
    return digests, np.array([at for _, _, at in entries], np.int64)


@given(BATCHES, st.booleans())
def test_a_table_is_a_dict(batches: list[list[tuple[int, int, int]]], found: bool) -> None:
    """The last of equal ids counts, within a batch and over all of them."""
    table, plain = Remembered(), dict[tuple[int, int], int]()
    for entries in batches:
        digests, ats = columns(entries)
        first, places = table.find(digests)
        assert first.tolist() == [plain.get(entry[:2], ABSENT) for entry in entries]
        table.add(digests, ats, places if found else None)
        plain.update((entry[:2], entry[2]) for entry in entries)
    everything = [(*name, at) for name, at in plain.items()]
    assert table.find(columns(everything)[0])[0].tolist() == [at for _, _, at in everything]


def test_a_table_holds_what_is_young_enough() -> None:
    """It grows for what must be kept, and forgets the rest when it is short of room."""
    rng, table = np.random.default_rng(1), Remembered()
    for number in range(100):
        digests = rng.integers(1, 1 << 63, (1_000, 2), np.uint64)
        table.oldest = number - 9
        table.add(digests, np.full(1_000, number))
        assert (table.find(digests)[0] == number).all()
    assert 240_000 < table.size < 1_600_000  # of 10,000 to 20,000 ids
