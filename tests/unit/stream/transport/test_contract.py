"""What the transport relies on inside aiokafka and Faust; an upgrade fails here, loudly.

A digest that differs means: the function changed. Read what changed, compare it with our override
or use of it, run the integration tests of the transport, and only then write the new digest here.
"""

import hashlib
import inspect
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import faust
import pytest
from aiokafka.consumer.consumer import AIOKafkaConsumer
from aiokafka.consumer.fetcher import Fetcher, FetchResult, PartitionRecords
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.consumer.subscription_state import SubscriptionState, TopicPartitionState
from faust.app.base import BootStrategy
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.transport import consumer
from faust.transport.drivers import aiokafka as driver
from mode.threads import ServiceThread

DIGESTS: dict[Callable[..., Any], str] = {
    PartitionRecords.__init__: "8ec1c2ae",
    PartitionRecords._unpack_records: "b803e6d4",
    PartitionRecords._consume_aborted_up_to: "56876530",
    PartitionRecords._contains_abort_marker: "17e9ad23",
    FetchResult.check_assignment: "b5340df6",
    FetchResult.getall: "3e717e30",
    FetchResult._update_position: "83fb1473",
    Fetcher.__init__: "bf21ecb7",
    Fetcher._proc_fetch_request: "59bf948f",
    Fetcher._get_actions_per_node: "1dab2cf9",
    Fetcher._proc_offset_request: "40c09472",  # for stream.embedded.latest
    Fetcher.fetched_records: "be434889",
    Fetcher.seek_to: "f0ba6aba",
    Fetcher.close: "1cd24bc1",
    Fetcher._fetch_requests_routine: "2a8ec593",
    GroupCoordinator.check_errors: "ba6ca51a",
    GroupCoordinator._on_join_prepare: "4d9524af",
    GroupCoordinator._on_join_complete: "0b0b3d20",
    GroupCoordinator._perform_assignment: "a5cf61fa",
    GroupCoordinator._heartbeat_routine: "61d01028",
    GroupCoordinator._push_error_to_user: "743ff515",
    GroupCoordinator._start_heartbeat_task: "358d0cfa",
    GroupCoordinator.start_commit_offsets_refresh_task: "09f8ca6f",
    GroupCoordinator._commit_refresh_routine: "8e3ac0c4",
    AIOKafkaConsumer.__init__: "01506f31",
    AIOKafkaConsumer.start: "2f1ba704",
    AIOKafkaConsumer.stop: "bc5da9c9",
    AIOKafkaConsumer.pause: "d5fc6f42",
    AIOKafkaConsumer.resume: "9301532e",
    AIOKafkaConsumer.seek: "a9430f1f",
    AIOKafkaConsumer.committed: "d8706147",
    SubscriptionState.fetch_context: "ff2a654d",
    TopicPartitionState.seek: "c20b56d7",
    driver.AIOKafkaConsumerThread.on_start: "38b4e8bd",
    driver.AIOKafkaConsumerThread.on_thread_stop: "8dfc004e",
    driver.AIOKafkaConsumerThread._create_consumer: "a4dc6ba0",
    driver.AIOKafkaConsumerThread._create_worker_consumer: "c2701bfc",
    driver.AIOKafkaConsumerThread._fetch_records: "39a2c6c7",
    driver.AIOKafkaConsumerThread.getmany: "26fc5fc9",
    driver.ConsumerRebalanceListener.on_partitions_revoked: "348c3aec",
    driver.ConsumerRebalanceListener.on_partitions_assigned: "1c1f8406",
    driver.Consumer._to_message: "7c24f651",
    driver.Consumer._new_consumer_thread: "0870ec53",
    consumer.Consumer.__init__: "302410d5",
    consumer.Consumer.getmany: "4b168d84",
    consumer.Consumer._wait_next_records: "6218e196",
    consumer.Consumer._drain_messages: "44a25003",
    consumer.Consumer.perform_seek: "0e8c130f",
    consumer.Consumer.wait_empty: "e4662fe2",
    consumer.Consumer.on_partitions_revoked: "d04b7ae7",
    consumer.Consumer.on_partitions_assigned: "29ce9659",
    consumer.Consumer.on_stop: "45b1d221",
    faust.App.on_start: "480d70c6",
    faust.App.on_stop: "bfe5a933",
    faust.App.on_started: "c03627f2",
    faust.App._stop_consumer: "55854a5d",
    faust.App._on_partitions_revoked: "d5c895bb",
    faust.App._on_partitions_assigned: "de932b79",
    faust.App.on_rebalance_end: "b7ff69e1",
    faust.App._new_transport: "42db5313",
    faust.App._create_directories: "a9f571c3",
    BootStrategy.server: "97e47ea1",
    BootStrategy.kafka_consumer: "1a288f3d",
    BootStrategy.kafka_producer: "54a789df",
    TableManager.on_start: "365dd25f",
    Recovery._resume_streams: "d986a671",
    Recovery._restart_recovery.fun: "6bd8a855",
    Recovery.on_rebalance: "aa4d997a",
    ServiceThread._serve: "67809eae",
}


def digest(function: Callable[..., Any]) -> str:
    """Return eight characters that change with the source."""
    return hashlib.sha256(inspect.getsource(function).encode()).hexdigest()[:8]


@pytest.mark.parametrize("function", DIGESTS, ids=lambda function: function.__qualname__)
def test_the_source_that_we_build_on_is_as_we_read_it(function: Callable[..., Any]) -> None:
    """The function is the one that the transport was written against."""
    assert digest(function) == DIGESTS[function], "see the top of this file"


@pytest.mark.parametrize(
    ("package", "series"), [("aiokafka", "0.14."), ("faust-streaming", "0.15.")]
)
def test_the_versions_are_of_the_series_that_we_pin(package: str, series: str) -> None:
    """Compiled parts (record batches, streams, conductor) have no source to compare."""
    assert version(package).startswith(series)


def test_faust_reaches_our_overrides() -> None:
    """The names that we override exist where Faust looks them up."""
    assert set(vars(faust.App)) >= {"BootStrategy", "on_rebalance_end", "_create_directories"}
    assert {"enable_kafka_producer", "enable_web"} <= set(vars(BootStrategy))
    assert "Consumer" in vars(driver.Transport)
    assert "RebalanceListener" in vars(driver.Consumer)
