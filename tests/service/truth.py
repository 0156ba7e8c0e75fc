"""What must come out, computed by the plain batch from what stands in the source topic.

The topic itself is asked, so it does not matter which sends a test lost to a broker's restart.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from aiokafka import ConsumerRecord

from tests.reference.catalog import Series, series
from tests.reference.counting import Count, Partition, judge, standing
from tests.reference.field import stamp
from tests.reference.outcome import Updates, picture
from tests.reference.plan import plan
from tests.service.judge import Counts, counts
from tests.service.reader import records
from tests.service.worker import Site

Place = tuple[int, int]
"""Partition and offset."""
Record = ConsumerRecord[bytes, bytes]
OTHER = b'"region": "(other)"'
BURIED = ("dead", "late", "future")


class Truth:
    """The batch over the records of one source topic of survey answers, as of `now`.

    The batch knows no cap of segments: of it the regions of `refused` say that they are `(other)`.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        found: list[Record],
        now: int,
        refused: Sequence[str] = (),
    ) -> None:
        self.verdicts: Counter[str] = Counter()
        self.letters: dict[Place, tuple[str, Record]] = {}
        """Records that must become dead letters, with their verdict."""
        self._plan = plan(dict(config))
        self._now = now
        self._refused = refused
        self._count = Count()
        for number in sorted({record.partition for record in found}):
            self._read([record for record in found if record.partition == number])

    def _read(self, partition: list[Record]) -> None:
        judged = Partition("survey_answers", self._plan)
        for record in sorted(partition, key=lambda record: record.offset):
            before = self._count.verdicts.copy()
            judge(self._renamed(record.value), judged, None, self._count)
            (verdict,) = self._count.verdicts - before
            self.verdicts[verdict] += 1
            if verdict in BURIED:
                self.letters[record.partition, record.offset] = verdict, record

    def _renamed(self, value: bytes | None) -> bytes | None:
        for region in self._refused if value else ():
            value = (value or b"").replace(b'"region": "%s"' % region.encode(), OTHER)
        return value

    @cached_property
    def updates(self) -> Updates:
        """All updates by key."""
        return picture(standing(self._count.accepted, self._now), self._plan, self._now)

    def paths(self) -> dict[str, set[Counts]]:
        """By key of a segment by `place`, the counts after each prefix of its partition's events.

        For events that stand alone, which only add to counts.
        """
        events = standing(self._count.accepted, self._now)
        return {
            key: path(one, update)
            for one in series(events, self._plan)
            for key, update in self.updates.items()
            if update["grouping"] == ["place"]
            and (update["metric"], update["variant"], update["by"])
            == (one.metric, one.variant, one.by)
        }


def path(one: Series, update: Mapping[str, Any]) -> set[Counts]:
    """The counts of an update's window and place after each of the series' events, in order."""
    start, end = stamp(update["window_start"]), stamp(update["window_end"])
    alike = {score: one.lower([event]) for score, event in {e.score: e for e in one.events}.items()}
    sums = Counter(dict(counts(0, one.lower([]).parts)))
    there = {tuple(sums.items())}
    for event in one.events:
        if event.dims["place"] == update["segment"]["place"] and start <= event.at < end:
            sums.update(dict(counts(alike[event.score].n, alike[event.score].parts)))
            there.add(tuple(sums.items()))
    return there


async def truth(site: Site, now: int, refused: Sequence[str] = ()) -> Truth:
    """Read the topic of a site and compute."""
    return Truth(site.config, await records(site.kafka, site.source()), now, refused)
