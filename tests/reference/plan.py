"""What a configuration asks for, in milliseconds."""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
STANDARD = {"aht": ("quantile",)}  # variants without configuration
ACTIVE_ROLLING = ("24h", "7d", "28d", "30d")


def duration(text: str) -> int:
    """Milliseconds of `10m`, `24h`, `200ms`."""
    found = re.fullmatch(r"(\d+)(ms|s|m|h|d)", text)
    if found is None:
        raise ValueError(text)
    return int(found[1]) * UNITS[found[2]]


def length_name(length: int) -> str:
    """The one name of a rolling window: the largest unit that divides it, but 24h not 1d."""
    if length == UNITS["d"]:
        return "24h"
    unit = next(unit for unit in ("d", "h", "m", "s") if length % UNITS[unit] == 0)
    return f"{length // UNITS[unit]}{unit}"


@dataclass(frozen=True)
class Plan:
    """A configuration, read; lengths of time in milliseconds."""

    zone: ZoneInfo
    week_start: int
    dimensions: tuple[str, ...]
    groupings: tuple[tuple[str, ...], ...]
    rolling: tuple[int, ...]
    calendar: tuple[str, ...]
    lateness: int
    skew: int
    dedupe: int
    entities: int
    responses: int
    thin_below: int
    metrics: dict[str, dict[str, Any]]
    targets: dict[str, float]
    benchmarks: dict[str, float]

    def variants(self, metric: str) -> set[str]:
        """The variants besides `default`: those listed, else the metric's standard ones."""
        return set(self.metrics.get(metric, {}).get("variants", STANDARD.get(metric, ())))

    def enabled(self, metric: str) -> bool:
        """Whether the metric is asked for at all."""
        return bool(self.metrics.get(metric, {}).get("enabled", True))

    def threshold(self, metric: str, scale: tuple[int, int]) -> int | None:
        """The configured least good score of a scale."""
        table = self.metrics.get(metric, {}).get("thresholds", {})
        found = table.get(f"{scale[0]}-{scale[1]}")
        return None if found is None else int(found)

    def low_is_good(self, metric: str) -> bool:
        """Whether scores of the metric are mirrored."""
        return bool(self.metrics.get(metric, {}).get("low_is_good", False))

    def windows(self, metric: str) -> list[int]:
        """Lengths of the metric's rolling windows; active users always have theirs."""
        always = ACTIVE_ROLLING if metric == "active_users" else ()
        return sorted({*self.rolling, *map(duration, always)})


def plan(config: dict[str, Any]) -> Plan:
    """The plan of a configuration as TOML parses it, with the contract's defaults."""
    windows = config.get("windows", {})
    metrics = config.get("metrics", {})
    return Plan(
        zone=ZoneInfo(config.get("zone", "UTC")),
        week_start=WEEKDAYS.index(config.get("week_start", "monday")),
        dimensions=tuple(config.get("dimensions", ())),
        groupings=tuple(tuple(grouping) for grouping in config.get("groupings", [[]])),
        rolling=tuple(duration(text) for text in windows.get("rolling", ["1h", "24h", "30d"])),
        calendar=tuple(windows.get("calendar", ["today"])),
        lateness=duration(windows.get("allowed_lateness", "10m")),
        skew=duration(windows.get("future_skew", "5m")),
        dedupe=duration(windows.get("dedupe_for", "24h")),
        entities=duration(windows.get("entities_for", "400d")),
        responses=duration(windows.get("responses_for", "35d")),
        thin_below=metrics.get("thin_below", 30),
        metrics={name: table for name, table in metrics.items() if isinstance(table, dict)},
        targets=config.get("targets", {}),
        benchmarks=config.get("benchmarks", {}),
    )


QUANTILES = {text: Fraction(text) for text in ("0.5", "0.9", "0.95", "0.99")}
