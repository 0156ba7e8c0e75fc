"""Entities: kept while they can be corrected, forgotten by event time alone."""

import pytest

from metrics.entities import Entities
from metrics.entity import Entity

AGE = 1_000


def event(at: int, revision: int = 0) -> Entity:
    """An event that adds one to a cell."""
    return Entity(revision, at, None, True, (), None, (("x", 1),), (revision, at), at)


@pytest.mark.parametrize(("mark", "known"), [(None, True), (1_100, True), (1_101, False)])
def test_an_entity_is_forgotten_when_the_watermark_is_past_its_age(
    mark: int | None, known: bool
) -> None:
    """Exactly `age` is remembered, a millisecond more is not, whatever is still in memory."""
    entities = Entities(AGE)
    entities.join(b"a", event(100))
    old, new = entities.join(b"a", event(50, 1), mark)
    assert (old is not None) == known
    assert new.first == ((0, 100) if known else (1, 50))
    assert new.last == (100 if known else 50)


def test_every_event_keeps_its_entity_alive_even_one_that_loses() -> None:
    """Age counts from the newest `at`, not from the greatest revision."""
    entities = Entities(AGE)
    entities.join(b"a", event(100, 1))
    entities.join(b"a", event(900, 0))
    assert entities.join(b"a", event(1_500), 1_900)[0] is not None


def test_memory_follows_the_watermark() -> None:
    """A long run holds no more than its age, and names each entity that left once."""
    entities = Entities(AGE)
    gone: list[bytes] = []
    for number in range(5_000):
        entities.join(b"%d" % number, event(number * 10), number * 10)
        gone += entities.forget(number * 10)
    assert len(gone) == len(set(gone)) == 5_000 - len(entities)
    assert AGE // 10 <= len(entities) <= AGE // 10 + 3


def test_what_comes_fast_is_forgotten_as_fast() -> None:
    """However many came since the last call, more are looked at."""
    entities = Entities(AGE)
    for flush in range(8):
        for number in range(12_000):
            entities.join(b"%d/%d" % (flush, number), event(flush * AGE))
        entities.forget(flush * AGE)
        entities.take()
    assert len(entities) <= 3 * 12_000


def test_nothing_is_dropped_that_is_still_known() -> None:
    """What has had a newer event stays, though it was listed by an older one."""
    entities = Entities(AGE)
    entities.join(b"a", event(0))
    entities.join(b"b", event(0))
    entities.join(b"a", event(900))
    assert entities.forget(1_500) == [b"b"]
    assert entities.join(b"a", event(1_000), 1_900)[0] is not None
    assert entities.forget(10_000) == [b"a"]
    assert len(entities) == 0


def test_what_is_taken_is_all_that_must_outlive_a_crash() -> None:
    """Rows of changed entities, less those that were forgotten, make the same map again."""
    entities = Entities(AGE)
    rows: dict[bytes, bytes] = {}
    for number in range(300):
        mark = number * 20
        entities.join(b"%d" % (number % 70), event(mark, number % 3), mark)
        if number % 7 == 0:
            for name in entities.forget(mark):
                del rows[name]
            rows.update(entities.take())
            again = Entities(AGE)
            again.restore(rows.items())
            assert again._held == entities._held
            entities = again
    assert rows


def test_only_what_changed_is_taken() -> None:
    """A copy of an event changes nothing, and a flush without changes writes no row."""
    entities = Entities(AGE)
    entities.join(b"a", event(5))
    assert [name for name, _ in entities.take()] == [b"a"]
    entities.join(b"a", event(5))
    assert entities.take() == []
