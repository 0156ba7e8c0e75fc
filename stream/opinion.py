"""Second opinions on a recovered position, before anything is folded from there.

The group's offset moves in one transaction with the position. A broker that was just restarted may
know of none; but one that differs means that state or offset is not what was committed. And the
last record that was folded must still be what it was, unless it is gone: else the topic was made
anew under its old name.
"""

import asyncio
from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer

from stream.agent.fold import FoldShard, Mark
from stream.client import Client
from stream.state.flush import Lost
from stream.transport.batch import TP
from stream.transport.line import Line

PATIENCE_S = 10.0
STRANGE = (
    "another record stands where the last one was folded: the topic was made anew under its old "
    "name; stop all workers and use another [kafka] group, which reads everything again"
)


async def ask(line: Line, shard: FoldShard, state: TP) -> None:
    """Compare a recovered position with the group's offset; raises `Lost` if they differ."""
    offset = await line.committed(shard.tp)
    if offset is not None and offset != shard.position:
        raise Lost(
            f"the group has read {shard.tp.topic}[{shard.tp.partition}] up to {offset}, its state "
            f"says {shard.position}; if this stays, {state.topic}[{state.partition}] has lost "
            "records or the group's offsets were reset: use another [kafka] group"
        )


async def find_strangers(client: Client, marks: Mapping[TP, Mark]) -> dict[TP, str]:
    """Say which partitions hold another record than was folded, and what to do.

    A record that is no longer there says nothing. Raises aiokafka's errors, or `TimeoutError`.
    """
    if not marks:
        return {}
    reader = AIOKafkaConsumer(
        **client.options(), enable_auto_commit=False, auto_offset_reset="latest"
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            await reader.start()
            reader.assign(list(marks))
            return {tp: STRANGE for tp in marks if not await _is_known(reader, tp, marks[tp])}
    finally:
        await reader.stop()


async def _is_known(reader: AIOKafkaConsumer, tp: TP, mark: Mark) -> bool:
    first, end = await reader.beginning_offsets([tp]), await reader.end_offsets([tp])
    if not first[tp] <= mark.offset < end[tp]:
        return True  # gone, or what the transport will report as a gap
    reader.seek(tp, mark.offset)
    record = await reader.getone(tp)
    found = Mark.of(record.offset, record.timestamp, record.value)
    return found == mark or found.offset != mark.offset
