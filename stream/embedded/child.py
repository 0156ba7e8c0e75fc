"""A child process that ends with this one, however this one ends, and leaves no file."""

import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

GATE = 'read -r _ && exec "$@" </dev/null'
"""Waits for a line of ours before it becomes the program: we may be gone before it is watched."""

WATCH = 'read -r _ || kill -9 "$1"'
"""Reads a pipe of ours, which ends with us, even by SIGKILL; a line says that all is well."""

TAIL = 500  # characters of its output that an error shows


class Child:
    """A program in a session of its own, so that Ctrl-C in our terminal reaches us alone.

    It runs only once a watcher is there to kill it. What it writes goes to a file without a name.
    """

    def __init__(self, command: Sequence[str | Path]) -> None:
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 # closed with the child
        self._process = _shell(GATE, *command, output=self._output)
        self._watcher = _shell(WATCH, str(self.pid), output=self._output)
        _tell(self._process)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def said(self) -> str:
        """Return the end of what it has written so far."""
        self._output.seek(0)
        return self._output.read().decode(errors="replace").strip()[-TAIL:]

    def kill(self) -> None:
        """End it at once: it holds nothing that is worth keeping."""
        self._process.kill()
        self._process.wait()
        _tell(self._watcher)
        self._watcher.wait()
        self._output.close()


def resident(pid: int) -> int:
    """Measure the memory that a process holds, in bytes; 0 when it has ended."""
    if Path("/proc/self/statm").exists():
        try:
            return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf(
                "SC_PAGE_SIZE"
            )
        except OSError:
            return 0
    command = ["ps", "-o", "rss=", "-p", str(pid)]
    told = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return 1024 * int(told.stdout.strip() or 0)


def _shell(script: str, *arguments: str | Path, output: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 # our own script
        ["/bin/sh", "-c", script, "sh", *arguments],
        cwd="/",
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )


def _tell(shell: subprocess.Popen[bytes]) -> None:
    """Write the shell's line; one that has ended already needs none."""
    pipe = shell.stdin
    if pipe:
        try:
            pipe.write(b"\n")
            pipe.close()
        except BrokenPipeError:
            pass
