"""The shipped board: whole, and drawable."""

import json
import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest

from metrics.catalog import METRICS
from metrics.metric import Metric
from stream.document.board import render
from stream.sink.prometheus import value_name

BOARD: dict[str, Any] = json.loads(render())
PANELS: list[dict[str, Any]] = BOARD["panels"]
VARIABLES = {variable["name"]: variable for variable in BOARD["templating"]["list"]}
BUILT_IN = {"__rate_interval"}  # Grafana's own


def queries() -> Iterator[str]:
    """Every query of the board."""
    yield from (target["expr"] for panel in PANELS for target in panel.get("targets", []))


def under(title: str) -> list[dict[str, Any]]:
    """The panels under a row."""
    titles = [panel["title"] if panel["type"] == "row" else None for panel in PANELS]
    begin = titles.index(title) + 1
    end = next((n for n in range(begin, len(titles)) if titles[n]), len(titles))
    return PANELS[begin:end]


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_every_metric_has_its_row(metric: Metric) -> None:
    """Its value now, its value with margin, target and benchmark over time, its sample size."""
    now, course, samples = under(metric.title)
    unit = next(variant.unit for variant in metric.variants if variant.name == "default")
    name = re.compile(rf"\b{value_name(metric.name, unit)}\{{")
    assert (now["type"], course["type"], samples["type"]) == ("stat", "timeseries", "timeseries")
    assert name.search(now["targets"][0]["expr"])
    assert name.search(course["targets"][0]["expr"])
    drawn = " ".join(target["expr"] for target in course["targets"])
    for suffix in ("margin", "target", "benchmark"):
        assert f"cx_{metric.name}_{suffix}{{" in drawn
    assert f"cx_{metric.name}_samples{{" in samples["targets"][0]["expr"]


def test_the_stream_has_its_row() -> None:
    """Workers, outcomes, lag, watermark, flushes, sinks."""
    asked = " ".join(t["expr"] for panel in under("Stream health") for t in panel["targets"])
    for name in (
        *("up", "ressenti_events_total", "ressenti_lag_records", "ressenti_flush_seconds_bucket"),
        *("ressenti_watermark_lag_seconds", "ressenti_sink_errors_total"),
    ):
        assert re.search(rf"\b{name}\b", asked)


def test_values_are_taken_once() -> None:
    """Every query of a customers' number says which of two workers' series it takes."""
    for query in queries():
        gauges = query.count("{variant=")
        assert query.count("max without (instance, pod) (cx_") == gauges


def test_variables_are_defined() -> None:
    """What a query puts in is a variable of the board or of Grafana."""
    used = {name for query in queries() for name in re.findall(r"\$\{?(\w+)", query)}
    assert used <= {*VARIABLES, *BUILT_IN}
    assert VARIABLES.keys() == {"datasource", "window", "grouping", "segment"}


def test_a_band_finds_its_edge() -> None:
    """What is filled down to is a series of the same panel, by name."""
    filled = 0
    for panel in PANELS:
        legends = {target["legendFormat"] for target in panel.get("targets", [])}
        for override in panel.get("fieldConfig", {}).get("overrides", []):
            properties = {entry["id"]: entry["value"] for entry in override["properties"]}
            edge = properties.get("custom.fillBelowTo")
            assert edge is None or edge in legends
            filled += edge is not None
    assert filled == len(METRICS)


def test_no_panel_hides_another() -> None:
    """Panels have their own ids and their own places, within 24 columns."""
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    taken = [
        {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        for place in (panel["gridPos"] for panel in PANELS)
    ]
    assert all(x < 24 for cells in taken for x, _ in cells)
    assert not any(one & other for one, other in combinations(taken, 2))


def test_queries_of_a_panel_have_letters_of_their_own() -> None:
    """Grafana tells queries apart by their letters."""
    for panel in PANELS:
        letters = [target["refId"] for target in panel.get("targets", [])]
        assert len(letters) == len(set(letters))
