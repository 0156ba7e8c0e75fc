"""What we ask of the cluster itself: is it there, which topics has it, make those of ours.

Everything here but `wait_for_broker` raises `BrokerError` in some 20 seconds at the latest.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaError,
    NoError,
    TopicAlreadyExistsError,
    for_code,
)

from stream.client import Client, calm
from stream.reach import unreached
from stream.topic import Difference, Found, Topic, TopicError, compare, create_command

REQUEST_MS = 10_000
FIRST_WAIT = 0.1  # seconds between attempts to reach a broker, doubled up to
LONGEST_WAIT = 5.0
CREATED_WITHIN = 15.0  # seconds until a new topic has its leaders
REPLICAS = 3

log = structlog.get_logger(__name__)


class BrokerError(Exception):
    """The cluster did not answer in time, or refused a request."""


async def wait_for_broker(client: Client) -> None:
    """Return when the cluster answers; until then it is tried at growing intervals.

    One line says that it is waited for, and one that it answers. Cancel it to give up. Raises
    `BrokerError` when waiting cannot help, as with a wrong password.
    """
    wait, begun = FIRST_WAIT, time.monotonic()
    while faults := await unreached(client):
        if any(fault.lasts for fault in faults):
            raise BrokerError("\n".join(map(str, faults)))
        if wait == FIRST_WAIT:
            log.warning("waiting for the broker", reason=str(faults[0]))
        await asyncio.sleep(wait)
        wait = min(2 * wait, LONGEST_WAIT)
    if wait > FIRST_WAIT:
        log.info("broker answers", waited_s=round(time.monotonic() - begun, 1))


async def describe(client: Client, names: Collection[str]) -> dict[str, Found]:
    """Return those of the topics that are there and that we may see; none is created by asking."""
    async with _admin(client) as admin:
        # without names: a broker may create the topics that it is asked about
        topics = [topic for topic in await admin.describe_topics() if topic["topic"] in names]
        counts = {topic["topic"]: len(topic["partitions"]) for topic in topics}
        settings = await _settings(admin, counts)
    return {name: Found(count, settings.get(name)) for name, count in counts.items()}


async def sources(client: Client, names: Iterable[str]) -> dict[str, Found]:
    """Return the source topics; `TopicError` names those that are missing. We never create them."""
    names = list(names)
    found = await describe(client, names)
    missing = [name for name in names if name not in found]
    if missing:
        raise missing_sources(missing)
    return found


def missing_sources(names: Sequence[str]) -> TopicError:
    """Make the error of source topics that are not there."""
    return TopicError(
        f"source topics missing, or not ours to see: {', '.join(names)}; create them with as "
        "many partitions as they shall keep, or correct [topics]"
    )


async def plan(client: Client, wanted: Sequence[Topic]) -> list[Difference]:
    """List how the cluster's topics differ from those wanted; changes nothing."""
    return compare(wanted, await describe(client, {topic.name for topic in wanted}))


async def apply(client: Client, wanted: Sequence[Topic]) -> list[Topic]:
    """Create what is missing and return it; `TopicError` tells what else differs.

    An existing topic is never changed: neither its partitions nor its settings.
    """
    differences = await plan(client, wanted)
    wrong = [str(difference) for difference in differences if not difference.missing]
    if wrong:
        raise TopicError("\n".join(wrong))
    missing = [difference.topic for difference in differences]
    await create(client, missing)
    return missing


async def may_join(client: Client, group: str) -> bool:
    """Say whether the group is ours to use, by asking for its offsets; nothing is joined."""
    async with _admin(client) as admin, asyncio.timeout(LONGEST_WAIT):
        while True:
            try:
                await admin.list_consumer_group_offsets(group)
            except GroupAuthorizationFailedError:
                return False
            except KafkaError as error:
                if not error.retriable:
                    raise
                await asyncio.sleep(FIRST_WAIT)  # a new cluster makes its offsets topic now
            else:
                return True


