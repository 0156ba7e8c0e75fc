"""What every test may ask for, and how a run is put together."""

import os
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import settings

from tests.service.kafka import Kafka, unique

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"
CI = os.environ.get("CI", "").lower() not in ("", "0", "false")
SECONDS = {"integration": 300, "browser": 300, "chaos": 1200}  # by folder, which is the marker too

settings.register_profile("default", deadline=None)  # a shared machine has slow moments
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if CI else "default")


def pytest_report_header() -> str:
    """Say what this run leaves out, and how it treats a skip."""
    shared = "present" if SHARED.is_dir() else "absent, tests marked `shared` are deselected"
    return f"ressenti: ../shared is {shared}; " + ("a skip fails" if CI else "skips are allowed")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests by their folder, give them its time, and leave out what needs `../shared`."""
    for item in items:
        for folder, seconds in SECONDS.items():
            if ROOT / "tests" / folder in item.path.parents:
                item.add_marker(folder)
                if not item.get_closest_marker("timeout"):
                    item.add_marker(pytest.mark.timeout(seconds))
    if not SHARED.is_dir():
        absent = [item for item in items if item.get_closest_marker("shared")]
        items[:] = [item for item in items if item not in absent]
        config.hook.pytest_deselected(items=absent)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI nothing is skipped: a run with a skip fails."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if CI and reporter and reporter.stats.get("skipped") and not session.exitstatus:
        reporter.write_line("\nressenti: in CI a skipped test fails the run", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder `../shared`; only for tests marked `shared`."""
    return SHARED


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """One broker for the whole run; tests that stop or kill it start it again."""
    with Kafka(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker


@pytest.fixture
def topic(kafka: Kafka) -> Callable[..., Awaitable[str]]:
    """Topics of one's own: a coroutine function that creates one and returns its name."""
    kafka.start()  # a failed test may have left it down

    async def create(partitions: int = 1, config: Mapping[str, str] | None = None) -> str:
        name = unique("topic")
        kept = {"retention.ms": "-1"}  # records of tests are old
        await kafka.create_topic(name, partitions, {**kept, **(config or {})})
        return name

    return create


@pytest.fixture
def group() -> str:
    """A consumer group of one's own."""
    return unique("group")
