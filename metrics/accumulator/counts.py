"""Sums of integers by cell: the one additive accumulator.

Guarantee: a cell that sums to zero is absent, so equal sums are equal dicts, whatever order and
split they came in, and `subtract` leaves no trace of what `merge` added. Integers only: no
rounding, no overflow. Memory: one dict entry per non-zero cell.

>>> answers = zero()
>>> absorb(answers, [("nps/0-10/9", 1), ("nps/0-10/3", 1), ("nps/0-10/9", 1)])
>>> answers
{'nps/0-10/9': 2, 'nps/0-10/3': 1}
>>> subtract(answers, {"nps/0-10/3": 1})
>>> answers
{'nps/0-10/9': 2}

Plain functions over a plain dict, because merging is hot and Python has nothing quicker.
"""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

Counts: TypeAlias = dict[str, int]
"""Cell name -> non-zero integer. A cell may be negative: a retraction that stands alone."""


def zero() -> Counts:
    """Return the sums of nothing."""
    return {}


def absorb(into: Counts, pairs: Iterable[tuple[str, int]]) -> None:
    """Add each (cell, amount) to `into`; a cell may repeat, an amount may be negative."""
    get = into.get
    for cell, amount in pairs:
        if total := get(cell, 0) + amount:
            into[cell] = total
        else:
            into.pop(cell, None)


def merge(into: Counts, other: Mapping[str, int]) -> None:
    """Add every cell of `other`, which must be sums in another dict, to `into`."""
    if into:
        absorb(into, other.items())
    else:
        into.update(other)


def subtract(from_: Counts, other: Mapping[str, int]) -> None:
    """Take every cell of `other`, which must be another dict, from `from_`."""
    get = from_.get
    for cell, amount in other.items():
        if total := get(cell, 0) - amount:
            from_[cell] = total
        else:
            from_.pop(cell, None)
