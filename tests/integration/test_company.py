"""A whole company through real Kafka, two workers and a real Prometheus: every number is the batch.

All inputs that count, every metric, good events and bad ones. The events lie in the last 20 hours,
so that none leaves a window while the test lasts.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from math import isclose
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer

from tests.data.company import Lines, generate
from tests.data.source import HOUR, MINUTE, TOPICS, Company, Shares
from tests.reference import batch
from tests.reference.counting import count
from tests.reference.outcome import Outcome, Update
from tests.reference.plan import plan
from tests.reference.record import TOP, Event
from tests.service.judge import Judge
from tests.service.kafka import Kafka
from tests.service.prometheus import Prometheus, Sample
from tests.service.traffic import noon_zone
from tests.service.worker import Site

Name = tuple[str, frozenset[tuple[str, str]]]
"""A series: name and labels."""

CONFIG: dict[str, Any] = {
    "zone": noon_zone(),
    "dimensions": ["region", "product"],
    "groupings": [[], ["region"], ["region", "product"]],
    "topics": dict.fromkeys(TOPICS, ""),
    "windows": {"rolling": ["24h", "30d"], "calendar": ["today", "month"]},
    "metrics": {
        "nps": {"variants": ["mean", "quantile", "promoters"]},
        "aht": {"variants": ["quantile", "mean"]},
    },
    "targets": {"nps": 40, "aht": 300},
    "benchmarks": {"csat": 0.8},
}


def company(now: int) -> Lines:
    """Events of the last hours; without such as only `ingested_at` tells to be in the future."""
    return generate(
        Company(n=3_000, start=now - 20 * HOUR, span=20 * HOUR - MINUTE, shares=Shares(future=0))
    )


async def test_every_number_is_the_batch(kafka: Kafka, tmp_path: Path) -> None:
    """On the topic, at the scrape, and at the scrape again when one of the workers is dead."""
    now = time.time_ns() // 1_000_000
    lines = company(now)
    truth = batch(CONFIG, lines, now, emptied=False)
    with Site(kafka, tmp_path, CONFIG) as site:
        await site.create(2, *TOPICS)
        await send(site, lines)
        first, second = site.worker(), site.worker()
        await asyncio.to_thread(first.wait_ready)
        await asyncio.to_thread(second.wait_ready)
        async with Judge(kafka, site.updates) as judge:
            assert not await judge.settle(truth.updates, 60)
        targets = [f"127.0.0.1:{worker.port}" for worker in (first, second)]
        with Prometheus(tmp_path / "prometheus", targets) as prometheus:
            assert not await differences(prometheus, truth)
            assert counted(prometheus) == told(lines, truth, site)
            first.kill()
            await asyncio.to_thread(second.wait_ready)
            assert not await differences(prometheus, truth)


async def send(site: Site, lines: Lines) -> None:
    """Write every line to its partition."""
    async with AIOKafkaProducer(bootstrap_servers=site.kafka.bootstrap, linger_ms=20) as client:
        for key, partitions in lines.items():
            for number, some in enumerate(partitions):
                for line in some:
                    await client.send(site.source(key), line, partition=number)


async def differences(prometheus: Prometheus, truth: Outcome) -> list[str]:
    """What differs between the truth and what is scraped, once that has come to rest."""
    expected: dict[Name, float] = {}
    for update in truth.updates.values():
        if ":" not in update["window"]:
            expected |= dict(series(update))
    for _ in range(60):
        samples = await asyncio.to_thread(prometheus.query, '{__name__=~"cx_.+",window!=""}')
        found = {identity(sample): sample.value for sample in samples}
        wrong = [
            f"{key}: {found.get(key)}, should be {expected.get(key)}"
            for key in found.keys() | expected.keys()
            if not close(key, found.get(key), expected.get(key))
        ]
        if not wrong and len(samples) == len(found):
            return []
        await asyncio.sleep(0.5)
    return wrong[:5] or ["a series of two owners"]


def close(key: Name, one: float | None, other: float | None) -> bool:
    """Whether two values are the same; quantiles of durations are within 1 % of the true ones."""
    if one is None or other is None:
        return one is other
    is_quantile = key[0] == "cx_aht_seconds" and ("variant", "quantile") in key[1]
    return isclose(one, other, rel_tol=0.01 if is_quantile else 1e-12)


def identity(sample: Sample) -> Name:
    """Name and labels, without those of the scrape."""
    labels = {**sample.labels}
    for name in ("instance", "job"):
        del labels[name]
    return labels.pop("__name__"), frozenset(labels.items())


def series(update: Update) -> Iterator[tuple[Name, float]]:
    """What an update is at the scrape; without data it is nothing."""
    metric, unit = update["metric"], update["unit"]
    labels = {name: update[name] for name in ("window", "variant")}
    labels["grouping"] = ",".join(update["grouping"]) or "all"
    labels |= {**update["segment"], **update["by"]}
    name = "cx_active_users" if metric == "active_users" else f"cx_{metric}_{unit}"
    values = {name: update["value"], f"cx_{metric}_samples": update["n"]}
    for more in ("margin", "target", "benchmark"):
        values[f"cx_{metric}_{more}"] = update[more]
    for name, value in values.items():
        if value is not None and update["value"] is not None:
            yield (name, frozenset(labels.items())), value


def counted(prometheus: Prometheus) -> dict[str, float]:
    """The counters of all workers together."""
    asked = {
        "ressenti_events_total": ("topic", "outcome"),
        "cx_survey_answers_total": ("type", "category"),
        "cx_tickets_closed_total": ("outcome",),
        "cx_ticket_handle_seconds_count": (),
    }
    found: dict[str, float] = {}
    for name, labels in asked.items():
        for sample in prometheus.query(f"sum by ({','.join(labels)}) ({name})"):
            if sample.value:
                found[" ".join([name, *(sample.labels[label] for label in labels)])] = sample.value
    return found


def told(lines: Lines, truth: Outcome, site: Site) -> dict[str, float]:
    """What the counters must say."""
    expected: Counter[str] = Counter()
    for key, counters in truth.counters.items():
        for outcome, n in counters.items():
            expected[f"ressenti_events_total {site.source(key)} {outcome}"] += n
    for key in ("survey_answers", "ticket_closures"):
        for events in count(key, lines[key], plan(CONFIG), None).accepted:
            expected.update(mark for event in events for mark in marks(event))
    return {name: float(n) for name, n in expected.items() if n}


def marks(event: Event) -> Iterator[str]:
    """What one answer or closure adds one to."""
    if event.excluded:
        return
    if event.type and event.kind == "answered":
        yield f"cx_survey_answers_total {event.type} {category(event)}"
    if event.topic == "ticket_closures" and event.kind == "closed":
        yield f"cx_tickets_closed_total {event.outcome}"
        if event.outcome == "resolved" and event.handle_ms is not None:
            yield "cx_ticket_handle_seconds_count"


def category(answer: Event) -> str:
    """What an answer's score means."""
    score, low, high = answer.score or 0, *answer.scale
    if answer.type == "nps":
        return "promoter" if score >= 9 else "passive" if score >= 7 else "detractor"
    if answer.type == "fcr":
        return "yes" if score else "other"
    good, name = (TOP["csat"], "satisfied") if answer.type == "csat" else (TOP["ces"], "easy")
    return name if score > high - good[high - low + 1] else "other"
