"""A fetch that a rebalance held up: what it brings is not lost."""

import asyncio
from collections.abc import Mapping
from functools import partial

import pytest

from stream.transport import consumer
from stream.transport.batch import TP
from tests.integration.transport_owner import (
    Create,
    Ledger,
    Recorder,
    producer,
    running,
    send_batch,
    settings,
    until,
)
from tests.service.kafka import Kafka


async def test_what_a_call_from_before_a_rebalance_brings_is_not_lost(
    kafka: Kafka, topic: Create, group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even the last records there are, after which nothing shows that some are missing.

    call ── aiokafka holds it back ─────── records ──► Faust empties its queues ── open
               revoke ── claim, seek ────┘
    """
    monkeypatch.setattr(consumer, "SILENCE", 20.0)
    name, ledger = await topic(2), Ledger()
    given, employ = settings(kafka, group, name), partial(Recorder, ledger=ledger)

    async def send() -> None:
        for partition in range(2):
            await send_batch(client, TP(name, partition), [b"%d" % partition] * 10)
        await asyncio.sleep(0.5)

    async with producer(kafka) as client, running(given, employ) as (first, _):
        await send()
        await until(lambda: ledger.count == 20)
        await asyncio.sleep(0.5)  # now it waits for more
        seek = first.line.seek

        async def late(positions: Mapping[TP, int]) -> None:
            await seek(positions)
            await send()

        monkeypatch.setattr(first.line, "seek", late)
        async with running(given, employ) as (second, _):
            await until(lambda: len(second.line.assignment()) == 1)
            await until(lambda: ledger.count >= 40, 10)
    assert not ledger.faults
