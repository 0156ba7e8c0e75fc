"""Outages: when the service of a region is down."""

from collections.abc import Iterator, Sequence

import msgspec

from stream.company.error import CompanyError
from stream.company.people import REGIONS

PLACES = {region.name: place for place, region in enumerate(REGIONS)}


class Outage(msgspec.Struct, frozen=True):
    """A time in which the service of a region is down.

    Its customers are unhappy, open more tickets, call more often and take longer to help.
    """

    region: str
    start: int
    """First millisecond UTC."""
    end: int
    """First one after it."""

    def __post_init__(self) -> None:
        if self.region not in PLACES:
            raise CompanyError(f"region {self.region!r}: expected one of {', '.join(PLACES)}")


class Trouble:
    """Looks outages up."""

    def __init__(self, outages: Sequence[Outage]) -> None:
        self._spans = [(PLACES[outage.region], outage.start, outage.end) for outage in outages]

    def at(self, region: int, at: int) -> bool:
        """Say whether the service of a region is down at an instant."""
        return any(region == place and start <= at < end for place, start, end in self._spans)

    def within(self, first: int, after: int) -> Iterator[tuple[int, int, int, int]]:
        """Yield (outage, region, start, end) of what lies in [first, after) of each outage."""
        for number, (region, begun, ended) in enumerate(self._spans):
            start, end = max(first, begun), min(after, ended)
            if start < end:
                yield number, region, start, end
