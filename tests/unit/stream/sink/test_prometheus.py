"""The exposition: names, labels and lines as Prometheus's own parser reads them."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from metrics.plan import Plan
from metrics.summary import Summary
from metrics.update import Update
from stream.agent.merge import MergeShard, Target
from stream.settings.load import resolve
from stream.sink.prometheus import Exposition, Selection, render, value_name
from stream.transport.batch import TP

UPDATE = Update(
    schema=1,
    metric="nps",
    variant="default",
    window="24h",
    grouping=["region"],
    segment={"region": "fr"},
    by={},
    value=34.0,
    unit="score",
    n=100,
    margin=14.77,
    low=18.24,
    high=47.78,
    status="ok",
    window_start="2026-11-21T10:05:00.000Z",
    window_end="2026-11-22T10:05:00.000Z",
    as_of="2026-11-22T10:03:21.480Z",
    revision=174,
    parts={"promoters": 52, "passives": 30, "detractors": 18},
    previous=None,
    change=None,
    target=40,
    benchmark=None,
)


class Shard(MergeShard):
    """A shard whose values are given."""

    plan = Plan()

    def __init__(self, updates: list[Update]) -> None:
        self.given = updates

    def updates(self, now: int, plan: Plan | None = None) -> Iterator[list[Update]]:
        """Yield each value as a segment's."""
        yield from ([update] for update in self.given)


def update(**changes: Any) -> Update:
    """An update with some fields changed."""
    fields = {name: getattr(UPDATE, name) for name in UPDATE.__struct_fields__}
    return Update(**{**fields, **changes})


def rendered(*updates: Update, **selection: Any) -> Exposition:
    """The text of these values."""
    return asyncio.run(render([Shard(list(updates))], Selection(**selection)))


def samples(*updates: Update, **selection: Any) -> dict[str, list[Sample]]:
    """What Prometheus reads of these values, by series name."""
    found: dict[str, list[Sample]] = {}
    text = rendered(*updates, **selection).text
    for family in text_string_to_metric_families(text):
        assert family.type == "gauge"
        for sample in family.samples:
            found.setdefault(sample.name, []).append(sample)
    return found


def test_a_value_stands_with_its_surroundings() -> None:
    """The value, margin, samples and target; a benchmark only where there is one."""
    found = samples(UPDATE)
    labels = {"window": "24h", "variant": "default", "grouping": "region", "region": "fr"}
    assert {name: one[0].value for name, one in found.items()} == {
        "cx_nps_score": 34.0,
        "cx_nps_margin": 14.77,
        "cx_nps_samples": 100,
        "cx_nps_target": 40,
    }
    assert all(one[0].labels == labels for one in found.values())


def test_any_text_of_a_customer_survives_as_a_label() -> None:
    """Quotes, backslashes, newlines and every script are read back as they were."""
    wild = 'a"b\\c\nd, é 日本 {}='
    (found,) = samples(update(segment={"region": wild}))["cx_nps_score"]
    assert found.labels["region"] == wild


def test_the_total_and_splits_have_their_labels() -> None:
    """The grouping of the total is `all`; what a value is split by is a label of that name."""
    total = update(grouping=[], segment={}, by={"quantile": "0.5"}, variant="quantile")
    (found,) = samples(total)["cx_nps_score"]
    assert found.labels == {
        "window": "24h",
        "variant": "quantile",
        "grouping": "all",
        "quantile": "0.5",
    }


def test_no_data_is_no_series() -> None:
    """Nor is a value of fewer than min_n."""
    assert not samples(update(value=None, n=0))
    assert not samples(update(n=4), min_n=5)


def chosen(**selection: Any) -> list[tuple[str, str, str]]:
    """What is exported of a shard with one answer: metric, window and grouping of each value."""
    settings = resolve(
        {
            "dimensions": ["region"],
            "groupings": [[], ["region"]],
            "topics": {"survey_answers": "a"},
        },
        {},
    )
    shard = MergeShard(TP("partials", 0), settings.plan(), Target("g", "u", "s", {"a": 1}, 1))
    delta = Summary()
    delta.counts = {"nps/0-10/9": 1, "csat/1-5/4": 1}
    now = time.time_ns() // 1_000_000
    for segment in ("[]", '[["region","fr"]]'):
        shard.store.merge(segment, now - now % 10_000, delta)
    text = asyncio.run(render([shard], Selection(**selection))).text
    return sorted(
        (sample.name.split("_")[1], sample.labels["window"], sample.labels["grouping"])
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.endswith(("_score", "_ratio"))
    )


def test_the_configuration_chooses() -> None:
    """By metric, by window, and by the grouping's label; without a choice all are there."""
    everything = chosen()
    for names, place in (("metrics", 0), ("windows", 1), ("groupings", 2)):
        values = {one[place] for one in everything}
        assert len(values) > 1
        for value in values:
            kept = [one for one in everything if one[place] == value]
            assert chosen(**{names: frozenset({value})}) == kept
    assert not chosen(metrics=frozenset())


def test_over_the_limit_the_largest_samples_stay() -> None:
    """Values go whole, the smallest n first; what is left out is counted.

    A small one does not slip into what a larger one left: 4 series of 5 and n 50, then 3 and n 1.
    """
    values = [update(n=n, segment={"region": str(n)}) for n in (5, 50, 20, 40)]
    assert {one.labels["region"] for one in samples(*values, max_series=8)["cx_nps_score"]} == {
        "50",
        "40",
    }
    assert rendered(*values, max_series=8).hidden == 8
    assert rendered(*values, max_series=16).hidden == 0
    few, many = (update(n=1, target=None, benchmark=None), update(n=50, segment={"region": "de"}))
    assert not samples(few, many, max_series=3)
    assert rendered(few, many, max_series=3).hidden == 7


def test_a_unit_is_named_once() -> None:
    """`cx_active_users`, not `cx_active_users_users`."""
    assert value_name("active_users", "users") == "cx_active_users"
    assert value_name("aht", "seconds") == "cx_aht_seconds"
