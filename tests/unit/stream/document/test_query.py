"""PromQL over the catalog's series."""

import pytest

from metrics.catalog import METRICS
from stream.document.query import BREAKDOWNS, Series, default, live
from stream.settings.taken import TAKEN


def test_a_gauge_is_taken_once() -> None:
    """While a partition moves, two workers may show it: the query takes one of them."""
    assert live("a", 'b="c"') == 'max without (instance, pod) (a{b="c"})'


@pytest.mark.parametrize(
    ("metric", "value"),
    [("nps", "cx_nps_score"), ("aht", "cx_aht_seconds"), ("active_users", "cx_active_users")],
)
def test_a_value_is_asked_for_by_its_name(metric: str, value: str) -> None:
    """The name is that of /metrics, and only the whole default value is asked for."""
    query = Series(METRICS[metric], 'window="24h"').value()
    assert query.startswith(f'max without (instance, pod) ({value}{{variant="default",')
    assert query.endswith(',window="24h"})')
    assert all(f'{name}=""' in query for name in BREAKDOWNS)


def test_bounds_stay_in_the_range_of_the_metric() -> None:
    """An NPS over 100 or a time below 0 is not drawn; where the range is open, nothing is cut."""
    assert Series(METRICS["nps"]).upper().startswith("clamp_max(")
    assert Series(METRICS["nps"]).upper().endswith(", 100)")
    assert Series(METRICS["nps"]).lower().endswith(", -100)")
    assert Series(METRICS["aht"]).lower().endswith(", 0)")
    assert Series(METRICS["aht"]).upper().startswith("(max without")


def test_breakdowns_are_no_dimensions() -> None:
    """What is left out by name can be no dimension of a user's."""
    assert set(BREAKDOWNS) < TAKEN


def test_every_metric_has_a_default() -> None:
    """What the shipped queries ask for is there without configuration."""
    assert [default(metric).name for metric in METRICS.values()] == ["default"] * len(METRICS)
