"""The processes that are measured: workers, and programs that print what they have spent."""

import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.config import toml
from tests.service.process import Process, ServiceFailed, free_port

PATIENCE = 240.0  # seconds for a program that prints one number


@contextmanager
def worker(
    bootstrap: str, home: Path, group: str, variables: Mapping[str, str]
) -> Iterator[tuple[Process, int]]:
    """Start `ressenti run` and wait until it is ready; give it and its HTTP port."""
    config = home / "ressenti.toml"
    config.write_text(toml())
    port = free_port()
    names = {"KAFKA__BOOTSTRAP": bootstrap, "KAFKA__GROUP": group, "WEB__PORT": str(port)}
    environment = [f"RESSENTI_{name}={value}" for name, value in {**names, **variables}.items()]
    command = ["env", *environment, sys.executable, "-m", "stream", "run", "-c", str(config)]
    process = Process(command, home / "worker.log")
    try:
        process.wait_until(lambda: get(port, "/readyz") is not None)
        yield process, port
    finally:
        process.stop()


def get(port: int, path: str) -> str | None:
    """Ask a worker's HTTP server; None unless it answers 200."""
    url = f"http://127.0.0.1:{port}{path}"
    with suppress(OSError), urllib.request.urlopen(url, timeout=10) as answer:
        return str(answer.read().decode())
    return None


def printed(module: str, bootstrap: str, topic: str, events: int) -> float:
    """Run `python -m MODULE` until it prints its CPU seconds; return them per event, in us."""
    command = [sys.executable, "-m", module, bootstrap, topic, str(events)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        watch = threading.Timer(PATIENCE, process.kill)
        watch.start()
        try:
            for line in process.stdout or ():
                with suppress(ValueError):  # Faust prints its banner first
                    return float(line) / events * 1e6
        finally:
            watch.cancel()
            process.kill()
    raise ServiceFailed(f"{module} did not read {events} events in {PATIENCE:.0f} s")
