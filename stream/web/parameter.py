"""Query parameters of the API: what may be asked for in this installation, and what is.

`metric`, `variant` and `window` name those of the catalog, `grouping` is `all` or dimensions
separated by commas; a dimension or a name of `by` takes the values that it has. A parameter given
twice means one or the other; conditions of different names must all hold.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from multidict import MultiMapping

from metrics.plan import Plan
from stream.live.query import Condition, Query
from stream.settings.taken import BY, NAMED

CLOSED = ("day:", "week:", "month:", "quarter:", "year:")
Given = MultiMapping[str]


class BadRequest(Exception):
    """A parameter that is not understood; the text says which, and what is allowed."""


class Terms(msgspec.Struct, frozen=True):
    """The words of an installation: what parameters may say."""

    metrics: tuple[str, ...]
    variants: tuple[str, ...]
    windows: tuple[str, ...]
    groupings: Mapping[str, tuple[str, ...]]
    """By label (`all`, `region,product`), the sorted names of the dimensions."""
    dimensions: tuple[str, ...]

    @classmethod
    def of(cls, plan: Plan) -> "Terms":
        """Take the words from the plan."""
        variants = [one.name for choice in plan.choices for one in choice.variants]
        return cls(
            metrics=tuple(choice.metric.name for choice in plan.choices),
            variants=tuple(dict.fromkeys(variants)),
            windows=tuple(window.name for window in plan.windows()),
            groupings={",".join(one) or "all": tuple(sorted(one)) for one in plan.groupings},
            dimensions=plan.dimensions,
        )

    def query(self, given: Given, further: Sequence[str] = ()) -> Query:
        """Read conditions; `further` names are somebody else's. Raises `BadRequest`."""
        segments = self.segments(given, (*NAMED, *BY, *further))
        return Query(
            metrics=_words(given, "metric", self.metrics),
            variants=_words(given, "variant", self.variants),
            windows=_words(given, "window", self.windows, CLOSED),
            groupings=segments.groupings,
            by=_conditions(given, BY),
            dimensions=segments.dimensions,
        )

    def segments(self, given: Given, further: Sequence[str]) -> Query:
        """Read the conditions on segments alone. Raises `BadRequest`."""
        _refuse_others(given, ("grouping", *self.dimensions, *further))
        conditions = _conditions(given, self.dimensions)
        return Query(groupings=self._groupings(given), dimensions=conditions)

    def _groupings(self, given: Given) -> frozenset[tuple[str, ...]] | None:
        labels = _words(given, "grouping", tuple(self.groupings))
        return None if labels is None else frozenset(self.groupings[one] for one in labels)


def word(given: Given, name: str, allowed: Iterable[str], default: str) -> str:
    """Read a parameter that is one of a few words. Raises `BadRequest`."""
    value = given.get(name) or default
    if value not in allowed:
        raise BadRequest(_unknown(name, value, allowed))
    return value


def whole(given: Given, name: str, default: int, most: int) -> int:
    """Read a parameter that is a whole number from 1 to `most`. Raises `BadRequest`."""
    text = given.get(name) or str(default)
    is_short = len(text) <= len(str(most))
    if not (is_short and text.isascii() and text.isdecimal() and 1 <= int(text) <= most):
        raise BadRequest(f"{name} is {text!r}, expected a whole number from 1 to {most}")
    return int(text)


def _refuse_others(given: Given, allowed: Iterable[str]) -> None:
    for name in given:
        if name not in allowed:
            raise BadRequest(
                f"there is no parameter {name!r}, expected one of {', '.join(sorted({*allowed}))}"
            )


def _words(
    given: Given, name: str, allowed: Sequence[str], prefixes: tuple[str, ...] = ()
) -> frozenset[str] | None:
    values = frozenset(filter(None, given.getall(name, [])))
    for value in values:
        if value not in allowed and not (prefixes and value.startswith(prefixes)):
            raise BadRequest(_unknown(name, value, (*allowed, *(f"{one}..." for one in prefixes))))
    return values or None


def _unknown(name: str, value: str, allowed: Iterable[str]) -> str:
    return f"{name} {value!r} is not known here, expected one of {', '.join(allowed)}"


def _conditions(given: Given, names: Iterable[str]) -> tuple[Condition, ...]:
    return tuple(Condition(name, frozenset(given.getall(name))) for name in names if name in given)
