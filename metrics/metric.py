"""What a metric is: a declaration of one number, its variants, unit, direction and source.

A metric reads *cells*: integers named `family/rest`, added up over the slices of a window. Its
variants lower the same cells to values; nothing is averaged before the last step.
"""

from collections.abc import Callable, Iterable, Mapping

import msgspec

from metrics.accumulator.distinct import Distinct
from metrics.scale import Rules
from metrics.statistic import Interval

By = tuple[tuple[str, str], ...]  # what a value is split by besides the segment, sorted by name
TOTAL: By = ()


class Value(msgspec.Struct, frozen=True):
    """One lowered value: null exactly when `n` is 0 or its divisor is."""

    value: float | int | None
    n: int
    parts: dict[str, int]
    interval: Interval | None = None


class Totals(msgspec.Struct, frozen=True):
    """What a window holds, by family: the cells without their family's name, and the users."""

    cells: dict[str, dict[str, int]]
    users: Mapping[str, Distinct]


Lower = Callable[[Totals, Rules], Iterable[tuple[By, Value]]]
Contribute = Callable[..., Iterable[tuple[str, int]]]


class Variant(msgspec.Struct, frozen=True):
    """One way to compute a metric. `bounds` is the range of its value, None where open."""

    name: str
    unit: str
    lower: Lower
    bounds: tuple[float | None, float | None] = (0.0, 1.0)


class Metric(msgspec.Struct, frozen=True):
    """The definition of one number.

    `inputs` are keys of `[topics]`; `always` the variants that need no configuration;
    `contribute` says, per input, which integers one event adds (survey scores need none: their
    cell is found when they are decoded); `until_reopened` are the cells that a ticket adds to only
    while no event has ever reopened it; `counts_users` says that it reads `Totals.users`.
    """

    name: str
    title: str
    inputs: tuple[str, ...]
    variants: tuple[Variant, ...]
    source: str
    higher_is_better: bool = True
    always: tuple[str, ...] = ("default",)
    contribute: Mapping[str, Contribute] = {}
    windows: tuple[str, ...] = ()
    until_reopened: tuple[str, ...] = ()
    counts_users: bool = False
