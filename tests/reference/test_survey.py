"""The reference meets what is known of the real survey."""

import pytest

from tests.data import survey
from tests.reference import Outcome, batch

pytestmark = pytest.mark.shared
END = "2017-06-01T06:59:59.999Z"  # the last instant of May in Los Angeles
SHAPES = {
    "file order": {},
    "shuffled": {"seed": 1},
    "doubled": {"doubled": True},
    "doubled, shuffled, in pieces": {"number": 5, "seed": 2, "doubled": True},
}


@pytest.fixture(scope="module", params=list(SHAPES))
def outcome(request: pytest.FixtureRequest) -> Outcome:
    """The survey's values at the end of May, from lines in several shapes."""
    lines = survey.partitions(survey.path(), **SHAPES[request.param])  # type: ignore[arg-type]
    return batch(survey.CONFIG, {"survey_answers": lines}, END)


def key(metric: str, window: str, segment: str = "{}", by: str = "{}") -> str:
    """The key of a default variant."""
    return f'["{metric}","default","{window}",{segment},{by}]'


def test_nps_of_2017_with_parts_and_margin(outcome: Outcome) -> None:
    """The month's NPS, its parts and its adjusted Wald interval are the published ones."""
    update = outcome.updates[key("nps", "30d")]
    assert update["parts"] == {"promoters": 1436, "passives": 968, "detractors": 342}
    assert update["n"] == 2746
    assert update["value"] == pytest.approx(39.839766933721776, rel=1e-12)
    assert update["margin"] == pytest.approx(2.6139288428661565, rel=1e-12)
    centre = (update["low"] + update["high"]) / 2
    assert centre == pytest.approx(39.79628955983994, rel=1e-12)


@pytest.mark.parametrize(
    ("strata", "value", "n"),
    [
        ("1", 45.752302968270214, 977),
        ("2", 32.634730538922156, 1002),
        ("3", 41.720990873533246, 767),
    ],
)
def test_nps_by_strata(outcome: Outcome, strata: str, value: float, n: int) -> None:
    """NPS of each stratum."""
    update = outcome.updates[key("nps", "30d", f'{{"strata":"{strata}"}}')]
    assert update["n"] == n
    assert update["value"] == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("day", "value"),
    [
        ("05", 38.297872340425535),
        ("06", 30.158730158730158),
        ("13", 17.94871794871795),
        ("16", 59.64912280701754),
        ("30", 43.18181818181818),
    ],
)
def test_nps_by_local_day(outcome: Outcome, day: str, value: float) -> None:
    """A closed calendar day holds exactly its local day's interviews."""
    update = outcome.updates[key("nps", f"day:2017-05-{day}")]
    assert update["value"] == pytest.approx(value, rel=1e-12)


def test_csat_and_its_wilson_interval(outcome: Outcome) -> None:
    """4 and 5 of 1-5 are satisfied."""
    update = outcome.updates[key("csat", "30d")]
    assert update["parts"] == {"satisfied": 2206, "answered": 2688}
    assert update["value"] == pytest.approx(0.8206845238095238, rel=1e-12)
    assert update["low"] == pytest.approx(0.8057279245860398, rel=1e-12)
    assert update["high"] == pytest.approx(0.8347258414969341, rel=1e-12)


def test_ces_of_another_scale_stands_under_it(outcome: Outcome) -> None:
    """The effort question has five points, which is not the default scale."""
    assert key("ces", "30d") not in outcome.updates
    update = outcome.updates[key("ces", "30d", by='{"scale":"1-5"}')]
    assert update["parts"] == {"easy": 2290, "answered": 2683}
    assert update["value"] == pytest.approx(0.853522176667909, rel=1e-12)


def test_no_score_codes_are_dead() -> None:
    """Codes 11, 0, 6 and Blank are dead letters; an empty cell is no event."""
    lines = survey.partitions(survey.path())
    outcome = batch(survey.CONFIG, {"survey_answers": lines}, END)
    counters = outcome.counters["survey_answers"]
    assert counters["dead"] == 84 + 143 + 91 + 57
    assert counters["folded"] == 2746 + 2688 + 2683


def test_doubled_lines_are_duplicates() -> None:
    """The second copy of each good line is dropped, of each bad one dead again."""
    lines = survey.partitions(survey.path(), doubled=True, seed=3)
    counters = batch(survey.CONFIG, {"survey_answers": lines}, END).counters["survey_answers"]
    assert counters["duplicate"] == counters["folded"] == 2746 + 2688 + 2683
    assert counters["dead"] == 2 * (84 + 143 + 91 + 57)
