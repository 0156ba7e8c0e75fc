"""Workers as users run them: `ressenti run -c FILE` processes on a free port of loopback."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.service.kafka import Kafka, unique
from tests.service.process import Process, free_port

Config = Mapping[str, Any]

RESSENTI = (sys.executable, "-m", "stream")
READY_SECONDS = 60
SESSION = "6s"  # the shortest that brokers take by default


class Worker(Process):
    """One worker process; it has ended when the test ends, however that ends."""

    def __init__(self, command: Sequence[str | Path], log: Path, port: int) -> None:
        super().__init__(command, log)
        self.port = port
        self._buried = False

    @property
    def code(self) -> int | None:
        """The exit code, None while it runs."""
        return self._child.poll()

    def get(self, path: str) -> tuple[int, str]:
        """Ask its HTTP server: status and text; status 0 when nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError:
            return 0, ""

    @property
    def ready(self) -> bool:
        """Whether `/readyz` says so."""
        return self.get("/readyz")[0] == 200

    def wait_ready(self, seconds: float = READY_SECONDS) -> Self:
        """Wait until it is ready; `ServiceFailed` with the tail of its log otherwise."""
        self.wait_until(lambda: self.ready, seconds)
        return self

    def _bury(self) -> None:
        if not self._buried:  # a test may end it, and the site once more
            super()._bury()
        self._buried = True

    def freeze(self) -> None:
        """Stop it where it stands (SIGSTOP), as a long pause of the machine would."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on (SIGCONT)."""
        os.kill(self.pid, signal.SIGCONT)


class Site:
    """One installation of a test: its topics' names, its configuration and its workers.

    `with Site(kafka, home, config) as site:` ends every worker that is left at the end. `program`
    stands for `ressenti`.
    """

    def __init__(
        self, kafka: Kafka, home: Path, config: Config, program: Sequence[str | Path] = RESSENTI
    ) -> None:
        self.kafka = kafka
        self.home = home
        self.config = config
        self.program = program
        self.group = unique("site")
        self.updates = f"{self.group}.metrics"
        self.letters = f"{self.group}.letters"
        self.workers: list[Worker] = []

    def source(self, key: str = "survey_answers") -> str:
        """Name the topic of an input."""
        return f"{self.group}.{key}"

    async def create(self, partitions: int, *keys: str) -> None:
        """Create the topics of the inputs."""
        for key in keys or ("survey_answers",):
            # events of tests are old, and retention goes by their time
            config = {"retention.ms": "-1"}
            await self.kafka.create_topic(self.source(key), partitions, config)

    def settings(self, port: int, bootstrap: str | None = None) -> dict[str, Any]:
        """What the configuration file says: the test's own keys over those of every test."""
        inputs = self.config.get("topics", {"survey_answers": ""})
        return {
            **self.config,
            "kafka": {
                "bootstrap": bootstrap or self.kafka.bootstrap,
                "group": self.group,
                "session_timeout": SESSION,
                "shards": 4,
                **self.config.get("kafka", {}),
            },
            "topics": {
                **{key: self.source(key) for key in inputs},
                "metrics": self.updates,
                "alerts": f"{self.group}.alerts",
                "dead_letters": self.letters,
            },
            "web": {"port": port},
            "privacy": {"hash_key": "a key of the tests only", **self.config.get("privacy", {})},
        }

    def file(self, port: int = 0, bootstrap: str | None = None) -> Path:
        """Write the configuration of a worker."""
        path = self.home / f"worker-{port}.toml"
        path.write_text("\n".join(toml(self.settings(port, bootstrap))))
        return path

    def worker(self, bootstrap: str | None = None) -> Worker:
        """Start a worker and do not wait for it; `bootstrap` is another way to the broker."""
        port = free_port()
        command = [*self.program, "run", "-c", self.file(port, bootstrap)]
        worker = Worker(command, self.home / f"worker-{port}.log", port)
        self.workers.append(worker)
        return worker

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for worker in self.workers:
            worker.kill()


def replay(config: Path, *arguments: str) -> list[dict[str, Any]]:
    """Run `ressenti replay` to its end and return the updates that it prints."""
    done = subprocess.run(
        [*RESSENTI, "replay", "-c", config, *arguments],
        capture_output=True,
        timeout=120,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def toml(table: Config) -> Iterator[str]:
    """Yield the lines of a table, one for each of its keys."""
    yield from (f"{json.dumps(name)} = {_written(value)}" for name, value in table.items())


def _written(value: Any) -> str:
    """Write a value in one line; strings, numbers and flags are written alike in JSON."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(toml(value))}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_written, value))}]"
    return json.dumps(value, ensure_ascii=False)
