"""Store: the total of any window is a plain walk over all deltas that were ever merged.

delta ──► every rung that keeps its slice ──► tiles of a window ──► total
   reference: the deltas themselves, added up where start <= at < end
"""

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics import duration, rows
from metrics.accumulator.distinct import Distinct
from metrics.accumulator.multiset import Multiset
from metrics.calendar import Calendar, Unit
from metrics.row import RowKey
from metrics.slice import Span
from metrics.store import Store
from metrics.summary import Summary
from metrics.window import Window, retention
from metrics.zone import Zone
from tests.data.plan import windows

CHANGES = {  # days before the clocks go forward and back
    "UTC": (date(2026, 3, 27), date(2026, 10, 23)),
    "Europe/Paris": (date(2026, 3, 28), date(2026, 10, 24)),
    "America/St_Johns": (date(2026, 3, 7), date(2026, 10, 31)),
    "Australia/Lord_Howe": (date(2026, 10, 3), date(2026, 4, 4)),
    "Asia/Kathmandu": (date(2026, 3, 27), date(2026, 10, 23)),
}
NAMES = ("90s", "1h", "2h", "24h", "7d", "today", "week", "month")
SLACK = 10 * duration.MINUTE
LENGTH = 3 * duration.DAY
SEGMENTS = ("[]", '[["region","fr"]]')
SLICE = 10 * duration.SECOND

