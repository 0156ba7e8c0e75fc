"""The rhythm: how busy a region is, by its local hour and day of the week."""

from metrics.duration import DAY, HOUR
from stream.company.people import Region

HOURS = (
    *(0.45, 0.38, 0.35, 0.35, 0.38, 0.45, 0.60, 0.85, 1.15, 1.40, 1.50, 1.50),
    *(1.35, 1.30, 1.45, 1.50, 1.45, 1.35, 1.30, 1.35, 1.30, 1.10, 0.85, 0.60),
)
WEEKEND = 0.7
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
