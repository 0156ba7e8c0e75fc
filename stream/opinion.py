"""Second opinions on a recovered position, before anything is folded from there.

The group's offset moves in one transaction with the position. A broker that was just restarted may
know of none; but one that differs means that state or offset is not what was committed. And the
last record that was folded must still be what it was, unless it is gone: else the topic was made
anew under its old name.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping

from aiokafka import AIOKafkaConsumer

from stream.agent.fold import FoldShard, Mark
from stream.client import Client
from stream.layout import Names
from stream.state.flush import Lost
from stream.state.recovery import close
from stream.transport.batch import TP
from stream.transport.line import Line

PATIENCE_S = 10.0
STRANGE = (
    "another record stands where the last one was folded: the topic was made anew under its old "
    "name; stop all workers and use another [kafka] group, which reads everything again"
)


def grown(names: Names, assigned: Iterable[TP]) -> dict[TP, str]:
    """Say which partitions have no state, for their topics got more of them, and what to do."""
    counts = {**names.partitions, names.partials: names.shards}
    return {
        tp: _grown(tp, counts[tp.topic])
        for tp in assigned
        if tp.topic in counts and tp.partition >= counts[tp.topic]
    }


def _grown(tp: TP, count: int) -> str:
    return (
        f"{tp.topic}[{tp.partition}]: the topic had {count} partitions when the state was laid "
        "out; keys have moved, so stop all workers and use another [kafka] group, which reads "
        "everything again"
    )


def lost(state: TP) -> str:
    """Say that a partition of the state has no rows, though it had some, and what to do."""
    return (
        f"{state.topic}[{state.partition}] holds nothing, though a checkpoint was kept there: "
        "state was lost; stop all workers and use another [kafka] group, which reads everything "
        "again"
    )


def unreadable(tp: TP, position: int) -> str:
    """Say that nothing can be read at a position, though it was recovered, and what to do."""
    return (
        f"{tp.topic}[{tp.partition}]: nothing can be read at offset {position}: records were "
        "deleted before they were read, or the topic was made anew; stop all workers and use "
        "another [kafka] group, which reads all that is left, or raise the retention first"
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

    A record that is no longer there, or does not come in time, says nothing. Raises aiokafka's
    errors, or `TimeoutError` when the broker does not answer.
    """
    if not marks:
        return {}
    reader = AIOKafkaConsumer(
        **client.options(), enable_auto_commit=False, auto_offset_reset="latest"
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            await reader.start()
            found = await _there(reader, marks)
        return {
            tp: STRANGE for tp, mark in (await _read(reader, found)).items() if mark != found[tp]
        }
    finally:
        await close(reader)


async def _there(reader: AIOKafkaConsumer, marks: Mapping[TP, Mark]) -> dict[TP, Mark]:
    """Leave out what is gone, and what lies ahead: the transport will report that as a gap."""
    firsts, ends = await reader.beginning_offsets(marks), await reader.end_offsets(marks)
    return {tp: mark for tp, mark in marks.items() if firsts[tp] <= mark.offset < ends[tp]}


async def _read(reader: AIOKafkaConsumer, marks: Mapping[TP, Mark]) -> dict[TP, Mark]:
    """Read the record at each mark's offset, of all partitions at once, for a bounded time."""
    reader.assign(list(marks))
    for tp, mark in marks.items():
        reader.seek(tp, mark.offset)
    found: dict[TP, Mark] = {}
    deadline = time.monotonic() + PATIENCE_S
    while left := marks.keys() - found.keys():
        if time.monotonic() > deadline:
            break
        for tp, records in (await reader.getmany(*left, timeout_ms=500, max_records=None)).items():
            one = records[0]
            gone = one.offset != marks[tp].offset
            found[tp] = marks[tp] if gone else Mark.of(one.offset, one.timestamp, one.value)
    return found
