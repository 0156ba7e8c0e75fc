"""`/api/catalog`: what this installation computes, in which words."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import msgspec

from metrics.calendar import Open
from metrics.metric import Variant
from metrics.plan import Choice, Plan
from metrics.window import Window


def catalog(plan: Plan, topics: Mapping[str, str], closed: list[str]) -> bytes:
    """Describe a plan as JSON.

    `topics` are those that are read, by their keys; `closed` the closed windows seen so far.
    """
    return msgspec.json.encode(
        {
            "version": version("ressenti"),
            "metrics": [_metric(choice, plan) for choice in plan.choices],
            "windows": [_window(window) for window in plan.windows()],
            "closed_windows": closed,
            "groupings": plan.groupings,
            "dimensions": plan.dimensions,
            "topics": topics,
            "zone": plan.calendar.zone.name,
            "thin_below": plan.thin_below,
            "min_n": plan.min_n,
        }
    )


def _metric(choice: Choice, plan: Plan) -> dict[str, Any]:
    metric = choice.metric
    return {
        "name": metric.name,
        "title": metric.title,
        "unit": next(one.unit for one in metric.variants if one.name == "default"),
        "direction": "higher_is_better" if metric.higher_is_better else "lower_is_better",
        "variants": [_variant(variant) for variant in choice.variants],
        "windows": [window.name for window in choice.windows],
        "inputs": metric.inputs,
        "source": metric.source,
        "target": plan.targets.get(metric.name),
        "benchmark": plan.benchmarks.get(metric.name),
    }


def _variant(variant: Variant) -> dict[str, Any]:
    low, high = variant.bounds
    return {"name": variant.name, "unit": variant.unit, "low": low, "high": high}


def _window(window: Window) -> dict[str, str]:
    return {"name": window.name, "kind": "calendar" if isinstance(window, Open) else "rolling"}
