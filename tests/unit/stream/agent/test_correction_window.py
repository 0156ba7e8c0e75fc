"""Stage 2 on a journal: what a correction may still change."""

import asyncio

import msgspec
import pytest

from metrics import duration
from stream.transport.batch import TP
from tests.data import plan as plans
from tests.data.journal import Journal

START = 1_774_569_600_000  # 2026-03-27T00:00Z
DAY = duration.DAY
CLOSED = '["aht","default","day:2026-03-27",{},{}]'


def ticket(name: str, at: int, revision: int = 0) -> bytes:
    """A closure; the higher its revision the longer it took."""
    handled = 60 * (1 + revision)
    event = {"ticket_id": name, "at": START + at, "revision": revision, "handle_s": handled}
    return msgspec.json.encode(event)


async def corrected(days: int) -> object:
    """Publish a closed day, let so many days pass, correct it; give what readers hold then."""
    tp = TP("ticket_closures", 0)
    later = ticket("b", days * DAY)
    journal = Journal(plans.whole(plans.UTC, "1h", "today"), {tp: [ticket("a", 0)]})
    for lines in ([later], [ticket("a", 0, 1)]):
        await journal.finish(START + max(1, days) * DAY)
        journal.sources[tp] += lines
    await journal.finish(START + max(1, days) * DAY)
    return journal.contents()[CLOSED]["value"]


@pytest.mark.parametrize(("days", "value"), [(1, 120.0), (300, 60.0)])
def test_a_closed_window_is_corrected_as_long_as_its_slices_are_kept(
    days: int, value: float
) -> None:
    """Afterwards it stays as it was published: a correction must not make it empty."""
    assert asyncio.run(corrected(days)) == value
