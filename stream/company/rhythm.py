"""The rhythm: how busy a region is, by its local hour and day of the week."""

from metrics.duration import DAY, HOUR
from stream.company.people import Region

HOURS = (
    *(0.30, 0.22, 0.18, 0.16, 0.18, 0.26, 0.45, 0.75, 1.10, 1.45, 1.60, 1.65),
    *(1.45, 1.40, 1.55, 1.60, 1.55, 1.45, 1.40, 1.45, 1.40, 1.15, 0.80, 0.50),
)
WEEKEND = 0.55
_MONDAY = 4 * DAY  # 1970-01-05
_MEAN = sum(HOURS) / 24 * (5 + 2 * WEEKEND) / 7


def activity(region: Region, at: int) -> float:
    """Say how busy a region is at an instant (ms UTC); 1 is its mean over a week.

    Only of plain arithmetic, which is the same on every machine.
    """
    local = at + region.utc_offset * HOUR
    hour, within = divmod(local % DAY, HOUR)
    here, there = HOURS[hour], HOURS[(hour + 1) % 24]
    busy = here + (there - here) * (within / HOUR)
    weekend = (local - _MONDAY) // DAY % 7 >= 5  # noqa: PLR2004 # Saturday, Sunday
    return busy * (WEEKEND if weekend else 1.0) / _MEAN
