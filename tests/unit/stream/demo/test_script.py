"""What the demo's company does: a past of a bounded size, then the present, with one outage."""

from collections import Counter
from itertools import takewhile

import msgspec
import pytest

from metrics.duration import DAY, HOUR, MINUTE, SECOND
from stream.company import REGIONS, SOURCES, Line
from stream.demo.script import Script

NOON = 1_795_348_800_000  # 2026-11-22T12:00Z, a Sunday
MONDAY = NOON + DAY + 2 * HOUR  # about the busiest hour of the week


def past(script: Script) -> list[Line]:
    """The events from before the start."""
    return list(takewhile(lambda line: line.at < script.start, script.lines()))


@pytest.mark.parametrize("rate", [1.0, 50.0, 2_000.0])
def test_the_past_is_at_most_50_000_events(rate: float) -> None:
    """However busy the company is, and at its busiest hour."""
    assert 5_000 < len(past(Script(MONDAY, rate))) <= 50_000


def test_every_window_has_events_and_its_former_one_too() -> None:
    """60 days, so that 30d has a window before it; every input is among them in the last day."""
    ages = [(NOON - line.at, line.source) for line in past(Script(NOON))]
    assert 59 * DAY < max(ages)[0] <= 60 * DAY
    for window in (HOUR, DAY, 30 * DAY):
        assert sum(age <= window for age, _ in ages) > 500
        assert sum(window < age <= 2 * window for age, _ in ages) > 400
    assert {source for age, source in ages if age <= DAY} == set(SOURCES)


def test_events_stand_in_the_order_of_time_without_a_gap_at_the_start() -> None:
    """Nothing in the past makes the present late, and the present goes on at the rate."""
    script = Script(NOON)
    ats = [line.at for line in takewhile(lambda line: line.at < NOON + MINUTE, script.lines())]
    assert ats == sorted(ats)
    before, after = (sum(t <= at < t + MINUTE for at in ats) for t in (NOON - MINUTE, NOON))
    assert 0.7 < after / before < 1.4


def test_ids_are_unique() -> None:
    """The stretches are told by different companies: none is taken for a copy."""
    ids = Counter(msgspec.json.decode(line.value)["id"] for line in past(Script(NOON)))
    assert set(ids.values()) == {1}


def test_the_region_is_unhappy_while_its_service_is_broken() -> None:
    """NPS answers of the region fall in the outage, and no longer after it."""
    script = Script(NOON, rate=400.0, breaks_after=30 * SECOND, lasts=30 * SECOND)
    assert script.region in {region.name for region in REGIONS}
    end = script.recovers + 30 * SECOND
    scores: dict[bool, list[int]] = {True: [], False: []}
    for line in takewhile(lambda line: line.at < end, script.lines()):
        event = msgspec.json.decode(line.value)
        if line.at < NOON or event["dims"]["region"] != script.region:
            continue
        if event.get("type") == "nps" and "score" in event:
            scores[script.breaks + SECOND <= line.at < script.recovers].append(event["score"])
    broken, well = (sum(scores[key]) / len(scores[key]) for key in (True, False))
    assert broken + 2 < well
