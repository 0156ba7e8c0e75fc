"""What was last said under each key, so that only news is published.

Memory: an entry for each key of an open window, and for each key of a closed one until its slices
have left the state. It is lost with the shard: what a former owner said is not known, so where it
may have said something that no longer holds, that is taken back.
"""

from metrics.update import Update

GONE = 0
"""What stands for a key that has no value on the topic."""


class Said:
    """Remembers what was said, both key and content by a 64-bit hash."""

    def __init__(self) -> None:
        self._open: dict[int, int] = {}
        self._closed: dict[str, dict[int, int]] = {}  # by the window's end

    def is_news(self, update: Update, suppressed: bool, again: bool, may_stand: bool) -> int | None:
        """Note an update and return what is said now, `GONE` or not; None if that is no news.

        `again` has open windows said anew. A closed window without data is said where it had some
        before, be it by a former owner (`may_stand`): then it is `GONE`, as one suppressed.
        """
        closed = update.is_closed()
        said = self._closed.setdefault(update.window_end, {}) if closed else self._open
        key = hash(update.key())
        held = said.get(key)
        gone = suppressed or (closed and not update.n and not held)
        content = GONE if gone else hash(update.content()) or 1
        if held is None and gone and closed and not may_stand:
            return None
        if held == content and (closed or gone or not again):
            return None
        said[key] = content
        return content

    def forget(self, end: str) -> None:
        """Forget the closed windows that ended before an instant, as updates write it."""
        for old in [one for one in self._closed if one < end]:
            del self._closed[old]
