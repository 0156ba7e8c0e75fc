"""A service ends with the tests, however they end."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.service.life import gone
from tests.service.process import Process, ServiceFailed, answers, free_port, on_free_port

SUICIDE = """\
import os, signal, sys
from pathlib import Path
from tests.service.process import Process
print(Process(["sleep", "60"], Path(sys.argv[1])).pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_test_run_leaves_no_process(tmp_path: Path) -> None:
    """When the test process itself gets SIGKILL, the watcher ends what it started."""
    command = [sys.executable, "-c", SUICIDE, str(tmp_path / "log")]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=30, check=False)
    assert done.returncode == -9
    assert gone(int(done.stdout))


def test_stop_ends_a_process_that_ignores_sigterm(tmp_path: Path) -> None:
    """SIGTERM first, SIGKILL after the time allowed."""
    deaf = Process(["sh", "-c", "trap '' TERM; echo up; sleep 60"], tmp_path / "log")
    deaf.wait_until(lambda: deaf.says("up"))
    deaf.stop(seconds=0.2)
    assert not deaf.running
    assert gone(deaf.pid)


def test_a_process_that_ends_early_shows_its_log(tmp_path: Path) -> None:
    """The error names what the process said last."""
    broken = Process(["sh", "-c", "echo no disk; exit 1"], tmp_path / "log")
    with pytest.raises(ServiceFailed, match="no disk"):
        broken.wait_until(lambda: False)


def test_a_process_that_is_too_slow_is_ended(tmp_path: Path) -> None:
    """Nothing that was given up is left running."""
    slow = Process(["sleep", "60"], tmp_path / "log")
    with pytest.raises(ServiceFailed, match="in time"):
        slow.wait_until(lambda: False, seconds=0.1)
    assert gone(slow.pid)


def test_a_start_is_tried_on_another_port() -> None:
    """A port that somebody took in between costs an attempt, not the test."""
    tried: list[int] = []

    def start(port: int) -> int:
        tried.append(port)
        if len(tried) < 3:
            raise ServiceFailed("address in use")
        return port

    assert on_free_port(start) == tried[2]
    assert len(set(tried)) == 3


def test_a_free_port_is_silent() -> None:
    """Nobody listens on a port that is called free."""
    assert not answers(free_port())
