"""The JSON API and the events of a real worker, which follows a real topic."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, ClientTimeout
from aiokafka import AIOKafkaProducer

from tests.service.kafka import Kafka
from tests.service.press import Press, update
from tests.service.reader import records
from tests.service.worker import Site, Worker

SECONDS = 60
CONFIG: dict[str, Any] = {
    "dimensions": ["region"],
    "groupings": [[], ["region"]],
    "windows": {"rolling": ["1h", "24h"], "calendar": ["today"]},
    "targets": {"nps": 40},
}


@pytest.fixture
async def site(kafka: Kafka, tmp_path: Path) -> AsyncIterator[Site]:
    """An installation without workers."""
    kafka.start()  # a failed test may have left it down
    with Site(kafka, tmp_path, CONFIG) as made:
        await made.create(1)
        yield made


@pytest.fixture
def worker(site: Site) -> Worker:
    """A worker of it that is ready."""
    return site.worker().wait_ready()


def get(worker: Worker, path: str) -> Any:
    """The JSON that is answered, once it is; errors too."""
    status, text = worker.get(path)
    while status in (0, 503):
        status, text = worker.get(path)
    return json.loads(text)


async def until(worker: Worker, path: str, there: Callable[[Any], bool]) -> Any:
    """Ask again until the answer is as wanted."""
    async with asyncio.timeout(SECONDS):
        while not there(  # noqa: ASYNC110 (a poll)
            found := await asyncio.to_thread(get, worker, path)
        ):
            await asyncio.sleep(0.05)
    return found


@asynccontextmanager
async def events(worker: Worker, query: str = "") -> AsyncIterator[AsyncIterator[tuple[str, Any]]]:
    """The events of a worker: their types and data."""
    url = f"http://127.0.0.1:{worker.port}/events?{query}"
    limit = ClientTimeout(total=None, sock_read=SECONDS)
    async with ClientSession(timeout=limit) as session, session.get(url) as response:
        assert response.headers["Content-Type"].startswith("text/event-stream")
        assert await response.content.readuntil(b"\n\n") == b"retry: 2000\n: ressenti\n\n"

        async def read() -> AsyncIterator[tuple[str, Any]]:
            kind = "message"
            async for line in response.content:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name == "event":
                    kind = value
                elif name == "data":
                    yield kind, json.loads(value)
                    kind = "message"

        yield read()


async def send(site: Site, scores: Iterator[int]) -> None:
    """Answers of two regions, of now."""
    async with AIOKafkaProducer(bootstrap_servers=site.kafka.bootstrap) as client:
        for number, score in enumerate(scores):
            event = {
                "id": f"{number}-{time.time_ns()}",
                "at": time.time_ns() // 1_000_000,
                "type": "nps",
                "score": score,
                "dims": {"region": ("fr", "de")[number % 2]},
            }
            await client.send(site.source(), json.dumps(event).encode())


async def test_values_are_the_updates_on_the_topic(site: Site, worker: Worker) -> None:
    """What is answered is, key by key, the newest record, to the field; filters choose of it."""
    await send(site, iter(range(11)))
    path = "/api/values?metric=nps&window=1h&variant=default"
    found = await until(worker, path, lambda found: {one["n"] for one in found} == {5, 6, 11})
    await asyncio.to_thread(worker.stop)
    newest = {one.key: one.value for one in await records(site.kafka, site.updates)}
    for one in found:
        parts = [one["metric"], one["variant"], one["window"], one["segment"], one["by"]]
        key = json.dumps(parts, separators=(",", ":")).encode()
        assert json.loads(newest[key] or b"") == one
    assert {json.dumps(one["segment"]) for one in found} == {
        *('{"region": "fr"}', '{"region": "de"}', "{}")
    }
    assert all(one["target"] == 40 for one in found)


async def test_filters_and_refusals(site: Site, worker: Worker) -> None:
    """Each parameter narrows the answer; what is not known is refused, with what is."""
    async with Press(site.kafka, site.updates) as press:
        await press.put(
            [
                update("nps", "24h"),
                update("nps", "1h", segment={"region": "fr"}),
                update("csat", "24h", value=0.5, segment={"region": "fr"}),
                update("aht", "24h", variant="quantile", by={"quantile": "0.9"}, value=9.0),
                update("nps", "day:2026-11-21", segment={"region": "fr"}),
            ]
        )
    await until(worker, "/api/values", lambda found: len(found) == 5)
    for query, count in {
        "metric=nps": 3,
        "metric=nps&metric=csat": 4,
        "window=24h": 3,
        "region=fr": 3,
        "grouping=all": 2,
        "grouping=region&region=fr&window=1h": 1,
        "quantile=0.9": 1,
        "window=day:2026-11-21": 1,
        "region=nowhere": 0,
        "metric=&window=": 5,
    }.items():
        found = await asyncio.to_thread(get, worker, f"/api/values?{query}")
        assert len(found) == count, query
    for query, words in {"metrik=nps": "metric", "window=2h": "1h, 24h", "metric=x": "nps"}.items():
        for path in ("values", "ranking"):
            status, text = await asyncio.to_thread(worker.get, f"/api/{path}?{query}")
            assert status == 400
            assert words in json.loads(text)["error"]


async def test_the_catalog_says_what_is_computed(site: Site, worker: Worker) -> None:
    """Metrics with their words, windows, groupings and dimensions of this installation."""
    catalog = await asyncio.to_thread(get, worker, "/api/catalog")
    assert [one["name"] for one in catalog["windows"]][:3] == ["1h", "24h", "today"]
    assert catalog["groupings"] == [[], ["region"]]
    assert catalog["dimensions"] == ["region"]
    assert catalog["topics"] == {"survey_answers": site.source()}
    metrics = {one["name"]: one for one in catalog["metrics"]}
    assert metrics["nps"]["direction"] == "higher_is_better"
    assert metrics["aht"]["direction"] == "lower_is_better"
    assert metrics["nps"]["unit"] == "score"
    assert metrics["nps"]["target"] == 40
    assert "Reichheld" in metrics["nps"]["source"]
    assert metrics["aht"]["variants"][1]["name"] == "quantile"


async def test_events_bring_what_is_published(site: Site, worker: Worker) -> None:
    """An update is one message; a tombstone is `removed` and takes the value from the API."""
    one = update("csat", value=0.75, n=4, segment={"region": "fr"})
    await asyncio.to_thread(get, worker, "/api/values")
    async with Press(site.kafka, site.updates) as press, events(worker, "region=fr") as stream:
        await press.put([update("csat", value=0.5, segment={"region": "de"}), one])
        kind, data = await anext(stream)
        assert (kind, data["metric"], data["n"]) == ("message", "csat", 4)
        await press.take_back(one)
        kind, data = await anext(stream)
        assert (kind, data) == ("removed", ["csat", "default", "24h", {"region": "fr"}, {}])
    assert await asyncio.to_thread(get, worker, "/api/values?region=fr") == []


async def test_values_of_all_workers_survive_a_restart_of_the_broker(site: Site) -> None:
    """Two workers answer alike, before and after, and hear what is published later."""
    workers = [site.worker(), site.worker()]
    for worker in workers:
        await asyncio.to_thread(worker.wait_ready)
    async with Press(site.kafka, site.updates) as press:
        await press.put([update(segment={"region": name}) for name in ("fr", "de")])
    for worker in workers:
        await until(worker, "/api/values?metric=nps", lambda found: len(found) == 2)
    await asyncio.to_thread(site.kafka.restart)
    async with Press(site.kafka, site.updates) as press:
        await press.put([update(segment={"region": "us"})])
    for worker in workers:
        await until(worker, "/api/values?metric=nps", lambda found: len(found) == 3)


async def test_a_worker_ends_in_seconds_whoever_listens(site: Site, worker: Worker) -> None:
    """Pages are told the end; nothing is waited for."""
    await asyncio.to_thread(get, worker, "/api/values")
    async with events(worker) as stream:
        began = time.monotonic()
        await asyncio.to_thread(worker.stop)
        assert [one async for one in stream] == []
    assert worker.code == 0
    assert time.monotonic() - began < 15


async def test_status_is_of_this_worker(site: Site, worker: Worker) -> None:
    """Events by what became of them, a rate once it is known, and whether it is ready."""
    await send(site, iter([9, 9, 3, 11]))
    status = await until(worker, "/api/status", lambda found: found["events"]["dead"])
    assert {name: n for name, n in status["events"].items() if n} == {"folded": 3, "dead": 1}
    assert status["ready"] is True
    assert status["problems"] == []
    assert status["lag_records"] == 0
    later = await until(worker, "/api/status", lambda found: found["at"] != status["at"])
    assert later["events_per_second"] >= 0


async def test_segments_and_ranking(site: Site, worker: Worker) -> None:
    """Segments are searched, and the worst stand first."""
    async with Press(site.kafka, site.updates) as press:
        await press.put(
            update(segment={"region": f"City {n:03}"}, value=float(n), change=-float(n), margin=5.0)
            for n in range(300)
        )
    found = await until(worker, "/api/segments", lambda found: found["segments"] == 300)
    assert len(found["rows"]) == 50
    found = await asyncio.to_thread(get, worker, "/api/segments?search=city+29&limit=20")
    assert found["matching"] == 13
    assert found["rows"][0] == {"region": "City 029"}
    path = "/api/ranking?metric=nps&window=24h&grouping=region&limit=2"
    found = await asyncio.to_thread(get, worker, path)
    assert [one["value"] for one in found["rows"]] == [299.0, 298.0]
    assert found["segments"] == 300


async def test_a_run_over_old_data_shows_their_days(site: Site, worker: Worker) -> None:
    """Years ago by the clock, published now: what is kept is measured by the days themselves."""
    async with AIOKafkaProducer(bootstrap_servers=site.kafka.bootstrap) as client:
        for day in ("2015-01-01", "2017-05-29", "2017-05-30"):
            event = {"id": day, "at": f"{day}T12:00:00Z", "type": "nps", "score": 9}
            await client.send(site.source(), json.dumps(event).encode())
    path = "/api/values?metric=nps&grouping=all&window=day:2015-01-01"
    days = "&window=day:2017-05-29&window=day:2017-05-30"
    kept = {"day:2017-05-29": 1, "day:2017-05-30": 1}
    await until(
        worker, path + days, lambda found: {one["window"]: one["n"] for one in found} == kept
    )
    closed = (await asyncio.to_thread(get, worker, "/api/catalog"))["closed_windows"]
    assert "day:2017-05-30" in closed
    assert "day:2015-01-01" not in closed


async def test_there_are_no_alerts_yet(worker: Worker) -> None:
    """Who asks by the contract gets an array, and need not wait for values."""
    assert await asyncio.to_thread(worker.get, "/api/alerts") == (200, "[]")
