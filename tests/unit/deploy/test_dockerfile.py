"""The image's description, by rule; `tests/integration/test_image.py` runs its steps."""

import re
import subprocess
import sys
from pathlib import Path

from stream.document import ROOT
from stream.settings import load

DOCKERFILE = ROOT / "Dockerfile"
TEXT = DOCKERFILE.read_text()
BUILD, FINAL = TEXT.split("\nFROM ")[1:]


def test_hadolint_has_nothing_to_say() -> None:
    """The linter of Dockerfiles finds no fault, and no rule is turned off."""
    hadolint = str(Path(sys.executable).parent / "hadolint")
    command = [hadolint, "--no-color", "--failure-threshold", "style", str(DOCKERFILE)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    assert "hadolint" not in TEXT


def test_both_stages_are_the_same_python() -> None:
    """What is compiled in one stage runs in the other: same version, same Debian."""
    first, second = BUILD.split()[0], FINAL.split()[0]
    assert re.fullmatch(r"python:3\.\d+\.\d+-trixie", first)
    assert second == first.replace("-trixie", "-slim-trixie")


def test_uv_is_that_of_the_makefile() -> None:
    """The lock file is read by the version that wrote it."""
    (ours,) = re.findall(r"UV_VERSION := (\S+)", (ROOT / "Makefile").read_text())
    assert re.findall(r"uv==(\S+)", TEXT) == [ours]


def test_the_final_stage_installs_nothing() -> None:
    """It takes the finished environment; no tool of the build is in it."""
    assert "RUN" not in FINAL
    assert re.findall(r"^COPY (.*)", FINAL, re.MULTILINE) == [
        "--from=build /opt/ressenti /opt/ressenti"
    ]


def test_it_does_not_run_as_root() -> None:
    """The user is a number, which also clusters can check."""
    assert re.findall(r"^USER (.*)", FINAL, re.MULTILINE) == ["10001:10001"]


def test_a_file_does_not_move_the_port(tmp_path: Path) -> None:
    """A worker of the image listens on the exposed port, which the health check asks."""
    (variable,) = re.findall(r"(RESSENTI_\w+)=(\d+)", FINAL)
    (file := tmp_path / "ressenti.toml").write_text("[web]\nport = 7000\n")
    assert load(file, dict([variable])).web.port == int(variable[1])
    assert re.findall(r"^EXPOSE (.*)", FINAL, re.MULTILINE) == [variable[1]]
    (check,) = re.findall(r"^HEALTHCHECK .*?CMD (.*)", FINAL, re.MULTILINE | re.DOTALL)
    assert f'os.environ[\\"{variable[0]}\\"]' in check


def test_only_what_is_copied_is_sent() -> None:
    """The build's context is a list of what it may see: exactly what it copies."""
    seen = re.findall(r"^!(\S+)", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    copied = [line.split()[:-1] for line in re.findall(r"^COPY (.*)", BUILD, re.MULTILINE)]
    assert sorted(seen) == sorted(name for names in copied for name in names)
    assert (ROOT / ".dockerignore").read_text().startswith("*\n")
