"""Every question but the peers and `bench.scale`, one after the other, as Markdown: `make bench`.

About 25 minutes on two idle cores; `--quick` asks the same of fewer events, to see that it runs.
"""

import argparse
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

QUESTIONS = {
    "CPU of an event": ("worker", ("--events", "1000000"), ("--events", "100000", "--repeats=2")),
    "The same in record batches of ten": (
        "worker",
        ("--events", "500000", "--batch", "10"),
        ("--events", "50000", "--batch", "10", "--repeats=1"),
    ),
    "Where it goes": ("stage", (), ("--events", "100000", "--repeats=1")),
    "Against the length of the window": (
        "windows",
        (),
        ("--history", "12000", "--seconds", "4"),
    ),
    "Latency": ("latency", (), ("--seconds", "10")),
    "Recovery": ("recovery", (), ("--rows", "20000", "--repeats=1")),
    "A worker is killed": ("stall", ("--kills", "3"), ("--kills=1", "--session=6s")),
    "Memory without ids": ("memory", ("--events", "1000000"), ("--events", "100000")),
    "Memory with ids": ("memory", ("--events", "1000000", "--ids"), ("--events=100000", "--ids")),
}
"""By heading: the module, its options, and those of a quick run."""


def commands(quick: bool) -> Iterator[tuple[str, list[str]]]:
    """Yield each heading and the command that answers it."""
    for heading, (module, full, short) in QUESTIONS.items():
        yield heading, ["python", "-m", f"bench.{module}", *(short if quick else full)]


def main() -> None:
    """Run all; end with 1 when one fails, after the others."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer events")
    options = parser.parse_args()
    now, cores = datetime.now(UTC), os.cpu_count()
    print(f"{now:%Y-%m-%d}, {cores} cores, load {os.getloadavg()[0]:.1f} at the start, ", end="")
    print(f"Python {platform.python_version()} on {platform.system()} {platform.machine()}")
    failed = 0
    for heading, command in commands(options.quick):
        print(f"\n## {heading}\n`{' '.join(command)}`\n", flush=True)
        done = subprocess.run([sys.executable, *command[1:]], check=False)
        failed += bool(done.returncode)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
