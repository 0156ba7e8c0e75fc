"""Real Redis servers for tests: Debian's `redis-server`, or the Valkey of the demo's wheel."""

from pathlib import Path

from tests.service.process import Process, Service, answers, on_free_port


class Redis(Service):
    """A server on loopback without persistence: a restart has forgotten everything.

    `program` is the server's path; a second start serves on the same port.
    """

    def __init__(
        self, home: Path, program: str = "redis-server", password: str | None = None
    ) -> None:
        self.home = home
        self._password = password
        self.program = program
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

    def _launch(self, port: int) -> None:
        options = {"port": port, "bind": "127.0.0.1", "save": "", "dir": self.home}
        if self._password:
            options["requirepass"] = self._password
        arguments = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        process = Process([self.program, *arguments], self.home / "redis.log")
        process.wait_until(lambda: answers(port))
        self._process, self.port = process, port
