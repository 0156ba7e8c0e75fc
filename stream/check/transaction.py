"""Transactions: whether the cluster gives a producer what `exactly_once` needs."""

from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    IncompatibleBrokerVersion,
    KafkaError,
    TransactionalIdAuthorizationFailed,
)

from stream.check.finding import Finding, bad, note, ok
from stream.client import Client
from stream.settings.kafka import Kafka
from stream.state.producer import Limits, Producer

SUBJECT = "kafka.delivery"
ELSE = 'or set kafka.delivery = "at_least_once": then a crash may count one flush twice'

MEANINGS: tuple[tuple[type[Exception], str], ...] = (
    (
        TransactionalIdAuthorizationFailed,
        "our transactional ids are not ours to use; allow WRITE and DESCRIBE on those that begin "
        "with kafka.group",
    ),
    (
        ClusterAuthorizationFailedError,
        "we may not write; allow IDEMPOTENT_WRITE on the cluster",
    ),
    (
        IncompatibleBrokerVersion,
        f"the brokers have no transactions; use other ones, {ELSE}",
    ),
    (
        TimeoutError,
        "no transaction begins in time; compare transaction.state.log.replication.factor with the "
        f"number of brokers, {ELSE}",
    ),
    (KafkaError, f"transactions fail; look at the brokers' logs, {ELSE}"),
)
"""What an error means; the first that fits."""


async def look(client: Client, kafka: Kafka) -> Finding:
    """Start a producer with an id of our own group, as a worker does, and end it."""
    if kafka.delivery == "at_least_once":
        return note(SUBJECT, "at_least_once: a crash may count one flush twice")
    try:
        producer = await Producer.start(client, f"{kafka.group}-check", Limits())
    except (KafkaError, TimeoutError) as error:
        return bad(SUBJECT, next(words for kind, words in MEANINGS if isinstance(error, kind)))
    await producer.close()
    return ok(SUBJECT, "exactly_once: transactions work")
