"""Busy hours and quiet ones."""

import pytest

from metrics.duration import DAY, HOUR
from stream.company.people import REGIONS, Region
from stream.company.rhythm import activity

MONDAY = 1_795_392_000_000  # 2026-11-23T00:00:00Z


@pytest.mark.parametrize("region", REGIONS, ids=lambda region: region.name)
def test_a_week_has_the_mean_of_one(region: Region) -> None:
    """By minutes of any week."""
    step = HOUR // 60
    found = [activity(region, MONDAY + at) for at in range(0, 7 * DAY, step)]
    assert sum(found) / len(found) == pytest.approx(1, rel=1e-3)


@pytest.mark.parametrize("region", REGIONS, ids=lambda region: region.name)
def test_days_are_busier_than_nights_and_weekends(region: Region) -> None:
    """At ten in the morning there is three times as much as at three in the night, local time."""
    night = MONDAY + DAY + (3 - region.utc_offset) * HOUR
    assert activity(region, night + 7 * HOUR) > 3 * activity(region, night)
    assert activity(region, night + 4 * DAY) == pytest.approx(0.7 * activity(region, night))
