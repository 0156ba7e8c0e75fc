"""Answers of many regions, whose times are those of a clock that goes through weeks in minutes."""

from typing import Any

from tests.service.kafka import Kafka
from tests.service.rapid import Rapid
from tests.service.traffic import DAY, Traffic

HOUR = DAY // 24


class Weeks(Traffic):
    """Most are of the last minutes, some of the last hours, some too late, some weeks ahead.

    Each fifth belongs to a response, so that there are entities to forget.
    """

    regions = tuple(f"r{number}" for number in range(20))
    rate = 1_200

    def __init__(self, kafka: Kafka, topic: str, partitions: int, seed: int, clock: Rapid) -> None:
        super().__init__(kafka, topic, partitions, seed)
        self._clock = clock

    def now(self) -> int:
        """The producers' time."""
        return self._clock.ms()

    def _event(self, roll: float, partition: int) -> dict[str, Any]:
        event = super()._event(roll, partition)
        if self._dice.random() < 0.2:
            event["response_id"] = f"r{self._number}"
        return event

    def _time(self, roll: float) -> int:
        now, dice = self.now(), self._dice
        if roll < 0.15:
            return now - 2 * DAY
        if roll < 0.16:
            return now + 20 * DAY
        if roll < 0.3:
            return now - dice.randrange(10 * HOUR)
        return now - dice.randrange(HOUR // 6)
