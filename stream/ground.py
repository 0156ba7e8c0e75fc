"""What a worker's partitions stand on: which topics there are, and how state is reached there."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, TypeVar

import msgspec
import structlog
from aiokafka import AIOKafkaConsumer

from metrics.plan import Plan
from stream import opinion
from stream.agent import fold, merge
from stream.agent.fold import FoldShard, Mark
from stream.agent.merge import MergeShard
from stream.broker import BrokerError, delete_below
from stream.client import Client
from stream.layout import Names
from stream.reader import Reader
from stream.state.flush import Lost
from stream.state.outbox import CommitOffset, Outbox, acknowledged, close_all, in_transaction
from stream.state.producer import Limits
from stream.state.recovery import Rows, close, read_rows
from stream.topic import transactional_id
from stream.transport.batch import TP

Shard = FoldShard | MergeShard
T = TypeVar("T")

log = structlog.get_logger(__name__)


class Recovered(msgspec.Struct, frozen=True):
    """A shard with its state and its outbox; `fault` says why it must not go on from there."""

    shard: Shard
    outbox: Outbox
    fault: str | None


def _marks(shards: Iterable[Shard]) -> dict[TP, Mark]:
    return {one.tp: one.mark for one in shards if isinstance(one, FoldShard) and one.mark}


async def _each(
    works: Iterable[Coroutine[Any, Any, T]], boxes: Callable[[T], Iterable[Outbox]]
) -> list[T | Exception]:
    """Do all of it at once; when we are cancelled, the `boxes` of what was made are closed."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    except asyncio.CancelledError:
        made = await asyncio.gather(*tasks, return_exceptions=True)
        done = (boxes(one) for one in made if not isinstance(one, BaseException))
        await close_all(chain.from_iterable(done))
        raise
    return [_error(one) if isinstance(one, BaseException) else one for one in ended]


def _boxes(recovered: Iterable[Recovered]) -> list[Outbox]:
    return [one.outbox for one in recovered]


def _error(error: BaseException) -> Exception:
    """Make an error of a cancellation that nobody asked for: aiokafka lets out its own."""
    return error if isinstance(error, Exception) else Lost(repr(error))


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
        self._plain = Limits(compression=None)
        self.commit_offset: CommitOffset | None = None
        """Set where the broker has no transactions: how to commit an offset for the group."""
        self._told = False

    @property
    def fences(self) -> bool:
        """Whether opening an outbox shuts the former owner out."""
        return self.commit_offset is None

    def shard(self, tp: TP) -> Shard:
        """Make the shard of a partition, without state."""
        names = self.names
        if tp.topic == names.partials:
            target = merge.Target(
                names.group, names.updates, names.merge_state, names.partitions, names.shards
            )
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

    async def recover(self, tps: Sequence[TP]) -> dict[TP, Recovered | Exception]:
        """Fence the former owners of partitions, then read their state, then make their shards.

        All together, as that is quick; if it fails each by itself, so that one that cannot be
        reached keeps no other. Gives the errors of those that fail; raises if all do.
        """
        (whole,) = await _each([self._together(tps)], _boxes)
        if not isinstance(whole, Exception):
            return {one.shard.tp: one for one in whole}
        if len(tps) == 1:
            raise whole
        log.warning("partitions are not recovered together, trying each", error=repr(whole))
        alone = await _each([self._together([tp]) for tp in tps], _boxes)
        errors = [one for one in alone if isinstance(one, Exception)]
        if errors and len(errors) == len(tps):
            raise errors[0]
        return {
            tp: one if isinstance(one, Exception) else one[0]
            for tp, one in zip(tps, alone, strict=True)
        }

    async def _together(self, tps: Sequence[TP]) -> list[Recovered]:
        """Recover all or none: on any failure every outbox is closed and the error raised."""
        outboxes = await self._fence(tps)
        try:
            shards, faults = await self._shards(tps)
            faults |= await opinion.find_strangers(self._client, _marks(shards))
        except BaseException:
            await close_all(outboxes.values())
            raise
        return [Recovered(one, outboxes[one.tp], faults.get(one.tp)) for one in shards]

    async def _shards(self, tps: Sequence[TP]) -> tuple[list[Shard], dict[TP, str]]:
        """Make the shards, and say which cannot be what they were."""
        rows = await self._read(tps)
        fresh = [tp for tp in tps if not rows[tp]]
        starts = await self._first(fresh) if fresh else {}
        # partials are deleted below a checkpoint, so there was one
        lost = [tp for tp, first in starts.items() if first and tp.topic == self.names.partials]
        shards = [self.shard(tp).restore(rows[tp], starts.get(tp, 0)) for tp in tps]
        return shards, {tp: opinion.lost(self.state(tp)) for tp in lost}

    async def _fence(self, tps: Sequence[TP]) -> dict[TP, Outbox]:
        opened = await _each([self._open(tp) for tp in tps], lambda box: [box])
        boxes = [one for one in opened if not isinstance(one, Exception)]
        if len(boxes) < len(tps):
            await close_all(boxes)
            raise next(one for one in opened if isinstance(one, Exception))
        return dict(zip(tps, boxes, strict=True))

    def state(self, tp: TP) -> TP:
        """Name the partition that holds a partition's state rows."""
        names = self.names
        topic = names.merge_state if tp.topic == names.partials else names.fold_state[tp.topic]
        return TP(topic, tp.partition)

    async def _open(self, tp: TP) -> Outbox:
        """Open the outbox of a partition; its former owner is fenced. Raises `Lost`."""
        if self.commit_offset:
            write = acknowledged(self.commit_offset)
            return await Outbox.open(self._client, None, write, self._limits)
        name = transactional_id(self.names.group, tp)
        # deltas are mostly hashes, which nothing makes smaller
        limits = self._limits if tp.topic == self.names.partials else self._plain
        return await Outbox.open(self._client, name, in_transaction, limits)

    async def trim(self, positions: Mapping[TP, int]) -> None:
        """Delete the partials below checkpoints; where it fails, a later checkpoint will do it.

        A broker may never do it, or not for us: they are kept then, which is said once.
        """
        try:
            await delete_below(self._client, positions)
        except BrokerError as error:
            if not self._told:
                log.info("merged partials are not deleted", reason=str(error))
            self._told = True

    async def _read(self, tps: Iterable[TP]) -> dict[TP, Rows]:
        """Read the committed state rows of partitions, whose former owners are fenced."""
        states = {self.state(tp): tp for tp in tps}
        found = await read_rows(self._client, states)
        return {states[state]: rows for state, rows in found.items()}

    async def _first(self, tps: Iterable[TP]) -> dict[TP, int]:
        """Ask for the first offset that is left in each partition. Raises `Lost`."""
        consumer = AIOKafkaConsumer(**self._client.options())
        try:
            async with asyncio.timeout(self._limits.timeout):
                await consumer.start()
                found: dict[TP, int] = await consumer.beginning_offsets(list(tps))
        except Exception as error:
            raise Lost(f"first offsets not read: {error!r}") from error
        finally:
            await close(consumer)
        return found
