"""The shipped board, rules and settings on a real broker, worker, Redis and Prometheus."""

import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from metrics.catalog import METRICS
from stream.document.rule import HEALTH, target_rule
from tests.service.prometheus import Prometheus, promtool
from tests.service.stack import COMPOSE, DEPLOY, FED, Stack, stack

BOARD: dict[str, Any] = json.loads((DEPLOY / "grafana/overview.json").read_text())
VARIABLES = {variable["name"]: variable for variable in BOARD["templating"]["list"]}
EVERY = VARIABLES["segment"]["allValue"]
SECONDS = 60
EXACT = "active_users"  # few users are counted one by one: no margin


class Query(NamedTuple):
    """One query of the board."""

    metric: str
    """Of whose row it is; empty: the stream's."""
    panel: str
    legend: str
    expr: str

    @property
    def fed(self) -> bool:
        """Whether the stack has events for it."""
        return not self.metric or self.metric in FED

    @property
    def margin(self) -> bool:
        """Whether it is an edge of the band."""
        return self.legend in ("upper", "lower")


def queries() -> Iterator[Query]:
    """Every query of the board."""
    names = {metric.title: metric.name for metric in METRICS.values()}
    name = ""
    for panel in BOARD["panels"]:
        if panel["type"] == "row":
            name = names.get(panel["title"], "")
        for target in panel.get("targets", []):
            yield Query(name, panel["title"], target["legendFormat"], target["expr"])


QUERIES = list(queries())


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack, once its values are scraped twice and its rules were evaluated."""
    with stack(tmp_path_factory.mktemp("stack")) as started:
        prometheus = started.prometheus
        certain = [query for query in QUERIES if query.fed and not query.margin]
        until(lambda: all(prometheus.query(filled(query.expr)) for query in certain))
        until(lambda: all(rule["health"] == "ok" for rule in rules(prometheus)))
        yield started


def until(holds: Callable[[], bool]) -> None:
    """Wait until it holds."""
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it did not come to hold in time"
        time.sleep(0.1)


def filled(text: str, grouping: str = "all", segment: str = EVERY) -> str:
    """Put the variables in as Grafana does."""
    for name, value in (
        ("$__rate_interval", "15s"),
        ("$window", "24h"),
        ("$grouping", grouping),
        ("${segment:raw}", segment),
    ):
        text = text.replace(name, value)
    assert "$" not in text
    return text


def rules(prometheus: Prometheus) -> list[dict[str, Any]]:
    """Every rule that the server has loaded, with its state."""
    return [rule for group in prometheus.ask("rules")["groups"] for rule in group["rules"]]


def active(prometheus: Prometheus) -> set[str]:
    """The names of alerts that are pending or firing."""
    return {rule["name"] for rule in rules(prometheus) if rule["state"] != "inactive"}


@pytest.mark.parametrize(
    ("grouping", "segment"), [("all", EVERY), ("region", 'region="fr"'), ("region", EVERY)]
)
def test_every_query_of_the_board_answers(running: Stack, grouping: str, segment: str) -> None:
    """All but the band where there is no one margin: around many segments, and exact numbers."""
    many = grouping != "all" and segment == EVERY
    for query in QUERIES:
        found = running.prometheus.query(filled(query.expr, grouping, segment))
        bare = query.margin and (many or query.metric == EXACT)
        assert bool(found) == (query.fed and not bare), query


def test_the_board_shows_what_was_counted(running: Stack) -> None:
    """Values are those of the events, the interval holds its value, a split shows each segment."""

    def shown(metric: str, legend: str = "__auto", panel: str = "") -> float:
        expr = next(
            query.expr
            for query in QUERIES
            if (query.metric, query.legend) == (metric, legend) and panel in query.panel
        )
        ((_, value),) = running.prometheus.query(filled(expr))
        return value

    assert shown("nps") == -100 == shown("nps", "lower")
    assert shown("nps", panel="samples") == 120
    assert shown("aht") == 300 + 119 / 2
    assert shown("aht", "lower") < shown("aht") < shown("aht", "upper")


def test_the_variables_offer_what_there_is(running: Stack) -> None:
    """Windows and groupings of the configuration; segments of the chosen grouping, as matchers."""
    assert {"1h", "24h", "30d", "today"} <= values(running.prometheus, "window")
    assert values(running.prometheus, "grouping") == {"all", "region", "region,product"}
    assert segments(running.prometheus, "all") == set()
    assert segments(running.prometheus, "region") == {'region="fr"', 'region="de"'}
    assert segments(running.prometheus, "region,product") == {
        'product="web",region="fr"',
        'product="web",region="de"',
    }


def values(prometheus: Prometheus, variable: str) -> set[str]:
    """What Grafana's `label_values(selector, label)` offers."""
    query = VARIABLES[variable]["query"]["query"]
    match = re.fullmatch(r"label_values\((.+), (\w+)\)", query)
    assert match
    return set(prometheus.ask(f"label/{match[2]}/values", **{"match[]": match[1]}))


