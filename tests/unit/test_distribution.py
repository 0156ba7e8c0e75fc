"""What `pip install` brings: both packages, the command, and nothing that is somebody else's."""

import os
import tomllib
import zipfile
from importlib.metadata import distribution, packages_distributions
from pathlib import Path
from typing import Any

import pytest
from hatchling import build

import metrics
import stream

ROOT = Path(__file__).parents[2]


def toml(name: str) -> dict[str, Any]:
    """A TOML file at the root of the project."""
    return tomllib.loads((ROOT / name).read_text())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel as it is built from this tree."""
    folder, before = tmp_path_factory.mktemp("wheel"), Path.cwd()
    os.chdir(ROOT)  # a build backend works on the directory it is called in
    try:
        return zipfile.ZipFile(folder / build.build_wheel(str(folder)))
    finally:
        os.chdir(before)


def test_the_import_names_are_ours_alone() -> None:
    """No other installed distribution brings a package `stream` or `metrics`."""
    owners = packages_distributions()
    assert {*owners.get("stream", []), *owners.get("metrics", [])} <= {"ressenti"}
    assert [Path(package.__path__[0]).parent for package in (stream, metrics)] == [ROOT, ROOT]


def test_the_command_is_declared() -> None:
    """Installing gives the command `ressenti`."""
    scripts = distribution("ressenti").entry_points.select(group="console_scripts")
    assert [(script.name, script.value) for script in scripts] == [
        ("ressenti", "stream.__main__:main")
    ]


def test_the_wheel_holds_every_module_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    """All files of both packages are in the wheel, the page too; tests and benchmarks stay out."""
    files = {name for name in wheel.namelist() if ".dist-info/" not in name}
    ours = {
        path.relative_to(ROOT).as_posix()
        for package in ("stream", "metrics")
        for path in (ROOT / package).rglob("*.py")
    }
    page = {f"stream/web/page/{path.name}" for path in (ROOT / "stream/web/page").iterdir()}
    assert ours | page <= files
    assert "stream/web/page/index.html" in page
    assert {name.partition("/")[0] for name in files} == {"stream", "metrics"}


def test_the_wheel_brings_license_and_command(wheel: zipfile.ZipFile) -> None:
    """The licence text and the entry point are in the wheel's own metadata."""
    (license_file,) = [name for name in wheel.namelist() if name.endswith("/LICENSE")]
    (entry_points,) = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]
    assert b"Apache License" in wheel.read(license_file)
    assert b"ressenti = stream.__main__:main" in wheel.read(entry_points)


def test_the_lock_knows_every_dependency() -> None:
    """`uv.lock` was written after the last change of the dependencies in `pyproject.toml`."""
    project, groups = toml("pyproject.toml")["project"], toml("pyproject.toml")["dependency-groups"]
    extras = [text for texts in project["optional-dependencies"].values() for text in texts]
    declared = [*project["dependencies"], *extras]
    (own,) = [entry for entry in toml("uv.lock")["package"] if entry["name"] == project["name"]]
    assert names(own["metadata"]["requires-dist"]) == {bare(text) for text in declared}
    assert names(own["metadata"]["requires-dev"]["dev"]) == {bare(text) for text in groups["dev"]}


def test_the_lock_is_for_every_machine() -> None:
    """Every locked package comes from one index; none from a path of the machine it was made on."""
    packages = toml("uv.lock")["package"]
    sources = {(*entry["source"].items(),) for entry in packages if entry["name"] != "ressenti"}
    assert [kind for ((kind, _),) in sources] == ["registry"]


def test_types_are_checked_everywhere() -> None:
    """Every folder with Python in it is in mypy's list."""
    folders = {path.relative_to(ROOT).parts[0] for path in ROOT.glob("[a-z]*/**/*.py")}
    assert sorted(folders) == sorted(toml("pyproject.toml")["tool"]["mypy"]["packages"])


def names(requirements: list[dict[str, Any]]) -> set[str]:
    """The names in a list of locked requirements."""
    return {entry["name"] for entry in requirements}


def bare(requirement: str) -> str:
    """The name that a requirement starts with: `a[b]>=1` is `a`."""
    return requirement.translate({ord(sign): " " for sign in "[<>=!~;"}).split()[0]
