"""The Grafana board: a row for each metric of the catalog, and one for the stream's health.

Grafana reads it as `deploy/grafana/overview.json`.
"""

import json
from collections.abc import Iterator

from metrics.catalog import METRICS
from metrics.metric import Metric
from stream.document.panel import SOURCE, Json, Look, Place, Query, lines, row, stat
from stream.document.query import BREAKDOWNS, Series, default, live

CHOSEN = ('window="$window"', 'grouping="$grouping"')
SEGMENT = "${segment:raw}"  # matchers, as the variable holds them
EVERY_SEGMENT = 'variant!=""'  # a matcher that is always true
UNITS = {"ratio": "percentunit", "seconds": "s"}  # ours -> Grafana's; others are plain numbers
HEIGHT = 8

DASHED = {"custom.lineStyle": {"fill": "dash", "dash": [4, 4]}}
FAINT = {"custom.lineWidth": 0, "color": {"mode": "fixed", "fixedColor": "text"}}
UPPER = {**FAINT, "custom.fillBelowTo": "lower", "custom.fillOpacity": 12}
TARGET = {**DASHED, "color": {"mode": "fixed", "fixedColor": "green"}}
BENCHMARK = {**DASHED, "color": {"mode": "fixed", "fixedColor": "purple"}}


def render() -> str:
    """Write the board as JSON."""
    return json.dumps(board(), indent=2, ensure_ascii=False) + "\n"


def board() -> Json:
    """Make the board."""
    return {
        "uid": "ressenti-overview",
        "title": "ressenti: overview",
        "description": "Made from the catalog by python -m stream.document: change it there.",
        "tags": ["ressenti"],
        "schemaVersion": 41,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "10s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": _variables()},
        "panels": [{"id": number, **panel} for number, panel in enumerate(_panels(), 1)],
    }


def _panels() -> Iterator[Json]:
    y = 0
    for metric in METRICS.values():
        yield row(metric.title, y)
        yield from _metric(metric, y + 1)
        y += 1 + HEIGHT
    yield row("Stream health", y)
    yield from _health(y + 1)
    yield from _effort(y + 1 + HEIGHT)


def _metric(metric: Metric, y: int) -> Iterator[Json]:
    """Show a metric: its value now, over time with its margin, and its sample size."""
    unit = UNITS.get(default(metric).unit, "short")
    series = Series(metric, *CHOSEN, SEGMENT)
    value = series.value()
    alone = f"and on () (count({value}) == 1)"  # a band around one of many lines says nothing
    yield stat(Look("now", unit, metric.source), Place(0, y, 4, HEIGHT), value)
    yield lines(
        Look("with its margin of error (95 %), if one segment is chosen", unit),
        Place(4, y, 13, HEIGHT),
        Query(value),
        Query(f"{series.upper()} {alone}", "upper", UPPER),
        Query(f"{series.lower()} {alone}", "lower", FAINT),
        Query(f"max({series.companion('target')})", "target", TARGET),
        Query(f"max({series.companion('benchmark')})", "benchmark", BENCHMARK),
    )
    yield lines(Look("samples"), Place(17, y, 7, HEIGHT), Query(series.companion("samples")))


def _health(y: int) -> Iterator[Json]:
    """Show the stream: who works, what arrives, what waits."""
    half = HEIGHT // 2
    yield stat(Look("workers up"), Place(0, y, 4, half), 'sum(up{job="ressenti"})')
    hidden = f"max({live('ressenti_hidden_series')})"
    yield stat(Look("series left out"), Place(0, y + half, 4, half), hidden)
    outcomes = f"sum by (topic, outcome) ({_rate('ressenti_events_total')})"
    yield lines(
        Look("events by what became of them", "cps"), Place(4, y, 10, HEIGHT), Query(outcomes)
    )
    lag = f"sum by (topic) ({live('ressenti_lag_records')})"
    yield lines(Look("records that wait"), Place(14, y, 10, HEIGHT), Query(lag))


def _effort(y: int) -> Iterator[Json]:
    """Show how fresh the values are, what a flush takes and what fails."""
    age = Look("age of the newest counted event while input waits", "s")
    behind = f"max({live('ressenti_watermark_lag_seconds')})"
    yield lines(age, Place(0, y, 8, HEIGHT), Query(behind, "watermark lag"))
    flushes = (Query(_flush(q), f"quantile {q}") for q in (0.5, 0.99))
    yield lines(Look("time of a flush", "s"), Place(8, y, 8, HEIGHT), *flushes)
    yield lines(
        Look("failures", "cps"),
        Place(16, y, 8, HEIGHT),
        Query(f"sum by (sink) ({_rate('ressenti_sink_errors_total')})", "sink {{sink}}"),
        Query(f"sum({_rate('ressenti_losses_total')})", "partitions lost"),
    )


def _rate(counter: str) -> str:
    return f"rate({counter}[$__rate_interval])"


def _flush(q: float) -> str:
    return f"histogram_quantile({q}, sum by (le) ({_rate('ressenti_flush_seconds_bucket')}))"


def _variables() -> list[Json]:
    samples = '{__name__=~"cx_.+_samples"}'
    constant = "instance, pod, job, variant, window, grouping, currency, quantile, scale"
    segments = f'{{__name__=~"cx_.+_samples",{",".join(CHOSEN)}}}'
    return [
        {"name": "datasource", "type": "datasource", "label": "Data source", "query": "prometheus"},
        _variable("window", f"label_values({samples}, window)", "24h"),
        _variable("grouping", f"label_values({samples}, grouping)", "all"),
        {
            **_variable(
                "segment",
                f"query_result(max without ({constant}, {', '.join(BREAKDOWNS)}) ({segments}))",
                "All",
            ),
            "current": {"text": "All", "value": "$__all"},
            "regex": r"/\{(.+)\}/",
            "includeAll": True,
            "allValue": EVERY_SEGMENT,
        },
    ]


def _variable(name: str, query: str, first: str) -> Json:
    return {
        "name": name,
        "type": "query",
        "label": name.title(),
        "datasource": SOURCE,
        "query": {"query": query, "refId": name},
        "current": {"text": first, "value": first},
        "refresh": 2,
        "sort": 1,
        "multi": False,
        "includeAll": False,
    }
