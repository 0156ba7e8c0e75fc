"""Trouble in the group: a member comes back by itself, or the application ends with a reason."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.consumer.group_coordinator import CoordinatorGroupRebalance, GroupCoordinator
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError

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


async def send(kafka: Kafka, *tps: TP) -> None:
    """Send ten records to each partition."""
    async with producer(kafka) as client:
        for tp in tps:
            await send_batch(client, tp, [b"%d" % number for number in range(10)])


def failing(calls: Callable[..., Any], times: list[int]) -> Callable[..., Any]:
    """Make a method fail as often as `times` says, counting down."""

    async def called(*arguments: Any) -> Any:
        if times[0]:
            times[0] -= 1
            raise GroupAuthorizationFailedError("for a moment")
        return await calls(*arguments)

    return called


async def test_members_that_read_different_topics_share_what_both_read(
    kafka: Kafka, topic: Create, group: str
) -> None:
    """An input is added worker by worker: nobody gets what it did not ask for, and falls out."""
    old, new, ledger = await topic(2), await topic(2), Ledger()
    employ = partial(Recorder, ledger=ledger)
    async with (
        running(settings(kafka, group, old), employ) as (first, _),
        running(settings(kafka, group, old, new), employ) as (second, _),
    ):
        await until(lambda: len(first.line.assignment()) == 1)
        await until(lambda: len(second.line.assignment()) == 3)
        await send(kafka, *(TP(name, number) for name in (old, new) for number in range(2)))
        await until(lambda: ledger.count == 40)
    assert not ledger.faults


async def test_a_member_that_falls_out_in_a_rebalance_ends(
    kafka: Kafka, topic: Create, group: str
) -> None:
    """Nobody fetches then, so no fetch can notice; whoever started the worker starts another."""
    name, ledger = await topic(2), Ledger()

    def fails(*_: object) -> None:
        raise AssertionError("what it did not ask for")

    given, employ = settings(kafka, group, name), partial(Recorder, ledger=ledger)
    async with running(given, employ) as (first, _):
        await until(lambda: len(first.line.assignment()) == 2)
        inner: Any = first.consumer
        inner._thread._consumer._subscription.assign_from_subscribed = fails
        async with running(given, employ) as (second, _):
            with pytest.raises(KafkaError, match="what it did not ask for"):
                await asyncio.wait_for(first.watch(), 20)
            await first.stop()
            await until(lambda: len(second.line.assignment()) == 2)
    assert not ledger.faults


async def test_a_join_that_is_refused_is_tried_again(
    kafka: Kafka, topic: Create, group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A right that is missing for a moment, in a rebalance: the members find together again."""
    name, ledger, times = await topic(2), Ledger(), [0]
    join = CoordinatorGroupRebalance.perform_group_join
    monkeypatch.setattr(CoordinatorGroupRebalance, "perform_group_join", failing(join, times))
    given, employ = settings(kafka, group, name), partial(Recorder, ledger=ledger)
    async with running(given, employ) as (first, _):
        await until(lambda: len(first.line.assignment()) == 2)
        times[0] = 2
        async with running(given, employ) as (second, _):
            await until(lambda: len(second.line.assignment()) == 1)
            await until(lambda: len(first.line.assignment()) == 1)
            await send(kafka, TP(name, 0), TP(name, 1))
            await until(lambda: ledger.count == 20)
    assert times == [0]
    assert not ledger.faults


async def test_a_start_that_takes_long_is_no_trouble(
    kafka: Kafka, topic: Create, group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that resolves slowly, an address that does not answer: the next one does."""
    tp, ledger, bootstrap = TP(await topic(1), 0), Ledger(), AIOKafkaClient.bootstrap

    async def slow(client: AIOKafkaClient) -> None:
        await asyncio.sleep(2.5)
        await bootstrap(client)  # type: ignore[no-untyped-call]

    monkeypatch.setattr(AIOKafkaClient, "bootstrap", slow)
    async with running(settings(kafka, group, tp.topic), partial(Recorder, ledger=ledger)):
        await send(kafka, tp)
        await until(lambda: ledger.count == 10)
    assert not ledger.faults


@pytest.mark.parametrize(
    "method",
    [
        "_do_heartbeat",  # one is refused: heartbeats go on
        "ensure_coordinator_known",  # the coordinator cannot be asked: they end, and begin again
    ],
)
async def test_heartbeats_come_back(
    kafka: Kafka, topic: Create, group: str, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """Without them the session would end, and the worker read nothing more."""
    name, ledger, times = await topic(2), Ledger(), [0]
    monkeypatch.setattr(GroupCoordinator, method, failing(getattr(GroupCoordinator, method), times))
    given, employ = settings(kafka, group, name), partial(Recorder, ledger=ledger)
    async with running(given, employ) as (app, _):
        await until(lambda: app.line.silence() < 1)
        times[0] = 3
        await until(lambda: times[0] == 0)
        await asyncio.sleep(1)  # one that was on its way is over
        await until(lambda: app.line.silence() < 0.2)
        await send(kafka, TP(name, 0), TP(name, 1))
        await until(lambda: ledger.count == 20)
    assert not ledger.faults


async def test_offsets_are_asked_for_again(
    kafka: Kafka, topic: Create, group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Aiokafka asks for the group's offsets before it fetches anything, and here it is refused."""
    tp, ledger, times = TP(await topic(1), 0), Ledger(), [3]
    ask = GroupCoordinator._do_fetch_commit_offsets
    monkeypatch.setattr(GroupCoordinator, "_do_fetch_commit_offsets", failing(ask, times))
    async with running(settings(kafka, group, tp.topic), partial(Recorder, ledger=ledger)):
        await send(kafka, tp)
        await until(lambda: ledger.count == 10)
    assert times == [0]
    assert not ledger.faults
