"""What happens in the demo, and when."""

from collections.abc import Iterator

import msgspec

from metrics.duration import DAY, HOUR, MINUTE, SECOND
from stream.company import Company, Outage

SEED = 11
PAST_DAYS = 60  # so that `30d` has a window to compare with
SAMPLE = 4 * HOUR  # of each day that is long gone: the rest would cost a second to make up
STEPS = ((DAY, 6_000), (HOUR, 3_000), (5 * MINUTE, 15_000))
"""From an age on, how many events there are until the next: the nearer the denser. The shortest
window is full from the first moment. At the busiest hour there are two thirds more of each."""
AGES = (HOUR, 5 * MINUTE, 0)  # where each of the steps ends
OLD = 6_000  # events before the last day


class Script(msgspec.Struct, frozen=True):
    """Times in milliseconds UTC; `rate` is in events a second."""

    start: int
    rate: float = 50.0
    region: str = "fr"
    breaks_after: int = MINUTE
    lasts: int = 90 * SECOND

    @property
    def breaks(self) -> int:
        """When the service in the region breaks."""
        return self.start + self.breaks_after

    @property
    def recovers(self) -> int:
        """When it works again."""
        return self.breaks + self.lasts

    def live(self) -> Company:
        """Return the company as it is from the start on."""
        return Company(SEED, self.rate, outages=(Outage(self.region, self.breaks, self.recovers),))


class Stretch(msgspec.Struct, frozen=True):
    """A part of the company's past: its events from `start` up to `end`."""

    company: Company
    start: int
    end: int


def history(script: Script) -> Iterator[Stretch]:
    """Cut the time before the start into stretches, the oldest first; at most 50,000 events."""
    old = _company(script, 0, OLD, PAST_DAYS * SAMPLE)
    for age in range(PAST_DAYS, 1, -1):
        begun = script.start - age * DAY
        yield Stretch(old, begun, begun + SAMPLE)
    for number, ((age, events), younger) in enumerate(zip(STEPS, AGES, strict=True), 1):
        company = _company(script, number, events, age - younger)
        yield Stretch(company, script.start - age, script.start - younger)


def _company(script: Script, number: int, events: int, span: int) -> Company:
    return Company(SEED + number, min(script.rate, 1000 * events / span))
