"""Who is told what happens to partitions: the face of the state behind the transport."""

from collections.abc import Mapping
from typing import Protocol

from stream.transport.batch import TP, Batch


class Owner(Protocol):
    """Keeps the state of partitions; the transport calls it on the application's event loop.

    No two of `claim`, `revoke` and `stop` run at once: a rebalance cancels a claim that is under
    way and calls `revoke` when it has ended. An `absorb` that is waiting goes on beside them.
    """

    async def claim(self, assigned: frozenset[TP]) -> Mapping[TP, int]:
        """Recover the state of all `assigned` partitions; return the offset to read each from.

        Awaited after every rebalance; heartbeats go on, so it may take long. A partition that is
        not in the answer is not read until `Line.seek` names it. After an exception it is called
        again a second later. It may be cancelled.
        """
        ...

    async def revoke(self, revoked: frozenset[TP]) -> None:
        """Flush: nobody else has the partitions until this returns.

        `revoked` is all we had: the new assignment may hold the same partitions again. It must end
        well within the rebalance timeout (30 s); exceptions are logged and the rebalance goes on.
        """
        ...

    async def absorb(self, batch: Batch) -> None:
        """Take one batch; batches of a partition come in order and touch.

        The first one after a claim or a seek begins at the position that was asked for. While it
        waits, at most a bounded number of records is fetched ahead. An exception ends the
        application: a bad event is no exception here.
        """
        ...

    async def gap(self, tp: TP, position: int) -> None:
        """Hear that no records can be read at `position`: they were deleted or never written.

        Nothing of this partition is read until `Line.seek` names it again.
        """
        ...

    async def stop(self) -> None:
        """Flush for the last time, while the group still counts us in; nothing is claimed after."""
        ...
