"""Whatever comes in, no record of a flush is larger than a broker takes."""

import asyncio
import json
import uuid
from collections.abc import Iterable

import pytest

from metrics import duration, segment
from metrics.overlay import Deltas
from metrics.summary import Summary
from stream import partial
from stream.agent import fold, merge
from stream.agent.fold import FoldShard
from stream.agent.merge import MergeShard
from stream.reader import Reader
from stream.state.flush import Record
from stream.state.producer import Limits
from stream.transport.batch import TP
from tests.data import plan as plans
from tests.data.journal import KEY, batch

START = 1_774_569_600_000
COUNT = 100_000
PLAN = plans.whole(plans.UTC, "1h", "24h", "today", dimensions=(), groupings=((),))
SOURCE = TP("survey_answers", 0)


def answers(seconds: int, entities: bool) -> Iterable[bytes]:
    """Answers of as many customers as there are, with the longest usual ids."""
    for number in range(COUNT):
        event = {
            "at": START + number * seconds * 1000 // COUNT,
            "id": str(uuid.uuid5(uuid.NAMESPACE_OID, str(number))),
            "customer_id": f"c{number}",
            "type": "nps",
            "score": number % 11,
        }
        if entities:
            event["response_id"] = f"r{number}"
        yield json.dumps(event).encode()


def folded(seconds: int, entities: bool) -> fold.Flushed:
    """One flush of as many events as are ever folded between two."""
    reader = Reader("survey_answers", PLAN, KEY)
    target = fold.Target("group", "partials", 1, "letters", "state")
    shard = FoldShard(SOURCE, reader, PLAN, target).restore({}, 0)
    shard.absorb(batch(SOURCE, 0, answers(seconds, entities)))
    return shard.take()


def too_large(records: Iterable[Record]) -> list[int]:
    """Sizes of records that would not fit a batch."""
    sizes = [len(record.value or b"") + len(record.key or b"") for record in records]
    return [size for size in sizes if size > Limits().batch_bytes]


@pytest.mark.parametrize(("seconds", "entities"), [(1_200, False), (5, True)])
def test_a_flood_in_one_segment_leaves_and_stays_in_small_records(
    seconds: int, entities: bool
) -> None:
    """A hundred thousand customers at once or in minutes: the flush, and a checkpoint's rows.

    Recovered from those rows, the shard has the same count of customers.
    """
    flush = folded(seconds, entities).flush
    assert not too_large([*flush.records, *flush.rows])
    target = merge.Target("group", "updates", "state", {"survey_answers": 1}, 1)
    shard = MergeShard(TP("partials", 0), PLAN, target)
    partials = [record.value or b"" for record in flush.records]
    asyncio.run(shard.absorb(batch(shard.tp, 0, partials)))
    before = users(shard)
    rows = asyncio.run(shard.checkpoint()).rows
    assert not too_large(rows)
    kept = {row.key or b"": row.value for row in rows if row.value is not None}
    assert len([key for key in kept if key[:1] == merge.ROW]) > len(PLAN.keep())
    again = MergeShard(TP("partials", 0), PLAN, target).restore(kept, 0)
    assert users(again) == before == pytest.approx(COUNT, rel=0.03)


def users(shard: MergeShard) -> int:
    """How many customers were active in the last hour."""
    found = [
        update.n
        for updates in shard.updates(START + duration.MINUTE * 20)
        for update in updates
        if update.metric == "active_users" and update.window == "1h" and not update.by
    ]
    return found[0]


def test_a_crowd_of_segments_with_long_names_leaves_in_small_records() -> None:
    """Names count as well: 4,000 of them are a megabyte."""
    deltas: Deltas = {
        segment.key([("region", f"{number:05}" + "x" * 240)]): {START: Summary({"nps/0-10/9": 1})}
        for number in range(20_000)
    }
    records = [record for _, record in partial.split(deltas, [], 1)]
    assert not [size for size in map(len, records) if size > Limits().batch_bytes]
    told = [name for record in records for name, _ in partial.decode(record).deltas]
    assert told == list(deltas)
