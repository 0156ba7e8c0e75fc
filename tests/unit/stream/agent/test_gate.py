"""The gate: what is refused costs nothing that lasts, and what an older list let in can leave."""

import asyncio
from collections import Counter

import msgspec

from metrics.segment import key
from stream.agent.fold import FoldShard, Target
from stream.agent.merge import MergeShard
from stream.agent.merge import Target as MergeTarget
from stream.partial import Part, Partial, decode, encode
from stream.reader import Reader
from stream.state.flush import Record
from stream.transport.batch import TP
from tests.data import plan as plans
from tests.data.journal import KEY, batch

NOON = 1_795_348_800_000
PLAN = plans.whole(plans.UTC, "1h", "today", max_segments=3)
SOURCE = TP("survey_answers", 0)
REST = key([("region", "(other)")])


def named(number: int) -> str:
    """A segment."""
    return key([("region", f"r{number}")])


def told(numbers: range) -> MergeShard:
    """A shard that heard one answer of each of these regions."""
    target = MergeTarget("group", "updates", "state", {"survey_answers": 1}, 1)
    shard = MergeShard(TP("partials", 0), PLAN, target)
    part = Part(NOON, {"nps/0-10/9": 1}, {})
    records = [encode(Partial([], [(named(number), [part])])) for number in numbers]
    asyncio.run(shard.absorb(batch(shard.tp, 0, records)))
    return shard


def sent_on(records: list[Record]) -> Counter[tuple[str, str]]:
    """What partials add, by segment and cell."""
    found: Counter[tuple[str, str]] = Counter()
    for record in records:
        for segment, parts in decode(record.value or b"").deltas:
            for part in parts:
                found.update({(segment, cell): n for cell, n in part.counts.items()})
    return found


def test_what_is_refused_leaves_no_trace() -> None:
    """A thousand regions over the cap: three are known, the others are one delta of `(other)`."""
    shard = told(range(1_000))
    assert set(shard.store.known) == {named(0), named(1), named(2)}
    assert shard._agenda.changed().keys() == shard.store.known.keys()
    flush = asyncio.run(shard.checkpoint())
    assert sent_on(list(flush.records)) == {(REST, "nps/0-10/9"): 997}
    assert len(flush.records) == 1
    assert not any(b"r3" in (row.key or b"") + (row.value or b"") for row in flush.rows)


def test_refused_deltas_are_counted_with_the_flush_that_sends_them_on() -> None:
    """Not before, and once."""
    shard = told(range(5))
    assert not shard.gate.counted
    asyncio.run(shard.checkpoint())
    assert shard.gate.counted == {"region": 2}
    assert not asyncio.run(shard.checkpoint()).records
    assert shard.gate.counted == {"region": 2}


def answer(revision: int, region: str) -> bytes:
    """One response, revised."""
    fields = {"at": NOON, "type": "nps", "score": 9, "response_id": "r", "revision": revision}
    return msgspec.json.encode({**fields, "dims": {"region": region}, "channel": "web"})


def test_a_response_leaves_the_segment_that_it_was_counted_in() -> None:
    """Counted as `(other)` when de was not on the list, it is taken back from there.

    list: fr          de ► (other) +1
    list: de, restart            revised: (other) -1, de +1
    """
    rows: dict[bytes, bytes] = {}
    added: Counter[tuple[str, str]] = Counter()
    for position, listed in enumerate(("fr", "de")):
        allow = (key([("region", listed)]),)
        plan = plans.whole(plans.UTC, groupings=(("region",),), allow=allow)
        target = Target("group", "partials", 1, "letters", "state")
        shard = FoldShard(SOURCE, Reader("survey_answers", plan, KEY), plan, target)
        shard.restore(rows, 0)
        shard.absorb(batch(SOURCE, position, [answer(position, "de")]))
        flush = shard.take().flush
        added.update(sent_on(list(flush.records)))
        rows |= {row.key or b"": row.value or b"" for row in flush.rows}
        assert +added == {(key([("region", ("(other)", "de")[position])]), "nps/0-10/9"): 1}
