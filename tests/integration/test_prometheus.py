"""The Prometheus harness itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Gauge, start_http_server

from tests.service.process import free_port
from tests.service.prometheus import Prometheus


@pytest.fixture
def target() -> Iterator[str]:
    """A tiny exporter with `cx_probe{region="fr"} 34`."""
    registry = CollectorRegistry()
    Gauge("cx_probe", "a number to find again", ["region"], registry=registry).labels("fr").set(34)
    port = free_port()
    server, thread = start_http_server(port, "127.0.0.1", registry)
    yield f"127.0.0.1:{port}"
    server.shutdown()
    server.server_close()
    thread.join()


async def test_a_scraped_series_is_found(tmp_path: Path, target: str) -> None:
    """What a target exports is there, with its labels, within seconds."""
    with Prometheus(tmp_path, [target]) as prometheus:
        (sample,) = await prometheus.wait_for("cx_probe")
    assert sample.value == 34
    assert sample.labels == {
        "__name__": "cx_probe",
        "instance": target,
        "job": "tests",
        "region": "fr",
    }


def test_a_scalar_is_a_sample(tmp_path: Path) -> None:
    """Arithmetic needs no target, and a query without series answers nothing."""
    with Prometheus(tmp_path, []) as prometheus:
        assert prometheus.query("6 * 7") == [({}, 42.0)]
        assert prometheus.query("cx_nobody") == []


def test_no_server_is_left(tmp_path: Path) -> None:
    """After the block the process has ended."""
    with Prometheus(tmp_path, []) as prometheus:
        pid = prometheus.pid
    assert prometheus.pid is None
    assert not Path(f"/proc/{pid}").exists()
