"""A real Prometheus server for tests: it scrapes every second and answers queries."""

import asyncio
import json
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.service.process import Process, Service, ServiceFailed, on_free_port


class Sample(NamedTuple):
    """One series of an instant query's answer; `labels` hold `__name__` where there is one."""

    labels: dict[str, str]
    value: float


class Prometheus(Service):
    """A server on loopback that scrapes `/metrics` of the targets (`host:port`) every second.

    Its data and log live in `home`; a second start goes on with the data, on another port. `rules`
    are files of rules, evaluated every second; `job` is the label that the targets get.
    """

    def __init__(
        self, home: Path, targets: Sequence[str], rules: Sequence[Path] = (), job: str = "tests"
    ) -> None:
        self.home = home
        self._configuration = _configuration(targets, rules, job)
        self.port = 0
        self._process: Process | None = None

    @property
    def url(self) -> str:
        """The address of its API and pages, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        """The server's process id, None while it is down."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the server and wait until it is ready; without effect while it is up."""
        if self._process:
            return
        self.home.mkdir(parents=True, exist_ok=True)
        (self.home / "prometheus.json").write_text(self._configuration)
        on_free_port(self._launch)

    def stop(self) -> None:
        """Shut the server down; without effect while it is down."""
        if self._process:
            self._process.stop()
            self._process = None

    def query(self, promql: str) -> list[Sample]:
        """Evaluate an instant query now; a scalar is one sample without labels."""
        data = self.ask("query", query=promql)
        if data["resultType"] == "scalar":
            return [Sample({}, float(data["result"][1]))]
        return [Sample(row["metric"], float(row["value"][1])) for row in data["result"]]

    def ask(self, path: str, **form: str) -> Any:
        """Return the data that its API answers at `/api/v1/<path>`."""
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(form)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["data"]

    async def wait_for(self, promql: str, seconds: float = 30) -> list[Sample]:
        """Ask until the query has an answer; `ServiceFailed` when it has none in time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if samples := await asyncio.to_thread(self.query, promql):
                return samples
            await asyncio.sleep(0.1)
        raise ServiceFailed(f"no answer in {seconds} s to {promql}")

    def _launch(self, port: int) -> None:
        process = Process(
            [
                "prometheus",
                f"--config.file={self.home / 'prometheus.json'}",
                f"--storage.tsdb.path={self.home / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            self.home / "prometheus.log",
        )
        process.wait_until(lambda: process.says("Server is ready to receive web requests"))
        self._process, self.port = process, port


def promtool(*arguments: str | Path) -> str:
    """Run Prometheus's own checker; what it says, `ServiceFailed` if it finds something wrong."""
    done = subprocess.run(
        ["promtool", *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    if done.returncode:
        raise ServiceFailed(done.stdout + done.stderr)
    return done.stdout


def _configuration(targets: Sequence[str], rules: Sequence[Path], job: str) -> str:
    scraped = {"job_name": job, "static_configs": [{"targets": list(targets)}]}
    times = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    whole = {
        "global": times,
        "rule_files": list(map(str, rules)),
        "scrape_configs": [scraped],
    }
    return json.dumps(whole)  # JSON is YAML
