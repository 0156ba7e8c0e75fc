"""What tests on real services may ask for."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from stream.client import Client
from stream.state.outbox import Outbox
from tests.service.kafka import Kafka


@pytest.fixture
async def opened(kafka: Kafka) -> AsyncIterator[Callable[..., Awaitable[Outbox]]]:
    """Open outboxes that are closed with the test and must leave no task behind."""
    boxes: list[Outbox] = []

    async def start(name: str | None, **options: object) -> Outbox:
        box = await Outbox.open(Client(kafka.bootstrap), name, **options)  # type: ignore[arg-type]
        boxes.append(box)
        return box

    before = asyncio.all_tasks()
    yield start
    for box in boxes:
        await box.close()
    await asyncio.sleep(0)
    assert asyncio.all_tasks() - before == {asyncio.current_task()}
