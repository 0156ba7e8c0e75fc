"""What must come out, computed by the plain batch from what stands in the source topic.

The topic itself is asked, so it does not matter which sends a test lost to a broker's restart.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from aiokafka import ConsumerRecord

from tests.reference.counting import Count, Partition, judge, standing
from tests.reference.outcome import Updates, picture
from tests.reference.plan import plan
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


async def truth(site: Site, now: int, refused: Sequence[str] = ()) -> Truth:
    """Read the topic of a site and compute."""
    return Truth(site.config, await records(site.kafka, site.source()), now, refused)
