"""`dimensions`, `groupings` and `[segments]`: what values are split by, and how finely at most."""

from collections.abc import Iterator, Sequence
from typing import Annotated

import msgspec

from metrics.segment import Grouping, key
from stream.settings.fault import Fault, Faults, Wrong, below, unknown
from stream.settings.kind import Kind, many, matching, typed, whole
from stream.settings.section import Key
from stream.settings.taken import TAKEN

LARGEST_LIST = 400_000  # bytes; the list is kept as one record beside the entities

_LABEL = matching(
    r"(?!__)[A-Za-z_][A-Za-z0-9_]*", "letters, digits and underscores, not a digit or __ first"
)


def _dimension(raw: object, key: str) -> str:
    name = str(_LABEL.read(raw, key))
    if name in TAKEN:
        listed = ", ".join(sorted(TAKEN))
        raise Wrong(Fault(key, f"is a name with another meaning, as are {listed}"))
    return name


DIMENSIONS = many(Kind("a name", _dimension), "a list of names")
GROUPINGS = many(many(_LABEL, "a list of dimensions"), "a list of lists of dimensions")


def _allowed(raw: object, key: str) -> dict[str, str]:
    """Read one segment: a value for each of its dimensions."""
    words = "a table of dimensions and their values"
    faults = Faults()
    segment: dict[str, str] = {}
    for name, value in sorted(typed(raw, dict, key, words).items()):
        with faults.kept():
            segment[name] = typed(value, str, below(key, name), "text")
    faults.settle()
    return segment


ALLOW = many(Kind("a segment", _allowed), "a list of tables of dimensions and their values")


class Segments(msgspec.Struct, frozen=True):
    """How many segments there may be; the rest is published as `(other)`."""

    max: Annotated[
        int,
        Key(
            whole(1, 10_000_000),
            "Segments per grouping, first come, first kept. Each of the `kafka.shards` keeps its "
            "share: with 10,000 and 8 shards a grouping of fewer than about 8,800 is never cut, "
            "with a small `max` one may be cut early. Once a segment was refused nobody new is "
            "kept: a larger `max` shows in another `kafka.group`.",
        ),
    ] = 10_000
    allow: Annotated[
        tuple[dict[str, str], ...],
        Key(
            ALLOW,
            'The segments to publish, such as `{ region = "fr" }`, whatever `max` says; a grouping '
            "of which none is listed is bounded by `max` only. A change holds for new events.",
        ),
    ] = ()

    def keys(self, groupings: Sequence[Grouping]) -> tuple[str, ...]:
        """Name the allowed segments, each in the order of its grouping; one of none is left out."""
        named = {frozenset(grouping): grouping for grouping in groupings}
        found = ((named.get(frozenset(one)), one) for one in self.allow)
        return tuple(
            sorted(key([(name, one[name]) for name in of]) for of, one in found if of is not None)
        )


def check_groupings(dimensions: Sequence[str], groupings: Sequence[Grouping]) -> Iterator[Fault]:
    """Find groupings of unknown dimensions, and those that only the order tells apart."""
    for place, grouping in enumerate(groupings):
        key = f"groupings[{place}]"
        for at, name in enumerate(grouping):
            if name not in dimensions:
                yield unknown(f"{key}[{at}]", name, dimensions)
        same = [set(other) for other in groupings[:place]]
        if set(grouping) in same:
            yield Fault(key, f"has the dimensions of groupings[{same.index(set(grouping))}]")


def check_allow(groupings: Sequence[Grouping], segments: Segments) -> Iterator[Fault]:
    """Find allowed segments that are of no grouping."""
    known = [set(grouping) for grouping in groupings]
    if (size := sum(len(one.encode()) for one in segments.keys(groupings))) > LARGEST_LIST:
        yield Fault(
            "segments.allow", f"has {size:,} bytes in all, expected at most {LARGEST_LIST:,}"
        )
    for place, segment in enumerate(segments.allow):
        if set(segment) not in known:
            key = f"segments.allow[{place}]"
            yield Fault(key, "is of no grouping, expected a value for each dimension of one")
