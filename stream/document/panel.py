"""Panels of a Grafana dashboard: what is asked, and how it is drawn."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

Json = dict[str, object]

SOURCE: Json = {"type": "prometheus", "uid": "${datasource}"}
AUTOMATIC = "__auto"  # Grafana names a series by the labels that differ
OPTIONS: dict[str, Json] = {
    "stat": {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "colorMode": "none",
        "graphMode": "none",
        "textMode": "auto",
        "justifyMode": "auto",
        "orientation": "auto",
        "wideLayout": True,
        "showPercentChange": False,
        "percentChangeColorMode": "standard",
    },
    "timeseries": {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
}
"""How a kind of panel is drawn."""
FIELDS: dict[str, Json] = {
    "stat": {},
    "timeseries": {
        "custom": {"drawStyle": "line", "lineWidth": 1, "fillOpacity": 0, "spanNulls": False}
    },
}
"""How the series of a kind of panel are drawn."""


class Query(msgspec.Struct, frozen=True):
    """One query of a panel; `style` changes how its series are drawn."""

    expr: str
    legend: str = AUTOMATIC
    style: Mapping[str, object] = {}


class Place(msgspec.Struct, frozen=True):
    """Where a panel is, in columns of 24 and rows."""

    x: int
    y: int
    w: int
    h: int


class Look(msgspec.Struct, frozen=True):
    """What a panel says and in which unit of Grafana."""

    title: str
    unit: str = "short"
    description: str = ""


def row(title: str, y: int) -> Json:
    """Head the panels below."""
    return {
        "type": "row",
        "title": title,
        "collapsed": False,
        "gridPos": _grid(Place(0, y, 24, 1)),
        "panels": [],
    }


def stat(look: Look, place: Place, expr: str) -> Json:
    """Show the present value, one for each series."""
    return _panel("stat", look, place, [Query(expr)])


def lines(look: Look, place: Place, *queries: Query) -> Json:
    """Draw values over time; a gap is a time without a value."""
    return _panel("timeseries", look, place, queries)


def _panel(kind: str, look: Look, place: Place, queries: Sequence[Query]) -> Json:
    fields: Json = {"unit": look.unit, **FIELDS[kind]}
    return {
        "type": kind,
        "title": look.title,
        "description": look.description,
        "datasource": SOURCE,
        "gridPos": _grid(place),
        "fieldConfig": {"defaults": fields, "overrides": _overrides(queries)},
        "options": OPTIONS[kind],
        "targets": [_target(number, query) for number, query in enumerate(queries)],
    }


def _target(number: int, query: Query) -> Json:
    return {
        "refId": _letter(number),
        "datasource": SOURCE,
        "editorMode": "code",
        "expr": query.expr,
        "legendFormat": query.legend,
        "range": True,
    }


def _overrides(queries: Iterable[Query]) -> list[Json]:
    return [
        {
            "matcher": {"id": "byFrameRefID", "options": _letter(number)},
            "properties": [{"id": name, "value": value} for name, value in query.style.items()],
        }
        for number, query in enumerate(queries)
        if query.style
    ]


def _letter(number: int) -> str:
    return chr(ord("A") + number)


def _grid(place: Place) -> Json:
    return msgspec.to_builtins(place)  # type: ignore[no-any-return]