Delta = tuple[str, int, int, frozenset[int]]
"""Segment, start of a slice after the first day's, amount, users; odd ones may be taken back."""
DELTA = st.tuples(
    st.sampled_from(SEGMENTS),
    st.integers(0, LENGTH // SLICE - 1).map(lambda number: number * SLICE),
    st.integers(-3, 3).filter(bool),
    st.frozensets(st.integers(0, 9), max_size=3),
)
STEPS = st.lists(DELTA | st.sampled_from(["checkpoint", "restart", "look", "undo"]), max_size=30)
PLACES = st.sampled_from([(zone, day) for zone, days in CHANGES.items() for day in days])


def summary(amount: int, users: frozenset[int], times: int = 1) -> Summary:
    """What one flush adds to a slice, or takes back: of users only the odd ones."""
    found = Summary()
    found.counts["nps/0-10/9"] = times * amount
    plain = {user for user in users if user % 2 == 0}
    if plain and times == 1:
        found.users["product_usage"] = Distinct.zero()
        found.users["product_usage"].absorb(plain)
    if users - plain:
        found.counted["product_usage"] = Multiset.of(dict.fromkeys(users - plain, times))
    return found


class Kept:
    """A store with what its checkpoints wrote, and every delta that it was given."""

    def __init__(self, zone: str, first: date, slack: int = SLACK) -> None:
        self.calendar = Calendar(Zone(zone))
        self.windows = windows(self.calendar, *NAMES)
        self.first = Zone(zone).date_start(first)
        self.keep = retention(self.windows, slack)
        self.store = Store(self.keep, self.calendar.zone)
        self.rows: dict[RowKey, bytes] = {}
        self.deltas: list[Delta] = []
        self.now = 0

    def merge(self, delta: Delta) -> None:
        """Merge a delta."""
        segment, offset, amount, users = delta
        self.store.merge(segment, self.first + offset, summary(amount, users))
        self.deltas.append(delta)

    def undo(self) -> None:
        """Take the last delta back; its even users stay."""
        if self.deltas:
            segment, offset, amount, users = self.deltas.pop()
            self.store.merge(segment, self.first + offset, summary(amount, users, -1))
            if even := frozenset(user for user in users if user % 2 == 0):
                self.deltas.insert(0, (segment, offset, 0, even))

    def checkpoint(self) -> None:
        """Keep the rows that changed, forget those that expired."""
        for key, row in self.store.checkpoint():
            if row is None:
                del self.rows[key]
            else:
                self.rows[key] = row
        for key in self.store.expire():
            del self.rows[key]

    def restart(self) -> None:
        """Go on from what is kept."""
        self.checkpoint()
        known, watermark = self.store.known, self.store.watermark
        self.store = Store(self.keep, self.calendar.zone)
        self.store.known, self.store.watermark = known, watermark
        for key, row in self.rows.items():
            self.store.restore(key, row)

    def total(self, segment: str, window: Window, span: Span) -> tuple[int, bytes]:
        """Amount and users of a window, by the store."""
        slot = f"{window.name}{span == window.span(self.now)}" if self.now else None
        tiles = window.cover(span)
        counts = dict(self.store.total(segment, span, tiles, slot, users=False).counts)
        found = self.store.total(segment, span, tiles, slot)
        assert found.counts == counts, "whether users are wanted too changes no count"
        users = found.users.get("product_usage", Distinct())
        return found.counts.get("nps/0-10/9", 0), users.pack()

    def walk(self, segment: str, span: Span) -> tuple[int, bytes]:
        """Amount and users of a window, by the deltas themselves."""
        held = [
            (amount, users)
            for name, offset, amount, users in self.deltas
            if name == segment and self.first + offset in span
        ]
        users = Distinct()
        users.absorb({user for _, some in held for user in some})
        return sum(amount for amount, _ in held), users.pack()

    def check(self, as_of: int) -> None:
        """Compare every window, the one before and the closed ones; kept totals and new ones."""
        for now in (as_of, 0):
            self.now = now
            self._compare(as_of)

    def _compare(self, as_of: int) -> None:
        closed = [self.calendar.closed(unit, as_of) for unit in (Unit.DAY, Unit.WEEK)]
        for window in (*self.windows, *closed):
            for span in (window.span(as_of), window.previous(as_of)):
                if self.store.holds(window.cover(span)):
                    for segment in SEGMENTS:
                        assert self.total(segment, window, span) == self.walk(segment, span), window


@pytest.fixture(params=[(120, 2), (rows.LARGEST, rows.MOST_OPEN)])
def largest(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that are kept in pieces and packed early, and whole ones that are not."""
    largest, most_open = request.param
    monkeypatch.setattr(rows, "LARGEST", largest)
    monkeypatch.setattr(rows, "MOST_OPEN", most_open)


@pytest.mark.usefixtures("largest")
@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=PLACES, steps=STEPS, looks=st.lists(st.integers(0, LENGTH), min_size=1, max_size=3))
def test_a_total_is_a_walk_over_the_deltas(
    place: tuple[str, date], steps: list[Delta | str], looks: list[int]
) -> None:
    """Before and after checkpoints and restarts, of any age, in zones whose clocks change."""
    kept = Kept(*place)
    for step in steps:
        match step:
            case "checkpoint":
                kept.checkpoint()
            case "restart":
                kept.restart()
            case "undo":
                kept.undo()
            case "look":
                kept.check(kept.first + looks[0])
            case tuple():
                kept.merge(step)
    for look in looks:
        kept.check(kept.first + look)


@settings(max_examples=60)
@given(
    place=PLACES,
    steps=st.lists(st.tuples(DELTA, st.integers(0, 40 * duration.DAY), st.booleans()), max_size=15),
)
def test_what_has_left_the_state_shows_in_no_window(
    place: tuple[str, date], steps: list[tuple[Delta, int, bool]]
) -> None:
    """As the watermark moves, windows that the store holds are whole; rows behind them leave.

    A delta counts where its slice is kept. It arrives no later than the lateness allows:

        keep <──────────────── retention ─────────────────> watermark
                                     lateness <───────────> delta arrives here or later
    """
    kept = Kept(*place, slack=LENGTH)
    mark = 0
    for (segment, offset, amount, users), advance, rests in steps:
        kept.merge((segment, mark + offset, amount, users))
        mark += advance // SLICE * SLICE
        kept.store.watermark = kept.first + mark
        if rests:
            kept.restart()
        kept.check(kept.first + mark)
    kept.store.watermark = kept.first + mark + 1_000 * duration.DAY
    kept.restart()
    assert not kept.rows
    assert len(kept.store) == 0


@pytest.mark.parametrize("zone", CHANGES)
def test_every_slice_of_a_day_is_in_its_day(zone: str) -> None:
    """One in each 10 seconds of the days around a change: as many as the days are long."""
    kept = Kept(zone, CHANGES[zone][0])
    ends = [kept.first]
    while len(ends) < 4:
        ends.append(kept.calendar.zone.local_day_end(ends[-1]))
    for start in range(kept.first, ends[-1], 6 * SLICE):
        kept.store.merge("[]", start, summary(1, frozenset()))
    for start, end in pairwise(ends):
        window = kept.calendar.closed(Unit.DAY, start)
        assert kept.total("[]", window, window.span())[0] == (end - start) // (6 * SLICE)


@pytest.mark.parametrize(("zone", "more"), [("UTC", 0), ("Asia/Kathmandu", 1)])
def test_local_days_of_utc_are_kept_once(zone: str, more: int) -> None:
    """One rung is for days and local days both, where they are the same."""
    kept = Kept(zone, CHANGES[zone][0])
    kept.merge(("[]", 0, 1, frozenset()))
    kept.checkpoint()
    assert len(kept.rows) == 4 + more
    assert kept.store.days("[]", kept.first + LENGTH) == [kept.first]


@given(
    place=PLACES,
    deltas=st.lists(DELTA, min_size=1, max_size=5),
    undone=st.integers(1, 5),
    look=st.integers(0, LENGTH),
)
def test_a_total_that_is_kept_loses_what_is_taken_back(
    place: tuple[str, date], deltas: list[Delta], undone: int, look: int
) -> None:
    """Asked for before and after: amounts and users are those of the deltas that are left."""
    kept = Kept(*place)
    for segment, _, amount, users in deltas:
        kept.merge((segment, look // SLICE * SLICE, amount, users | {1}))
    kept.check(kept.first + look)
    for _ in range(undone):
        kept.undo()
    kept.check(kept.first + look)
