"""The settings as a whole, and what must hold between their parts."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated

import msgspec

from metrics.calendar import WEEKDAYS, Calendar
from metrics.plan import Plan
from metrics.segment import Grouping
from metrics.zone import Zone
from stream.settings import kafka, segment, sink, topic
from stream.settings.alert import ALERTS
from stream.settings.fault import Fault, Faults
from stream.settings.kafka import Kafka
from stream.settings.kind import choice
from stream.settings.metric import GOALS, METRICS_TABLE, Metrics
from stream.settings.privacy import Privacy, check_hash_key
from stream.settings.section import Key
from stream.settings.segment import DIMENSIONS, GROUPINGS, Segments
from stream.settings.sink import Prometheus, Redis, Web
from stream.settings.topic import Topics
from stream.settings.window import ZONE, Windows


class Settings(msgspec.Struct, frozen=True):
    """Everything that is configured, checked; durations are whole milliseconds."""

    zone: Annotated[Zone, Key(ZONE, "Time zone of calendar windows.")] = Zone()
    week_start: Annotated[str, Key(choice(*WEEKDAYS), "First day of the week.")] = "monday"
    dimensions: Annotated[
        tuple[str, ...],
        Key(
            DIMENSIONS,
            "What events can be told apart by: names in `dims`, or of own fields. Names that "
            "mean something else as a label or as a parameter of the API are refused.",
        ),
    ] = ()
    groupings: Annotated[
        tuple[Grouping, ...],
        Key(GROUPINGS, "Lists of dimensions that values are split by; `[]` is the overall total."),
    ] = ((),)
    kafka: Kafka = Kafka()
    topics: Topics = Topics()
    redis: Redis | None = None
    web: Web = Web()
    windows: Windows = Windows()
    metrics: Annotated[Metrics, Key(METRICS_TABLE, "What to compute of the catalog.")] = Metrics()
    segments: Segments = Segments()
    targets: Annotated[
        Mapping[str, float], Key(GOALS, "By metric, the value to reach; exported beside it.")
    ] = {}
    benchmarks: Annotated[
        Mapping[str, float], Key(GOALS, "By metric, the value of others; exported beside it.")
    ] = {}
    alerts: Annotated[tuple[()], Key(ALERTS, "Planned, not available yet.")] = ()
    privacy: Privacy = Privacy()
    prometheus: Prometheus = Prometheus()

    def plan(self) -> Plan:
        """Give the core its part: what to compute, and how events count."""
        calendar = Calendar(self.zone, self.week_start)
        windows = self.windows
        return Plan(
            calendar=calendar,
            dimensions=self.dimensions,
            groupings=self.groupings,
            choices=self.metrics.choices(windows.all(calendar)),
            unused=self.metrics.unused(),
            max_segments=self.segments.max,
            allow=self.segments.keys(self.groupings),
            allowed_lateness=windows.allowed_lateness,
            future_skew=windows.future_skew,
            dedupe_for=windows.dedupe_for,
            entities_for=windows.entities_for,
            responses_for=windows.responses_for,
            thin_below=self.metrics.thin_below,
            min_n=self.privacy.min_n,
            targets=dict(self.targets),
            benchmarks=dict(self.benchmarks),
        )


Check = Callable[[Settings], Iterable[Fault]]


def _exported_metrics(settings: Settings) -> Iterable[Fault]:
    there = [choice.metric.name for choice in settings.plan().choices]
    return sink.check("metrics", settings.prometheus.metrics, there)


def _exported_windows(settings: Settings) -> Iterable[Fault]:
    there = [window.name for window in settings.plan().windows()]
    return sink.check("windows", settings.prometheus.windows, there)


def _exported_groupings(settings: Settings) -> Iterable[Fault]:
    there = [",".join(grouping) or "all" for grouping in settings.groupings]
    return sink.check("groupings", settings.prometheus.groupings, there)


CHECKS: tuple[tuple[tuple[str, ...], Check], ...] = (
    (("kafka",), lambda settings: kafka.check(settings.kafka)),
    (("topics",), lambda settings: topic.check(settings.topics)),
    (
        ("dimensions", "groupings"),
        lambda settings: segment.check_groupings(settings.dimensions, settings.groupings),
    ),
    (
        ("dimensions", "groupings", "segments"),
        lambda settings: segment.check_allow(settings.groupings, settings.segments),
    ),
    (("metrics", "prometheus.metrics"), _exported_metrics),
    (("metrics", "windows", "prometheus.windows"), _exported_windows),
    (("groupings", "prometheus.groupings"), _exported_groupings),
)
"""What is to be found wrong between keys, with the keys that must be right to look at all."""


NEEDED: Mapping[str, Check] = {
    "privacy": lambda settings: check_hash_key(settings.privacy),
    "topics": lambda settings: topic.check_inputs(settings.topics),
}
"""What some commands need besides, by its table; a worker all of it."""


def check(settings: Settings, found: Sequence[Fault], needs: Iterable[str] = ()) -> Faults:
    """Find what is wrong between keys; where a key is at fault already nothing is added.

    `needs` names what is needed besides, of `NEEDED`.
    """
    faults = Faults()
    for keys, look in (*CHECKS, *(((table,), NEEDED[table]) for table in needs)):
        if not any(fault.within(key) for fault in found for key in keys):
            faults += look(settings)
    return faults
