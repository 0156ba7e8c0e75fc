"""A case: something is wrong, a command is run, and this is what it says."""

import os
import re
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from tests.service.worker import RESSENTI

SECONDS = 60  # that a command may take
CONFIG = "ressenti.toml"
TIMES = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z")
VERSION = re.compile(r"Redis \d+(\.\d+)+")
A_TIME = "2026-11-22T10:00:00.000000Z"

Ports = Mapping[int, int]
"""The ports that a page shows, and those that a run has in their place."""


class Made(msgspec.Struct, frozen=True):
    """A topic that is there beforehand, with records given as (key, value)."""

    name: str
    partitions: int = 4
    config: Mapping[str, str] = {}
    records: Sequence[tuple[bytes | None, bytes]] = ()


class Case(msgspec.Struct, frozen=True):
    """What is wrong, the command's arguments, and the surroundings that it finds.

    A `config` becomes `ressenti.toml`. Ports are written as a page shows them.
    """

    title: str
    command: str
    config: str | None = None
    files: Mapping[str, bytes | None] = {}
    """Other files by name; None: a folder."""
    environ: Mapping[str, str] = {}
    topics: Sequence[Made] = ()
    whole: bool = False
    """Whether the page also shows what was found to be fine."""


class Said(msgspec.Struct, frozen=True):
    """What a command said, and how it ended."""

    stdout: str
    stderr: str
    code: int


def run(case: Case, home: Path, ports: Ports) -> Said:
    """Run the command of a case in a folder of its own."""
    _lay_out(case, home, ports)
    done = subprocess.run(
        [*RESSENTI, *shlex.split(_swapped(case.command, ports))],
        cwd=home,
        env=_environ(case),
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    stdout, stderr = (_shown(out.decode(), ports) for out in (done.stdout, done.stderr))
    return Said(stdout, stderr, done.returncode)


def _lay_out(case: Case, home: Path, ports: Ports) -> None:
    for name, content in case.files.items():
        if content is None:
            (home / name).mkdir()
        else:
            (home / name).write_bytes(content)
    if case.config is not None:
        (home / CONFIG).write_text(_swapped(case.config, ports))


def _environ(case: Case) -> dict[str, str]:
    """Leave out what would change the output, such as the width of the terminal."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    root = str(Path(__file__).parents[2])
    return {**kept, "PYTHONPATH": root, "PYTHONUTF8": "1", **case.environ}


def _swapped(text: str, ports: Ports) -> str:
    """Put the ports of this run in the place of those shown."""
    return re.sub(r"\b\d{4}\b", lambda found: str(ports.get(int(found[0]), found[0])), text)


def _shown(text: str, ports: Ports) -> str:
    shown = {str(actual): str(port) for port, actual in ports.items()}
    text = re.sub(r"\b\d{5}\b", lambda found: shown.get(found[0], found[0]), text)
    return VERSION.sub("Redis 7", TIMES.sub(A_TIME, text))
