"""What must come out, computed by the plain batch from what stands in the source topic.

The topic itself is asked, so it does not matter which sends a test lost to a broker's restart.
"""

from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from aiokafka import ConsumerRecord

from tests.reference.counting import Count, Partition, judge, standing
from tests.reference.outcome import Updates, picture
from tests.reference.plan import plan
from tests.service.kafka import Kafka
from tests.service.reader import records

Place = tuple[int, int]
"""Partition and offset."""
Record = ConsumerRecord[bytes, bytes]
BURIED = ("dead", "late", "future")


class Truth:
    """The batch over the records of one source topic of survey answers, as of `now`."""

    def __init__(self, config: Mapping[str, Any], found: list[Record], now: int) -> None:
        self.verdicts: Counter[str] = Counter()
        self.letters: dict[Place, tuple[str, Record]] = {}
        """Records that must become dead letters, with their verdict."""
        self._plan = plan(dict(config))
        self._now = now
        self._count = Count()
        for number in sorted({record.partition for record in found}):
            self._read([record for record in found if record.partition == number])

    def _read(self, partition: list[Record]) -> None:
        judged = Partition("survey_answers", self._plan)
        for record in sorted(partition, key=lambda record: record.offset):
            before = self._count.verdicts.copy()
            judge(record.value, judged, None, self._count)
            (verdict,) = self._count.verdicts - before
            self.verdicts[verdict] += 1
            if verdict in BURIED:
                self.letters[record.partition, record.offset] = verdict, record

    @cached_property
    def updates(self) -> Updates:
        """All updates by key."""
        return picture(standing(self._count.accepted, self._now), self._plan, self._now)


async def truth(kafka: Kafka, topic: str, config: Mapping[str, Any], now: int) -> Truth:
    """Read the topic and compute."""
    return Truth(config, await records(kafka, topic), now)
