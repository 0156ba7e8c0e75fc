"""A server process that ends when the tests end, however they end."""

import random
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

T = TypeVar("T")

PORTS = range(20_000, 32_000)  # below Linux's ephemeral range: no client socket takes one
TAIL = 2_000  # characters of the log that an error shows


class ServiceFailed(RuntimeError):
    """A service did not start; the message ends with the tail of its log."""


def free_port(neighbours: int = 0) -> int:
    """Return a loopback port that is free now, and so are the `neighbours` after it.

    Another process may still take it first: a start that fails is tried on other ports.
    """
    for port in random.sample(PORTS[:-neighbours] if neighbours else PORTS, k=200):
        if all(_is_free(port + step) for step in range(neighbours + 1)):
            return port
    raise ServiceFailed("no free port between 20000 and 32000")


def on_free_port(start: Callable[[int], T], neighbours: int = 0, attempts: int = 5) -> T:
    """Call `start` with a free port, again with another one while it raises `ServiceFailed`."""
    for _ in range(attempts - 1):
        try:
            return start(free_port(neighbours))
        except ServiceFailed:
            continue  # most likely somebody took the port in between
    return start(free_port(neighbours))


def answers(port: int) -> bool:
    """Say whether somebody listens on the loopback port."""
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0


class Service:
    """What every service does: `with Service():` starts it and stops it."""

    def start(self) -> None:
        """Start it and wait until it serves; without effect while it is up."""
        raise NotImplementedError

    def stop(self) -> None:
        """Shut it down in good order; without effect while it is down."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


class Process:
    """One server process, its output in a log file.

    It runs in its own session, so Ctrl-C reaches the tests first. A watcher (a shell that reads a
    pipe of ours) kills it when the test process is gone, even by SIGKILL.
    """

    def __init__(self, command: Sequence[str | Path], log: Path) -> None:
        self.log = log
        self._log_start = log.stat().st_size if log.exists() else 0
        with log.open("ab") as output:
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._watcher = subprocess.Popen(
            ["/bin/sh", "-c", 'read -r line || kill -9 "$1"', "watcher", str(self.pid)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._child.pid

    @property
    def running(self) -> bool:
        """Whether the process has not ended yet."""
        return self._child.poll() is None

    def output(self) -> str:
        """What this process has written so far."""
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")

    def says(self, words: str) -> bool:
        """Whether the output so far holds these words."""
        return words in self.output()

    def wait_until(self, ready: Callable[[], bool], seconds: float = 60) -> None:
        """Wait until `ready`; a process that ends or is too slow is ended: `ServiceFailed`."""
        deadline = time.monotonic() + seconds
        while self.running and time.monotonic() < deadline:
            if ready():
                return
            time.sleep(0.05)
        state = "is not ready in time" if self.running else "ended at once"
        self.kill()
        raise ServiceFailed(f"{self._child.args!r} {state}:\n{self.output()[-TAIL:]}")

    def stop(self, seconds: float = 20) -> None:
        """Ask the process to end (SIGTERM); kill it when it has not after `seconds`."""
        self._child.terminate()
        try:
            self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            self._child.kill()
        self._bury()

    def kill(self) -> None:
        """End the process at once (SIGKILL)."""
        self._child.kill()
        self._bury()

    def _bury(self) -> None:
        self._child.wait()
        self._watcher.communicate(b"ended\n")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
