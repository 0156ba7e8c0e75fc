"""What is wanted, what is void, and how much may be held."""

import asyncio
import time

from stream.transport.batch import TP, Batch
from stream.transport.intake import FIXED_WEIGHT, Intake, Parcel

ONE, TWO = TP("a", 0), TP("a", 1)


def parcel(intake: Intake, tp: TP, records: int, size: int = 0) -> Parcel:
    """Return a parcel of the partition's present reading, counted in."""
    reading = intake.reading(tp)
    assert reading
    values: list[bytes | None] = [b""] * records
    made = Parcel(reading, Batch(*tp, 0, records, values, [], size=size))
    intake.put(made)
    return made


def opened(**limits: int) -> Intake:
    """Return an open intake that reads two partitions."""
    intake = Intake(**{"records": 2_000, "size": 2_000, **limits})
    intake.begin({ONE: 5, TWO: 6})
    intake.open()
    return intake


def test_nothing_is_wanted_while_it_is_closed() -> None:
    """Readings that began flow after `open`; `close` voids them."""
    intake = Intake(1_000, 1_000)
    intake.begin({ONE: 5})
    assert intake.wanted() == frozenset()
    intake.open()
    assert intake.wanted() == {ONE}
    intake.close()
    intake.open()
    assert (intake.wanted(), intake.reading(ONE)) == (frozenset(), None)


def test_a_partition_is_held_back_at_its_share() -> None:
    """Records and bytes count, a full partition does not touch the other's share."""
    for records, size in ((1_000, 0), (1, 1_000)):
        intake = opened()
        held = parcel(intake, ONE, records, size)
        assert intake.wanted() == {TWO}
        assert not intake.all_wanted(intake.wanted())
        intake.take(held)
        assert intake.all_wanted(intake.wanted())


def test_an_empty_partition_is_wanted_however_small_its_share() -> None:
    """A share below one batch delays nobody for ever."""
    assert opened(records=0, size=0).wanted() == {ONE, TWO}


def test_a_small_batch_weighs_more_than_its_records() -> None:
    """Thousands of batches without records are bounded, too."""
    intake = opened()
    for _ in range(1_000 // FIXED_WEIGHT):
        assert ONE in intake.wanted()
        parcel(intake, ONE, 0)
    assert ONE not in intake.wanted()


def test_room_is_what_all_partitions_together_leave() -> None:
    """Of what is void nothing counts; more may be held than there is room for."""
    intake = opened()
    parcel(intake, ONE, 500)
    held = parcel(intake, TWO, 1_900)
    assert intake.room() == -400
    intake.take(held)
    assert intake.room() == 1_500
    intake.begin({ONE: 5})
    assert intake.room() == 2_000


def test_a_new_reading_owes_nothing_to_the_old_one() -> None:
    """What was fetched before a seek is counted out of the old reading only."""
    intake = opened()
    old = parcel(intake, ONE, 900)
    intake.begin({ONE: 50})
    intake.take(old)
    now = intake.reading(ONE)
    assert now
    assert (now.position, now.records, old.reading.records) == (50, 0, 0)
    assert now is not old.reading


async def test_waiting_ends_when_something_stirs_or_time_is_over() -> None:
    """Whoever waits for room notices it at once, and never waits for ever."""
    intake = opened()
    held = parcel(intake, ONE, 10)
    asyncio.get_running_loop().call_later(0.05, intake.take, held)
    began = time.monotonic()
    await intake.wait(10)
    assert time.monotonic() - began < 5
    await intake.wait(0.01)
