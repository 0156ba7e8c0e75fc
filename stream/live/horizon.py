"""The horizon: what lies further back than that is too old, measured in the time of what is heard.

It looks at no clock. Old data that are run today have old windows, and the clocks of those who
publish may differ from ours.
"""

from metrics import instant


class Horizon:
    """Lies `reach` milliseconds before the newest time heard, and moves forward only.

    >>> horizon = Horizon(60_000)
    >>> horizon.hear("2026-11-22T10:05:00.000Z")
    >>> horizon.hear("2026-11-22T09:00:00.000Z")
    >>> horizon.at
    '2026-11-22T10:04:00.000Z'
    """

    def __init__(self, reach: int) -> None:
        self.at = ""
        """As updates write times, so that it compares with theirs; empty: nothing is too old."""
        self._reach = reach
        self._newest = ""

    def hear(self, time: str) -> None:
        """Take a time as updates write it; raises `InvalidEvent` for a newer one that is none."""
        if time > self._newest:
            at = max(instant.FIRST, instant.parse(time) - self._reach)
            self.at, self._newest = instant.format(at), time
