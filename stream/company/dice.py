"""Dice: numbers that depend on what they are thrown for, and on nothing else."""

from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")

Dice = Callable[[], float]
"""Throws a number in [0, 1)."""


def dice(*occasion: object) -> Dice:
    """Take the dice of an occasion: the same throws for the same words, everywhere.

    Only `random()` is used of them: it alone is promised to stay the same in every Python.
    """
    return Random("/".join(map(str, occasion))).random  # noqa: S311 # no secret hangs on it


def pick(choices: Sequence[T], thrown: float) -> T:
    """Choose by a throw.

    >>> pick("abcd", 0.5)
    'c'
    """
    return choices[int(thrown * len(choices))]


def again(luck: float, nth: int) -> float:
    """Make another throw of one, the same whenever it is asked for.

    >>> again(0.25, 1) == again(0.25, 1) != again(0.25, 2)
    True
    """
    return luck * (7919 + 104729 * nth) % 1
