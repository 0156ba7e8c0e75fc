"""Topics on a real broker: planned, created, compared, never changed behind one's back."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiokafka import TopicPartition
from structlog.testing import capture_logs

from stream.broker import (
    BrokerError,
    apply,
    delete_below,
    describe,
    plan,
    sources,
    wait_for_broker,
)
from stream.client import Client
from stream.state.flush import Flush, Record
from stream.state.outbox import Outbox
from stream.topic import Topic, TopicError, internal, outputs, partials
from tests.service.kafka import Kafka, unique
from tests.service.process import free_port
from tests.service.reader import values

Make = Callable[..., Awaitable[str]]


def wanted(group: str, source: str) -> list[Topic]:
    """Return everything that an installation with one source needs, under names of its own."""
    names = {key: f"{group}-{key}" for key in ("metrics", "alerts", "dead_letters")}
    return [*internal(group, {source: 3}, shards=2), *outputs(names, shards=2)]


async def test_what_is_missing_is_created_as_planned(kafka: Kafka, topic: Make, group: str) -> None:
    """After `apply` nothing differs, and the broker has what was asked for; again is harmless."""
    client, source = Client(kafka.bootstrap), await topic(partitions=3)
    topics = wanted(group, source)
    assert [d.topic for d in await plan(client, topics) if d.missing] == topics
    assert await apply(client, topics) == topics
    assert await plan(client, topics) == []
    assert await apply(client, topics) == []
    found = await describe(client, [t.name for t in topics])
    assert {name: f.partitions for name, f in found.items()} == {
        f"{group}-partials": 2,
        f"{group}-fold-{source}": 3,
        f"{group}-merge": 2,
        f"{group}-metrics": 2,
        f"{group}-alerts": 1,
        f"{group}-dead_letters": 1,
    }
    settings = found[f"{group}-partials"].settings
    assert settings
    assert (settings["retention.ms"], settings["cleanup.policy"]) == ("-1", "delete")


async def test_two_workers_may_create_at_once(kafka: Kafka, topic: Make, group: str) -> None:
    """Who finds that another was faster is content."""
    client, source = Client(kafka.bootstrap), await topic(partitions=3)
    await asyncio.gather(*(apply(client, wanted(group, source)) for _ in range(3)))
    assert await plan(client, wanted(group, source)) == []


async def test_a_topic_that_differs_is_reported_and_left_alone(
    kafka: Kafka, topic: Make, group: str
) -> None:
    """Wrong partitions and settings stop `apply` before it creates anything."""
    client, source = Client(kafka.bootstrap), await topic(partitions=3)
    topics = wanted(group, source)
    await kafka.create_topic(f"{group}-merge", 5, {"cleanup.policy": "delete"})
    problems = [str(d) for d in await plan(client, topics) if not d.missing]
    assert len(problems) == 2
    assert "has 5 partitions, must have 2" in problems[0]
    assert "cleanup.policy=delete, must have compact" in problems[1]
    with pytest.raises(TopicError, match="5 partitions"):
        await apply(client, topics)
    found = await describe(client, [t.name for t in topics])
    assert {name: f.partitions for name, f in found.items()} == {f"{group}-merge": 5}


async def test_what_the_broker_refuses_is_told_with_the_command(kafka: Kafka) -> None:
    """A creation that fails names the topic, the reason and the command for an administrator."""
    bad = Topic(unique("bad"), 2, {"cleanup.policy": "nonsense"})
    with pytest.raises(TopicError) as caught:
        await apply(Client(kafka.bootstrap), [bad])
    text = str(caught.value)
    assert "InvalidConfig" in text
    assert f"--create --topic {bad.name} --partitions 2" in text
    assert "--config cleanup.policy=nonsense" in text


async def test_a_missing_source_is_named_and_not_created(kafka: Kafka, topic: Make) -> None:
    """Source topics belong to others: asking about one must not bring it about."""
    client, there, missing = Client(kafka.bootstrap), await topic(partitions=4), unique("source")
    assert (await sources(client, [there]))[there].partitions == 4
    with pytest.raises(TopicError, match=missing):
        await sources(client, [there, missing])
    assert missing not in await describe(client, [missing])


async def test_records_are_deleted_below_the_offset_only(kafka: Kafka, group: str) -> None:
    """What lies at or above the offset stays."""
    client = Client(kafka.bootstrap)
    await apply(client, internal(group, {}, shards=2))
    name = partials(group)
    box = await Outbox.open(client, unique("id"))
    for n in range(10):  # offsets 0, 2 ... 18: each transaction ends with a marker
        await box.commit(Flush([Record(name, b"%d" % n, partition=1)]))
    await box.close()
    await delete_below(client, {TopicPartition(name, 1): 14})
    assert await values(kafka, name) == [b"7", b"8", b"9"]
    with pytest.raises(BrokerError):
        await delete_below(client, {TopicPartition(name, 1): 1_000})


async def test_a_broker_is_waited_for_with_one_line(kafka: Kafka) -> None:
    """While it is down there is one line in the log; when it comes up the wait ends."""
    await asyncio.to_thread(kafka.stop)
    with capture_logs() as logs:
        waiting = asyncio.create_task(wait_for_broker(Client(kafka.bootstrap)))
        await asyncio.sleep(1)
        assert not waiting.done()
        assert [line["event"] for line in logs] == ["waiting for the broker"]
        await asyncio.to_thread(kafka.start)
        await asyncio.wait_for(waiting, 15)
    assert [line["event"] for line in logs] == ["waiting for the broker", "broker answers"]


async def test_waiting_can_be_given_up() -> None:
    """Cancelling ends the wait at once; without a broker everything else fails in time."""
    client = Client(f"127.0.0.1:{free_port()}")
    waiting = asyncio.create_task(wait_for_broker(client))
    await asyncio.sleep(0.3)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    with pytest.raises(BrokerError):
        await describe(client, ["any"])


async def test_a_broker_that_answers_is_not_waited_for(kafka: Kafka) -> None:
    """Nothing is logged when there is nothing to wait for."""
    with capture_logs() as logs:
        await wait_for_broker(Client(f"127.0.0.1:1,{kafka.bootstrap}"))
    assert logs == []


async def test_settings_come_as_the_broker_has_them(kafka: Kafka, topic: Make) -> None:
    """The settings of a topic are read from the broker, defaults included."""
    name = await topic(config={"max.message.bytes": "2000000"})
    settings = (await describe(Client(kafka.bootstrap), [name]))[name].settings
    assert settings
    assert settings["max.message.bytes"] == "2000000"
    assert settings["cleanup.policy"] == "delete"
