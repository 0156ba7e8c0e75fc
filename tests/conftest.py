"""What every test may ask for."""

from collections.abc import Awaitable, Callable, Iterator, Mapping

import pytest

from tests.service.kafka import Kafka, unique


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """One broker for the whole run; tests that stop or kill it start it again."""
    with Kafka(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker


@pytest.fixture
def topic(kafka: Kafka) -> Callable[..., Awaitable[str]]:
    """Topics of one's own: a coroutine function that creates one and returns its name."""

    async def create(partitions: int = 1, config: Mapping[str, str] | None = None) -> str:
        name = unique("topic")
        await kafka.create_topic(name, partitions, config)
        return name

    return create


@pytest.fixture
def group() -> str:
    """A consumer group of one's own."""
    return unique("group")
