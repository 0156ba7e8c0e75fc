"""Stories: what happens to customers, as steps that follow a beginning after fixed delays.

Because delays are fixed, the events of any stretch of time can be told without those before: a
ticket is closed now because one was opened that long ago, and the dice of that moment say which.
"""

from collections.abc import Callable
from functools import lru_cache

import msgspec

from metrics import instant
from stream.company.dice import Dice
from stream.company.people import Customer


class Case(msgspec.Struct, frozen=True, gc=False):
    """One telling of a story."""

    name: str
    """Unique; the id of the ticket, the order or the like."""
    at: int
    """When the first step arrives, ms UTC."""
    customer: Customer
    luck: float
    """How it goes on, [0, 1): a step that it is not for does not happen."""


class Moment(msgspec.Struct, gc=False):
    """The moment in which a step happens."""

    arrives: int
    """When its event arrives, ms UTC."""
    odd: str
    """What is odd about the event: `late`, `broken`, `twice`; empty: nothing."""
    at: int
    """Event time, ms UTC."""
    began: int
    """Event time of the first step."""
    content: float
    """How likely the customer is content."""
    troubled: bool
    """Whether the service of the customer's region is down."""
    throw: Dice


Write = Callable[[Case, Moment], str]
"""Writes the fields that a step's event has beside id, time, customer and dims: JSON members."""


class Step(msgspec.Struct, frozen=True):
    """One event of a story, for the cases whose luck is in [`low`, `high`)."""

    source: str
    """The key of the input that it belongs to."""
    write: Write
    after: int = 0
    """Delay from the beginning, ms."""
    low: float = 0.0
    high: float = 1.0


class Story(msgspec.Struct, frozen=True):
    """What may happen to a customer, and how often."""

    name: str
    weight: float
    """Cases, relative to other stories."""
    steps: tuple[Step, ...]
    key: str = "customer"
    """What keys its records: the `customer`; without one the `case`, or each `event` itself."""
    surge: float = 0.0
    """How many times as many cases come on top where the service is down."""


def time(at: int) -> str:
    """Write an instant of 2000 to 2099 as JSON text.

    >>> time(1795338300999)
    '"2026-11-22T09:05:00.999Z"'
    """
    return f'"{_second(at // 1000)}.{at % 1000:03d}Z"'


@lru_cache(maxsize=1 << 14)  # events share their seconds
def _second(second: int) -> str:
    return instant.format(second * 1000)[: -len(".000Z")]
