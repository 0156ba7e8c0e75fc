"""`ressenti` with one protection taken away, to see that a trial would notice.

`python -m tests.service.broken PROTECTION run -c FILE`: a step of the protocol is done wrongly on
purpose, and slowly enough that a kill at some instant finds the gap.
"""

import asyncio
import sys
import uuid
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from stream.__main__ import main
from stream.state.flush import Flush
from stream.state.outbox import Outbox, in_transaction
from stream.state.producer import Producer

GAP = 0.1  # seconds between two halves of a flush that should be one


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


PROTECTIONS: dict[str, Callable[[], None]] = {
    "offset-first": offset_first,
    "deltas-first": deltas_first,
    "no-fence": no_fence,
}


def program(protection: str) -> tuple[str, ...]:
    """Name the command that stands for `ressenti`."""
    return sys.executable, "-m", __name__, protection


if __name__ == "__main__":
    PROTECTIONS[sys.argv.pop(1)]()
    main()
