"""Corrections: what entities add and take back, and the rows that outlive a crash."""

import msgspec
import pytest

from metrics.overlay import Deltas, Overlay
from metrics.plan import Plan
from metrics.segment import RollUp
from stream.agent.correction import ENTITY, LAYOUT, Corrections
from stream.agent.fold import Flushed, FoldShard, Target
from stream.reader import Reader, hash_key
from stream.telemetry import Telemetry
from stream.transport.batch import TP
from tests.data import plan as plans
from tests.data.journal import batch

AT = 1_774_569_600_000
SOURCE = "survey_answers"
HASHES = hash_key("a secret of many letters")


def plan(*groupings: tuple[str, ...]) -> Plan:
    """The whole catalog by these groupings."""
    return plans.whole(groupings=groupings)


def answer(score: int, revision: int = 0, region: str = "fr", **more: object) -> bytes:
    """An NPS answer of one response."""
    event = {"at": AT, "type": "nps", "score": score, "response_id": "r", "revision": revision}
    return msgspec.json.encode(
        {**event, "customer_id": "ann", "dims": {"region": region, "channel": "web"}, **more}
    )


class Partition:
    """The corrections of one partition, with the rows that were flushed."""

    def __init__(self, *groupings: tuple[str, ...]) -> None:
        self.rows: dict[bytes, bytes] = {}
        self.use(*groupings)

    def use(self, *groupings: tuple[str, ...]) -> None:
        """Go on from the rows, under these groupings."""
        self.plan = plan(*groupings)
        self.reader = Reader(SOURCE, self.plan, HASHES)
        self.corrections = Corrections(SOURCE, self.plan)
        self.corrections.restore(self.rows)

    def read(self, *lines: bytes) -> tuple[Deltas, int]:
        """Apply lines and flush; give what changed, and how many were corrected."""
        overlay = Overlay(SOURCE, RollUp(self.plan.dimensions, self.plan.groupings))
        columns = self.reader.read(lines).columns
        corrected = self.corrections.absorb(columns, range(len(lines)), None, overlay)
        for key, row in self.corrections.rows(None):
            assert row is not None
            self.rows[key] = row
        return overlay.take()[0], corrected


def cells(deltas: Deltas) -> dict[str, dict[str, int]]:
    """Amounts by segment and cell."""
    return {segment: slices[AT].counts for segment, slices in deltas.items()}


def test_a_revision_takes_the_former_answer_back() -> None:
    """In the same flush; of what is equal nothing is sent at all."""
    partition = Partition((), ("region",))
    deltas, corrected = partition.read(answer(3))
    assert corrected == 0
    assert cells(deltas)["[]"] == {"nps/0-10/3": 1}
    deltas, corrected = partition.read(answer(9, 1))
    assert corrected == 1
    assert cells(deltas)["[]"] == {"nps/0-10/9": 1, "nps/0-10/3": -1}
    assert not deltas["[]"][AT].counted  # the customer stays
    deltas, corrected = partition.read(answer(9, 2, "de"))
    assert corrected == 1
    assert cells(deltas) == {
        '[["region","fr"]]': {"nps/0-10/9": -1},
        '[["region","de"]]': {"nps/0-10/9": 1},
    }
    assert deltas['[["region","fr"]]'][AT].takes


def test_what_comes_to_nothing_in_one_flush_leaves_no_trace() -> None:
    """An answer and its withdrawal; a correction is counted all the same."""
    partition = Partition((), ("region",))
    assert partition.read(answer(3), answer(3, 1, excluded=True)) == ({}, 1)
    assert partition.read(answer(3, 1, excluded=True), answer(9)) == ({}, 0)


def test_what_was_added_is_taken_back_from_where_it_was_added() -> None:
    """Under other groupings: the segments that have it lose it, those that never had it do not."""
    partition = Partition((), ("region",))
    partition.read(answer(3))
    partition.use((), ("channel",))
    assert cells(partition.read(answer(9, 1))[0]) == {
        "[]": {"nps/0-10/3": -1, "nps/0-10/9": 1},
        '[["region","fr"]]': {"nps/0-10/3": -1},
        '[["channel","web"]]': {"nps/0-10/9": 1},
    }
    partition.use((), ("region",))
    assert cells(partition.read(answer(0, 2))[0])['[["channel","web"]]'] == {"nps/0-10/9": -1}
    assert sum(key.startswith(LAYOUT) for key in partition.rows) == 2


def test_no_id_of_a_person_is_in_the_rows() -> None:
    """A customer, a survey and a response are digests; the id of the event may be there."""
    partition = Partition(())
    partition.read(answer(3, survey_id="secret-s", response_id="secret-r", customer_id="secret-c"))
    written = b"".join(key + row for key, row in partition.rows.items())
    assert b"secret" not in written
    assert [key[: len(ENTITY)] for key in partition.rows if not key.startswith(LAYOUT)] == [ENTITY]


def taken(source: str, *lines: bytes) -> Flushed:
    """What a partition says in one flush of these lines."""
    tp = TP(source, 0)
    target = Target("g", "partials", 1, "dead", "state")
    shard = FoldShard(tp, Reader(source, plan(()), HASHES), plan(()), target)
    shard.absorb(batch(tp, 0, lines))
    return shard.take()


@pytest.mark.parametrize("order", [1, -1])
def test_counters_count_events_and_never_fall(order: int) -> None:
    """Three answers are told of, as folded or excluded, whichever wins; corrections besides."""
    lines = [answer(3), answer(9, 1), answer(9, 2, excluded=True)][::order]
    found = taken(SOURCE, *lines)
    assert found.outcomes == {"folded": 2, "excluded": 1}
    assert found.tally.answers == {("nps", "detractor"): 1, ("nps", "promoter"): 1}
    assert found.tally.corrections == (2 if order == 1 else 0)
    telemetry = Telemetry()
    telemetry.events.committed(TP(SOURCE, 0), found)
    name = "cx_corrections_total"
    assert telemetry.registry.get_sample_value(name) == found.tally.corrections


def test_closures_are_counted_as_they_come() -> None:
    """Each closure by its outcome; one that is revised is a correction, one reopened too."""

    def ticket(kind: str, at: int, **more: object) -> bytes:
        event = {"at": AT + at, "ticket_id": "t", "kind": kind, "handle_s": 60, **more}
        return msgspec.json.encode(event)

    found = taken(
        "ticket_closures",
        ticket("closed", 1, contacts=1),
        ticket("closed", 2),
        ticket("reopened", 3),
        ticket("opened", 0),
        ticket("closed", 4, outcome="spam"),
    )
    assert found.tally.closed == {"resolved": 2, "spam": 1}
    assert found.tally.incomplete == {"fcr": 1}
    assert found.tally.handled == [60.0, 60.0]
    assert found.tally.corrections == 2
