"""PromQL over the series of the catalog, as the shipped board and rules ask for them.

While a partition moves, two workers may show the same value for a moment: every query of a gauge
takes one of them, `max without (instance, pod)`. Counters are each process's own and are added.
"""

import math

from metrics.metric import Metric, Variant
from stream.sink.prometheus import value_name

BREAKDOWNS = ("reason", "source", "theme")
"""What splits a value into parts of it. Scales and currencies are numbers of their own."""


def default(metric: Metric) -> Variant:
    """Find the variant that needs no configuration and alone has targets."""
    return next(variant for variant in metric.variants if variant.name == "default")


def live(series: str, *matchers: str) -> str:
    """Select a gauge once, whoever exports it."""
    chosen = f"{{{','.join(matchers)}}}" if matchers else ""
    return f"max without (instance, pod) ({series}{chosen})"


class Series:
    """The series of one metric's default variant, without its breakdowns, under more matchers."""

    def __init__(self, metric: Metric, *matchers: str) -> None:
        self._name = f"cx_{metric.name}"
        self._variant = default(metric)
        self._value = value_name(metric.name, self._variant.unit)
        whole = [f'{name}=""' for name in BREAKDOWNS]
        self._matchers = ('variant="default"', *whole, *matchers)

    def value(self) -> str:
        """Ask for the value."""
        return live(self._value, *self._matchers)

    def companion(self, suffix: str) -> str:
        """Ask for what stands beside the value: margin, samples, target or benchmark."""
        return live(f"{self._name}_{suffix}", *self._matchers)

    def upper(self) -> str:
        """Ask for the value plus its margin, within the metric's range."""
        bound = self._variant.bounds[1]
        return _clamped("clamp_max", f"{self.value()} + {self.companion('margin')}", bound)

    def lower(self) -> str:
        """Ask for the value less its margin, within the metric's range."""
        bound = self._variant.bounds[0]
        return _clamped("clamp_min", f"{self.value()} - {self.companion('margin')}", bound)


def _clamped(function: str, expression: str, bound: float | None) -> str:
    if bound is None or math.isinf(bound):
        return f"({expression})"
    return f"{function}({expression}, {bound:g})"
