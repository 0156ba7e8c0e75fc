"""Telemetry: the process's own health as Prometheus series, all named `ressenti_*`, in one list.

Of the customers' numbers there are only the counters of what was committed, which Prometheus wants
from the process that did it.
"""

from collections.abc import Iterable
from functools import partial
from importlib.metadata import version

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)

from metrics.catalog.nps import CATEGORIES
from metrics.event import OUTCOMES
from metrics.scale import FAMILY, GOOD
from stream.agent.fold import Flushed
from stream.transport.batch import TP

FLUSH_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
HANDLE_S = (30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 86400)
EVENT_OUTCOMES = ("dead", "future", "duplicate", "late", "excluded", "folded", "tombstone")
PARTITION = ("topic", "partition")
WATERMARK_LAG = "Age of the oldest watermark of this worker's source partitions with input waiting."
HIDDEN_SERIES = "Series left out of /metrics by max_series, those with the fewest samples."
REFUSED = "Deltas of segments over [segments] max, counted in (other), by grouping."
FLUSH = "Time of one flush, evaluation and transaction."


class Telemetry:
    """Every series that a worker keeps about itself, in a registry of its own."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        counter = partial(Counter, registry=self.registry)
        gauge = partial(Gauge, registry=self.registry)
        self.lag = gauge("ressenti_lag_records", "Records not processed yet.", PARTITION)
        self.watermark_lag = gauge("ressenti_watermark_lag_seconds", WATERMARK_LAG)
        self.hidden_series = gauge("ressenti_hidden_series", HIDDEN_SERIES)
        self.claims = counter("ressenti_claims", "Assignments of partitions claimed.")
        self.losses = counter("ressenti_losses", "Partitions lost to a failure, claimed again.")
        self.sink_errors = counter("ressenti_sink_errors", "Failures of a sink.", ["sink"])
        self._refused = counter("ressenti_refused_deltas", REFUSED, ["grouping"])
        self.flush = Histogram(
            "ressenti_flush_seconds", FLUSH, buckets=FLUSH_S, registry=self.registry
        )
        gauge("ressenti_build_info", "Version.", ["version"]).labels(version("ressenti")).set(1)
        self.events = Events(self.registry)

    def count_refused(self, by_grouping: dict[str, int]) -> None:
        """Count refused deltas whose flush is committed, and take them out."""
        while by_grouping:
            grouping, n = by_grouping.popitem()
            self._refused.labels(grouping).inc(n)


class Events:
    """Counters of committed events, from 0 in each process; `committed` moves them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        counter = partial(Counter, registry=registry)
        self._outcomes = counter(
            "ressenti_events", "Events by what became of them.", ["topic", "outcome"]
        )
        self._incomplete = counter(
            "ressenti_incomplete", "Events that lack what a metric needs.", ["metric"]
        )
        self._answers = counter(
            "cx_survey_answers", "Survey answers by type and category.", ["type", "category"]
        )
        self._tickets = counter("cx_tickets_closed", "Ticket closures by outcome.", ["outcome"])
        self._corrections = counter(
            "cx_corrections", "Contributions of responses and tickets taken back or replaced."
        )
        self._handle = Histogram(
            *("cx_ticket_handle_seconds", "Handle time of tickets."),
            buckets=HANDLE_S,
            registry=registry,
        )

        for kind, family in FAMILY.items():
            for category in (*CATEGORIES.values(),) if kind == "nps" else (GOOD[family], "other"):
                self._answers.labels(kind, category)
        for outcome in OUTCOMES:
            self._tickets.labels(outcome)

    def outcomes(self) -> dict[str, int]:
        """Count the committed events by what became of them, of all topics together."""
        counted: dict[str, int] = {}
        for family in self._outcomes.collect():
            for sample in family.samples:
                name = sample.labels["outcome"]
                counted[name] = counted.get(name, 0) + int(sample.value)
        return counted

    def expect(self, topics: Iterable[str]) -> None:
        """Show the counters of source topics from the start, each with 0."""
        for topic in topics:
            for outcome in EVENT_OUTCOMES:
                self._outcomes.labels(topic, outcome)

    def committed(self, tp: TP, flushed: Flushed) -> None:
        """Count a flush that is committed."""
        for outcome, n in flushed.outcomes.items():
            self._outcomes.labels(tp.topic, outcome).inc(n)
        tally = flushed.tally
        self._corrections.inc(tally.corrections)
        for (kind, category), n in tally.answers.items():
            self._answers.labels(kind, category).inc(n)
        for outcome, n in tally.closed.items():
            self._tickets.labels(outcome).inc(n)
        for metric, n in tally.incomplete.items():
            self._incomplete.labels(metric).inc(n)
        for seconds in tally.handled:
            self._handle.observe(seconds)
