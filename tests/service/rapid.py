"""`ressenti` for weeks in minutes: `python -m tests.service.rapid DONE SPEED BREACH run -c FILE`.

`BREACH` is a protection to take away (see `broken`), or `-` for none.
"""

import sys
import time
from typing import NamedTuple

from stream.__main__ import main
from tests.service.broken import PROTECTIONS


class Rapid(NamedTuple):
    """A clock that goes `speed` times as fast, and from `done` (s since 1970) on stands still.

    So it tells the true time in the end, and what is evaluated then has one truth only.
    """

    done: float
    speed: float

    def ms(self) -> int:
        """What it tells, milliseconds UTC."""
        return round((self.done - self.left() * self.speed) * 1000)

    def left(self) -> float:
        """How many seconds it still goes."""
        return max(0.0, self.done - time.time())

    def program(self, breach: str = "-") -> tuple[str, ...]:
        """Name the command that stands for `ressenti`, by this clock."""
        return sys.executable, "-m", __name__, str(self.done), str(self.speed), breach


if __name__ == "__main__":
    done, speed, breach = (sys.argv.pop(1) for _ in range(3))
    clock = Rapid(float(done), float(speed))
    # `time_ns` is what windows are evaluated by; by `time` Kafka's clients stamp records, and by
    # those stamps the broker rolls segments
    time.time_ns = lambda: clock.ms() * 1_000_000
    if breach in PROTECTIONS:
        PROTECTIONS[breach]()
    main()
