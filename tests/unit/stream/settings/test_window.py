"""`zone` and `[windows]`: names that mean one length, zones that exist."""

import pytest

from stream.settings.load import resolve
from tests.unit.stream.settings.conftest import Find


def test_a_window_has_one_name() -> None:
    """However it is written, its name is that of the largest unit, but 24h."""
    windows = resolve({"windows": {"rolling": ["48h", "1440m", "3600s"]}}, {}).windows
    assert [window.name for window in windows.rolling] == ["2d", "24h", "1h"]


@pytest.mark.parametrize(
    ("rolling", "key"),
    [
        (["48h", "2d"], "windows.rolling[1]"),
        (["61s"], "windows.rolling[0]"),
        (["25h", "61m"], "windows.rolling[1]"),
        (["721h"], "windows.rolling[0]"),
        (["0s"], "windows.rolling[0]"),
        (["today"], "windows.rolling[0]"),
        ([60], "windows.rolling[0]"),
        ("1h", "windows.rolling"),
    ],
)
def test_what_is_no_window_is_a_fault(find: Find, rolling: object, key: str) -> None:
    """One length twice, no multiple of its slice, no duration."""
    assert find({"windows": {"rolling": rolling}}).keys() == {key}


@pytest.mark.parametrize("zone", ["Europe/Pari", "europe/paris", "", "../etc/passwd", "Europe"])
def test_a_zone_that_is_none_is_a_fault(find: Find, zone: str) -> None:
    """Only names of the IANA database, in their own spelling."""
    assert find({"zone": zone}).keys() == {"zone"}


def test_the_zone_of_this_machine_is_no_zone(find: Find) -> None:
    """`localtime` would make two workers disagree about midnight."""
    assert find({"zone": "localtime"}).keys() == {"zone"}


def test_the_nearest_zone_is_suggested(find: Find) -> None:
    """A typo, or the wrong capitals, is told its right spelling."""
    assert "did you mean Europe/Paris?" in find({"zone": "europe/pari"})["zone"]


def test_the_calendar_is_that_of_zone_and_week() -> None:
    """The plan's calendar and windows are the configured ones, and the metric's own."""
    table = {
        "zone": "Asia/Kathmandu",
        "week_start": "sunday",
        "windows": {"rolling": ["7d"], "calendar": ["week"]},
    }
    plan = resolve(table, {}).plan()
    assert (plan.calendar.zone.name, plan.calendar.week_start) == ("Asia/Kathmandu", "sunday")
    named = {
        choice.metric.name: [window.name for window in choice.windows] for choice in plan.choices
    }
    assert named["nps"] == ["7d", "week"]
    assert named["active_users"] == ["7d", "week", "24h", "28d", "30d"]
