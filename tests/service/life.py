"""Which processes there are, whoever started them."""

import time
from pathlib import Path


def alive(pid: int) -> bool:
    """Whether the process runs; one that only waits to be reaped does not."""
    return _stat(pid)[:1] not in ([], ["Z"], ["X"])


def gone(pid: int, seconds: float = 10) -> bool:
    """Wait until the process has ended."""
    deadline = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not alive(pid)


def children(pid: int) -> list[int]:
    """List the processes that the process has started and that have not ended."""
    pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    return [one for one in pids if alive(one) and _stat(one)[1:2] == [str(pid)]]


def resident(pid: int, field: str = "VmRSS") -> float:
    """Read how much memory a process has resident, in MB: now, or at most so far (`VmHWM`)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith(field))
    return int(line.split()[1]) / 1024


def _stat(pid: int) -> list[str]:
    """Return the state, the parent and what follows; nothing when it is not there."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
