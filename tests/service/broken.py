"""`ressenti` with one protection taken away, to see that a trial would notice.

`python -m tests.service.broken PROTECTION run -c FILE`: a step of the protocol is done wrongly on
purpose, and slowly enough that a kill at some instant finds the gap.
"""

import asyncio
import sys
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from metrics.admission import Admission
from metrics.store import Store
from stream import opinion
from stream.__main__ import main
from stream.agent.fold import FoldShard
from stream.agent.merge import MergeShard
from stream.held import Held
from stream.owner import Owner
from stream.sink import redis
from stream.sink.whole import Whole
from stream.state.flush import Flush
from stream.state.outbox import Outbox, in_transaction
from stream.state.producer import Producer

GAP = 0.3  # seconds between two halves of a flush that should be one
MISSED = 200  # records


async def _offset_first(producer: Producer, flush: Flush) -> None:
    await in_transaction(producer, replace(flush, records=()))
    await asyncio.sleep(GAP)
    await in_transaction(producer, Flush(records=flush.records))


async def _deltas_first(producer: Producer, flush: Flush) -> None:
    await in_transaction(producer, Flush(records=flush.records))
    await asyncio.sleep(GAP)
    await in_transaction(producer, replace(flush, records=()))


def _open_with(**changes: Any) -> None:
    """Open every outbox with some arguments changed."""
    open_ = Outbox.open

    async def opened(client: Any, name: str | None, write: Any, limits: Any) -> Outbox:
        given = {"transactional_id": name, "write": write}
        given |= {key: value() for key, value in changes.items()}
        return await open_(client, **given, limits=limits)

    Outbox.open = opened  # type: ignore[method-assign,assignment] # broken on purpose


def offset_first() -> None:
    """Commit the position before the deltas: what a kill finds between is lost."""
    _open_with(write=lambda: _offset_first)


def deltas_first() -> None:
    """Commit the deltas before the position: what a kill finds between is counted twice."""
    _open_with(write=lambda: _deltas_first)


def no_fence() -> None:
    """Give every producer a name of its own: nobody shuts a former owner out."""
    _open_with(transactional_id=lambda: uuid.uuid4().hex)


def short_recovery() -> None:
    """Go on from a position that is not the newest, and ask nobody: what is since counts twice."""
    restore = FoldShard.restore

    def restored(self: FoldShard, rows: Mapping[bytes, bytes], start: int) -> FoldShard:
        restore(self, rows, start)
        self.position = max(start, self.position - MISSED)
        return self

    async def content(*_: object) -> None:
        pass

    FoldShard.restore = restored  # type: ignore[assignment,method-assign] # broken on purpose
    vars(opinion)["ask"] = content


def untold() -> None:
    """Give up on Redis soon, and tell it the news only, whatever it may have missed."""
    vars(redis)["TIMEOUT_S"] = 0.5
    Whole.take = lambda self, most: []  # type: ignore[method-assign] # broken on purpose


def redis_first() -> None:
    """Publish only what Redis has taken before."""
    publish = Owner._publish

    async def published(self: Owner, shard: MergeShard, held: Held, final: bool) -> None:
        sinks = [sink for sink in self.sinks if isinstance(sink, redis.RedisSink)]
        while any(sink._waiting or not sink.here for sink in sinks):  # noqa: ASYNC110 (a poll)
            await asyncio.sleep(0.01)
        await publish(self, shard, held, final)

    Owner._publish = published  # type: ignore[method-assign] # broken on purpose


def ids_stay() -> None:
    """Never forget an id."""
    Admission.forget = lambda self: []  # type: ignore[method-assign] # broken on purpose


def rows_stay() -> None:
    """Never drop a row of a shard."""
    Store.expire = lambda self: iter(())  # type: ignore[method-assign] # broken on purpose


PROTECTIONS: dict[str, Callable[[], None]] = {
    "offset-first": offset_first,
    "deltas-first": deltas_first,
    "no-fence": no_fence,
    "short-recovery": short_recovery,
    "untold": untold,
    "redis-first": redis_first,
    "ids-stay": ids_stay,
    "rows-stay": rows_stay,
}


def program(protection: str) -> tuple[str, ...]:
    """Name the command that stands for `ressenti`."""
    return sys.executable, "-m", __name__, protection


if __name__ == "__main__":
    PROTECTIONS[sys.argv.pop(1)]()
    main()
