"""What a worker's partitions stand on: which topics there are, and how state is reached there."""

import asyncio
from collections.abc import Iterable, Mapping

import msgspec
import structlog
from aiokafka import AIOKafkaConsumer

from metrics.plan import Plan
from stream.agent import fold, merge
from stream.agent.fold import FoldShard
from stream.agent.merge import MergeShard
from stream.broker import BrokerError, delete_below
from stream.client import Client
from stream.reader import Reader
from stream.state.flush import Lost
from stream.state.outbox import CommitOffset, Outbox, acknowledged, in_transaction
from stream.state.producer import Limits
from stream.state.recovery import Rows, read_rows
from stream.topic import transactional_id
from stream.transport.batch import TP

Shard = FoldShard | MergeShard

log = structlog.get_logger(__name__)


class Names(msgspec.Struct, frozen=True):
    """Topics and group of an installation. `sources` maps a source topic to its input's key."""

    group: str
    sources: Mapping[str, str]
    partials: str
    updates: str
    dead_letters: str
    fold_state: Mapping[str, str]
    """The state topic of each source topic."""
    merge_state: str
    shards: int


class Ground:
    """Makes shards, opens their outboxes and reads their state; `readers` by source topic."""

    def __init__(
        self, client: Client, names: Names, plan: Plan, readers: Mapping[str, Reader]
    ) -> None:
        self.names = names
        self._client = client
        self._plan = plan
        self._readers = readers
        self._limits = Limits()
        self.commit_offset: CommitOffset | None = None
        """Set where the broker has no transactions: how to commit an offset for the group."""
        self._told = False

    def shard(self, tp: TP) -> Shard:
        """Make the shard of a partition, without state."""
        names = self.names
        if tp.topic == names.partials:
            target = merge.Target(names.group, names.updates, names.merge_state)
            return MergeShard(tp, self._plan, target)
        return FoldShard(
            tp,
            self._readers[tp.topic],
            self._plan,
            fold.Target(
                group=names.group,
                partials=names.partials,
                shards=names.shards,
                dead_letters=names.dead_letters,
                state=names.fold_state[tp.topic],
            ),
        )

    def state(self, tp: TP) -> TP:
        """Name the partition that holds a partition's state rows."""
        names = self.names
        topic = names.merge_state if tp.topic == names.partials else names.fold_state[tp.topic]
        return TP(topic, tp.partition)

    async def open(self, tp: TP) -> Outbox:
        """Open the outbox of a partition; its former owner is fenced. Raises `Lost`."""
        if self.commit_offset:
            write = acknowledged(self.commit_offset)
            return await Outbox.open(self._client, None, write, self._limits)
        name = transactional_id(self.names.group, tp)
        return await Outbox.open(self._client, name, in_transaction, self._limits)

    async def trim(self, tp: TP, position: int) -> None:
        """Delete the partials below a checkpoint; where it fails, a later checkpoint will do it.

        A broker may never do it, or not for us: they are kept then, which is said once.
        """
        try:
            await delete_below(self._client, {tp: position})
        except BrokerError as error:
            if not self._told:
                log.info("merged partials are not deleted", topic=tp.topic, reason=str(error))
            self._told = True

    async def read(self, tps: Iterable[TP]) -> dict[TP, Rows]:
        """Read the committed state rows of partitions, whose former owners are fenced."""
        states = {self.state(tp): tp for tp in tps}
        return {states[state]: rows for state, rows in (await self._rows(states)).items()}

    async def _rows(self, states: Iterable[TP]) -> dict[TP, Rows]:
        return await read_rows(self._client, states)

    async def first(self, tps: Iterable[TP]) -> dict[TP, int]:
        """Ask for the first offset that is left in each partition. Raises `Lost`."""
        consumer = AIOKafkaConsumer(**self._client.options())
        try:
            async with asyncio.timeout(self._limits.timeout):
                await consumer.start()
                found: dict[TP, int] = await consumer.beginning_offsets(list(tps))
        except Exception as error:
            raise Lost(f"first offsets not read: {error!r}") from error
        finally:
            await consumer.stop()
        return found
