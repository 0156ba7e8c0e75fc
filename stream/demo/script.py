"""What happens in the demo, and when."""

from collections.abc import Iterator
from itertools import chain

import msgspec

from metrics import instant
from metrics.duration import DAY, HOUR, MINUTE, SECOND
from stream.company import Company, Line, Outage, lines

SEED = 11
PAST_DAYS = 60  # so that `30d` has a window to compare with
SAMPLE = 4 * HOUR  # of every third day that is long gone: more would cost seconds at the start
EVERY = 3
STEPS = ((2 * DAY, 2_000), (2 * HOUR, 2_000), (2 * MINUTE, 6_000))
"""From an age on, how many events there are until the next: the nearer the denser. The shortest
window is full from the first moment. At the busiest hour there are two thirds more of each."""
AGES = (2 * HOUR, 2 * MINUTE, 0)  # where each of the steps ends
OLD = 1_500  # events before the last two days


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

    def lines(self) -> Iterator[Line]:
        """Tell the company's past, and then what happens, without an end."""
        outage = Outage(self.region, self.breaks, self.recovers)
        present = Company(SEED, self.rate, outages=(outage,))
        return chain(_past(self), lines(present, self.start, instant.END))


def _past(script: Script) -> Iterator[Line]:
    """Tell of the time before the start, the oldest first; some 12,000 events, never 50,000."""
    start = script.start
    ages = range(PAST_DAYS, 2, -EVERY)
    old = _company(script, 1, OLD, len(ages) * SAMPLE)
    for age in ages:
        begun = start - age * DAY
        yield from lines(old, begun, begun + SAMPLE)
    for number, ((age, events), younger) in enumerate(zip(STEPS, AGES, strict=True), 2):
        company = _company(script, number, events, age - younger)
        yield from lines(company, start - age, start - younger)


def _company(script: Script, number: int, events: int, span: int) -> Company:
    """Make the company of a stretch: another seed, another life of the same kind of customers."""
    return Company(SEED + number, min(script.rate, 1000 * events / span))
