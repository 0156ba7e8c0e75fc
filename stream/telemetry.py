"""Telemetry: the process's own health as Prometheus series, all named `ressenti_*`, in one list.

The customers' numbers are not here but for the counters of what was committed, which Prometheus
wants from the process that did it.
"""

from importlib.metadata import version

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)

from stream.agent.fold import Flushed
from stream.transport.batch import TP


class Telemetry:
    """Every series that a worker keeps about itself, in a registry of its own."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = registry = CollectorRegistry()
        self.events = Counter(
            "ressenti_events",
            "Events by what became of them, counted when they are committed.",
            ["topic", "outcome"],
            registry=registry,
        )
        self.lag = Gauge(
            "ressenti_lag_records",
            "Records of a partition that are not processed yet.",
            ["topic", "partition"],
            registry=registry,
        )
        self.watermark_lag = Gauge(
            "ressenti_watermark_lag_seconds",
            "Age of the oldest watermark among this worker's source partitions with input waiting.",
            registry=registry,
        )
        self.flush = Histogram(
            "ressenti_flush_seconds",
            "Time of one flush, evaluation and transaction.",
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
            registry=registry,
        )
        self.claims = Counter(
            "ressenti_claims", "Assignments of partitions claimed.", registry=registry
        )
        self.losses = Counter(
            "ressenti_losses", "Partitions lost to a failure and claimed again.", registry=registry
        )
        self.sink_errors = Counter(
            "ressenti_sink_errors", "Failures of a sink.", ["sink"], registry=registry
        )
        self.incomplete = Counter(
            "ressenti_incomplete",
            "Events left out of a metric because they lack what it needs.",
            ["metric"],
            registry=registry,
        )
        self.hidden_series = Gauge(
            "ressenti_hidden_series",
            "Series left out of /metrics by max_series, those with the fewest samples.",
            registry=registry,
        )
        self.answers = Counter(
            "cx_survey_answers",
            "Survey answers committed, by type and category.",
            ["type", "category"],
            registry=registry,
        )
        self.tickets = Counter(
            "cx_tickets_closed", "Ticket closures committed.", ["outcome"], registry=registry
        )
        self.corrections = Counter(
            "cx_corrections", "Corrections of former events committed.", registry=registry
        )
        self.handle = Histogram(
            "cx_ticket_handle_seconds",
            "Handle time of tickets committed.",
            buckets=(30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 86400),
            registry=registry,
        )
        info = Gauge(
            "ressenti_build_info", "Version of this worker.", ["version"], registry=registry
        )
        info.labels(version("ressenti")).set(1)

    def committed(self, tp: TP, flushed: Flushed) -> None:
        """Count a flush that is committed."""
        for outcome, n in flushed.outcomes.items():
            self.events.labels(tp.topic, outcome).inc(n)
        tally = flushed.tally
        for (kind, category), n in tally.answers.items():
            self.answers.labels(kind, category).inc(n)
        for outcome, n in tally.closed.items():
            self.tickets.labels(outcome).inc(n)
        for metric, n in tally.incomplete.items():
            self.incomplete.labels(metric).inc(n)
        for seconds in tally.handled:
            self.handle.observe(seconds)
