"""The second opinion on a position: the group's offset, which moves in one transaction with it.

A broker that was just restarted may know of no offset, and nobody is asked for ever; but one that
differs means that state or offset is not what was committed, and nothing may be folded.
"""

from stream.agent.fold import FoldShard
from stream.state.flush import Lost
from stream.transport.batch import TP
from stream.transport.line import Line


async def ask(line: Line, shard: FoldShard, state: TP) -> None:
    """Compare a recovered position with the group's offset; raises `Lost` if they differ."""
    offset = await line.committed(shard.tp)
    if offset is not None and offset != shard.position:
        raise Lost(
            f"the group has read {shard.tp.topic}[{shard.tp.partition}] up to {offset}, its state "
            f"says {shard.position}; if this stays, {state.topic}[{state.partition}] has lost "
            "records or the group's offsets were reset: use another [kafka] group"
        )
