"""The inspection: every look, one after the other; what one cannot see does not stop the next."""

from collections.abc import AsyncIterator, Iterator, Sequence

from aiokafka.errors import KafkaError, TopicAuthorizationFailedError

from stream import broker
from stream.broker import BrokerError
from stream.check import cluster, record, redis, topic, transaction, web
from stream.check.finding import Finding, bad, counted, note, ok
from stream.check.sample import newest
from stream.client import Client
from stream.layout import topic_names, wanted
from stream.reader import Reader, hash_key
from stream.settings import Settings
from stream.topic import Found, compare


async def inspect(settings: Settings) -> AsyncIterator[Finding]:
    """Look at everything that a worker with these settings needs."""
    for finding in _configuration(settings):
        yield finding
    client = settings.kafka.client()
    findings = await cluster.look(client)
    for finding in findings:
        yield finding
    if any(finding.level == "ok" for finding in findings):
        async for finding in _kafka(settings, client):
            yield finding
    if settings.redis:
        for finding in await redis.look(settings.redis.url):
            yield finding
    yield await web.look(settings.web)


def _configuration(settings: Settings) -> Iterator[Finding]:
    inputs = counted(len(settings.topics.inputs()), "input")
    yield ok("configuration", f"no fault, {inputs}")
    yield ok("privacy.hash_key", "is there")


async def _kafka(settings: Settings, client: Client) -> AsyncIterator[Finding]:
    names = topic_names(settings)
    outputs = {names.updates, names.dead_letters, *settings.topics.outputs().values()}
    internal = {names.partials, names.merge_state, *names.fold_state.values()}
    try:
        found = await broker.describe(client, {*names.sources, *outputs, *internal})
    except BrokerError as error:
        yield bad("topics", str(error))
        return
    there = {name: found[name] for name in names.sources if name in found}
    for name, key in names.sources.items():
        for finding in topic.source(f"topics.{key}", name, found.get(name)):
            yield finding
        if name in found:
            for finding in await _records(settings, client, name, found[name]):
                yield finding
    needed = wanted(settings, there)
    for finding in topic.ours(needed, compare(needed, found)):
        yield finding
    yield await _group(client, names.group)
    yield await transaction.look(client, settings.kafka)


async def _group(client: Client, group: str) -> Finding:
    try:
        if await broker.may_join(client, group):
            return ok("kafka.group", f"{group} is ours to join")
    except BrokerError as error:
        return note("kafka.group", f"could not be asked for: {error}")
    return bad("kafka.group", f"{group} is not ours to join; allow READ on this group")


async def _records(
    settings: Settings, client: Client, name: str, found: Found
) -> Sequence[Finding]:
    """Look at the newest records of a source."""
    key = topic_names(settings).sources[name]
    subject = f"topics.{key}"
    try:
        sample = await newest(client, name, found.partitions)
    except TopicAuthorizationFailedError:
        return [bad(subject, "its records are not ours to read; allow READ on the topic")]
    except (KafkaError, OSError) as error:
        problem = f"its records cannot be read ({type(error).__name__})"
        return [bad(subject, f"{problem}; look at the brokers' logs")]
    if not sample:
        return [note(subject, "has no records yet: neither events nor keys could be looked at")]
    reader = Reader(key, settings.plan(), hash_key(settings.privacy.hash_key))
    return [
        record.outcomes(key, settings.plan(), reader, sample),
        *record.keys(key, found.partitions, sample),
    ]