async def delete_below(client: Client, offsets: Mapping[TopicPartition, int]) -> None:
    """Delete the records below the offsets. `BrokerError` does no harm: call again, some time."""
    if offsets:
        async with _admin(client) as admin:
            limits = {tp: RecordsToDelete(offset) for tp, offset in offsets.items()}
            await admin.delete_records(limits, REQUEST_MS)


async def delete(client: Client, prefix: str) -> None:
    """Delete every topic whose name begins with the prefix."""
    async with _admin(client) as admin:
        names = [topic["topic"] for topic in await admin.describe_topics()]
        await admin.delete_topics([name for name in names if name.startswith(prefix)])


@asynccontextmanager
async def _admin(client: Client) -> AsyncIterator[AIOKafkaAdminClient]:
    calm()
    admin = AIOKafkaAdminClient(**client.options(), request_timeout_ms=REQUEST_MS)
    try:
        async with asyncio.timeout(2 * REQUEST_MS / 1000):
            await admin.start()
            yield admin
    except (KafkaError, OSError, TimeoutError) as error:
        raise BrokerError(await _said(client, error)) from error
    finally:
        await admin.close()


async def _said(client: Client, error: Exception) -> str:
    """Say why a request failed; if we cannot reach a broker any more, why that is so."""
    faults = await unreached(client)
    if faults:
        return "\n".join(map(str, faults))
    if isinstance(error, TimeoutError):
        return f"{client.bootstrap} does not answer in time; look at the brokers' logs"
    return f"{client.bootstrap} refuses a request: {type(error).__name__} {error}".rstrip()


async def _settings(admin: AIOKafkaAdminClient, names: Iterable[str]) -> dict[str, dict[str, str]]:
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    answers = await admin.describe_configs(resources) if resources else []
    settings: dict[str, dict[str, str]] = {}
    for answer in answers:
        for topic in answer.to_object()["resources"]:
            name = topic["resource_name"]
            if topic["error_code"]:
                reason = for_code(topic["error_code"]).__name__
                log.warning("settings of a topic not readable", topic=name, reason=reason)
                continue
            entries = topic["config_entries"]
            settings[name] = {entry["config_names"]: entry["config_value"] for entry in entries}
    return settings


async def create(client: Client, topics: Sequence[Topic]) -> None:
    """Create topics and wait until they have leaders; `TopicError` tells which were refused."""
    if not topics:
        return
    async with _admin(client) as admin:
        replicas = min(REPLICAS, len((await admin.describe_cluster())["brokers"]))
        durable = {"min.insync.replicas": str(max(1, replicas - 1))}
        answer = await admin.create_topics(
            [
                NewTopic(t.name, t.partitions, replicas, None, {**durable, **t.settings()})
                for t in topics
            ]
        )
        refused = _refused(answer.to_object()["topic_errors"])
        if refused:
            raise TopicError("\n".join(_refusal(t, refused) for t in topics if t.name in refused))
        await _led(admin, topics)
    log.info("topics created", topics=[topic.name for topic in topics])


def _refused(answers: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return why topics were not created; that another worker was faster is no reason."""
    errors = {answer["topic"]: for_code(answer["error_code"]) for answer in answers}
    fine = (NoError, TopicAlreadyExistsError)
    return {name: error.__name__ for name, error in errors.items() if error not in fine}


def _refusal(topic: Topic, refused: Mapping[str, str]) -> str:
    reason = refused[topic.name]
    return f"{topic.name}: could not be created ({reason}); create it: {create_command(topic)}"


async def _led(admin: AIOKafkaAdminClient, topics: Sequence[Topic]) -> None:
    """Wait until every partition of the new topics has a leader."""
    wanted = {(topic.name, number) for topic in topics for number in range(topic.partitions)}
    async with asyncio.timeout(CREATED_WITHIN):
        while True:
            led = {
                (topic["topic"], partition["partition"])
                for topic in await admin.describe_topics()
                for partition in topic["partitions"]
                if partition["leader"] >= 0
            }
            if wanted <= led:
                return
            await asyncio.sleep(0.05)
