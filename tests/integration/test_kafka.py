"""The broker harness itself: what the other integration tests rest on."""

from collections.abc import Awaitable, Callable

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from tests.service.kafka import Kafka

Topic = Callable[..., Awaitable[str]]


async def send(kafka: Kafka, topic: str, value: bytes) -> None:
    """Write one record to partition 0 and wait until it is stored."""
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap) as producer:
        await producer.send_and_wait(topic, value, partition=0)


async def read(kafka: Kafka, topic: str, count: int) -> list[bytes]:
    """Read `count` values of a topic from its start."""
    async with AIOKafkaConsumer(
        topic, bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest"
    ) as consumer:
        return [(await consumer.getone()).value for _ in range(count)]


async def test_a_record_comes_back(kafka: Kafka, topic: Topic) -> None:
    """What is produced is consumed."""
    name = await topic(partitions=2)
    await send(kafka, name, b"one")
    assert await read(kafka, name, 1) == [b"one"]


async def test_a_restart_keeps_the_data_and_the_address(kafka: Kafka, topic: Topic) -> None:
    """A broker that stopped in good order serves the same records at the same address."""
    name, address = await topic(), kafka.bootstrap
    await send(kafka, name, b"before")
    kafka.restart()
    await send(kafka, name, b"after")
    assert kafka.bootstrap == address
    assert await read(kafka, name, 2) == [b"before", b"after"]


async def test_a_killed_broker_comes_back_with_its_data(kafka: Kafka, topic: Topic) -> None:
    """SIGKILL loses no acknowledged record: the page cache outlives the process."""
    name = await topic()
    await send(kafka, name, b"before")
    kafka.kill()
    assert kafka.pid is None
    kafka.start()
    assert await read(kafka, name, 1) == [b"before"]