def segments(prometheus: Prometheus, grouping: str) -> set[str]:
    """What Grafana's `query_result(query)` offers: each series as text, cut by the expression."""
    query = VARIABLES["segment"]["query"]["query"]
    match = re.fullmatch(r"query_result\((.+)\)", query)
    assert match
    cut = re.compile(VARIABLES["segment"]["regex"].strip("/"))
    found = set()
    for labels, value in prometheus.query(filled(match[1], grouping)):
        inner = ",".join(f'{name}="{text}"' for name, text in labels.items())
        if kept := cut.search(f"{{{inner}}} {value} 0"):
            found.add(kept[1])
    return found


def test_every_rule_is_loaded_and_can_be_evaluated(running: Stack) -> None:
    """Prometheus has all of them, and none fails on real series."""
    found = rules(running.prometheus)
    assert [rule["name"] for rule in found] == [
        rule.alert for rule in (*HEALTH, *map(target_rule, METRICS.values()))
    ]
    assert {rule["health"] for rule in found} == {"ok"}
    for rule in found:
        running.prometheus.query(rule["query"])


def test_a_missed_target_is_noticed(running: Stack) -> None:
    """Nobody recommends us and handling takes long, so those two alerts begin, and no other."""
    until(lambda: active(running.prometheus) == {"NpsBelowTarget", "AhtAboveTarget"})
    alerts = running.prometheus.ask("alerts")["alerts"]
    assert {alert["labels"].get("region", "all") for alert in alerts} == {"all", "fr", "de"}
    assert not any(
        "error expanding" in text for alert in alerts for text in alert["annotations"].values()
    )


def test_the_health_check_of_prometheus_passes(running: Stack) -> None:
    """The command of compose.yaml, with this server's address."""
    name, *arguments = COMPOSE["services"]["prometheus"]["healthcheck"]["test"][1:]
    assert name == "promtool"
    url = running.prometheus.url
    assert promtool(*(url if word.startswith("http") else word for word in arguments))


def test_the_shipped_configuration_of_prometheus_is_right() -> None:
    """Its own checker reads it, and the rules with it."""
    said = promtool("check", "config", DEPLOY / "prometheus/prometheus.yaml")
    assert f"{len(HEALTH) + len(METRICS)} rules found" in said


def test_a_worker_writes_no_file(running: Stack) -> None:
    """It can run on a read-only file system."""
    assert list(running.folder.iterdir()) == []


def test_a_worker_that_is_gone_is_noticed(running: Stack) -> None:
    """The last test of the stack: after its worker has ended, both alerts about it begin."""
    running.worker.stop()
    assert running.worker.code == 0
    until(lambda: active(running.prometheus) >= {"RessentiWorkerDown", "RessentiNoWorker"})
