"""What sinks are offered: an update, whether it is to be seen, and for how long."""

from collections.abc import Iterable
from typing import Protocol

import msgspec

from metrics import instant
from metrics.plan import Plan
from metrics.slice import Rung
from metrics.store import Store
from metrics.update import Update

OPEN_LASTS_MS = 15 * 60_000


class Shown(msgspec.Struct, frozen=True):
    """An update; `suppressed` takes the value back, `lasts_ms` is how long it is kept.

    One that only `corrects` replaces a value and does not bring one up: a closed window without
    data is shown where it had some before.
    """

    update: Update
    suppressed: bool
    lasts_ms: int
    corrects: bool = False


class Sink(Protocol):
    """Takes values that are absolute; may get one twice, and must never make its caller wait."""

    def offer(self, shown: Iterable[Shown]) -> None:
        """Take note of updates."""


def show(plan: Plan, store: Store, update: Update) -> Shown:
    """Say how sinks show an update that was computed from `store`."""
    suppressed = update.n < plan.min_n
    if not update.is_closed():
        return Shown(update, suppressed, OPEN_LASTS_MS)
    lasts = max(OPEN_LASTS_MS, store.lasts(Rung.LOCAL_DAY, instant.parse(update.window_start)))
    return Shown(update, suppressed, lasts, corrects=not update.n)
