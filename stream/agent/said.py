"""What was last said under each key, so that only news is published.

Memory: 150 bytes for each key of an open window, and some 20 for each key of a closed one until its
slices have left the state. It is lost with the shard: what a former owner said is not known, so
where it may have said something that no longer holds, that is taken back.
"""

from array import array
from bisect import bisect_left

import msgspec
import numpy as np

from metrics.update import Update

GONE = 0
"""What stands for a key that has no value on the topic."""

_pack = msgspec.msgpack.Encoder().encode  # Python's own hashes of -1 and -2 are equal

UNPACKED = 500  # entries of windows that ended together, and an eighth of those that are packed


class _Closed:
    """Hashes by hash: what was said of the windows that ended together; few of it changes again."""

    def __init__(self) -> None:
        self._keys = array("q")  # ascending
        self._contents = array("q")
        self._fresh: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def get(self, key: int) -> int | None:
        found = self._fresh.get(key)
        if found is None:
            at = bisect_left(self._keys, key)
            if at < len(self._keys) and self._keys[at] == key:
                return self._contents[at]
        return found

    def __setitem__(self, key: int, content: int) -> None:
        self._fresh[key] = content
        self.pack(UNPACKED + len(self) // 8)

    def pack(self, most: int) -> None:
        """Pack what is not, if that is more than `most` entries."""
        if len(self._fresh) > most:
            keys, contents = (np.array(held, np.int64) for held in (self._keys, self._contents))
            fresh, said = np.array(sorted(self._fresh.items()), np.int64).T
            places = keys.searchsorted(fresh)
            old = np.isin(fresh, keys, assume_unique=True)
            contents[places[old]] = said[old]
            new = places[~old]
            self._keys = array("q", np.insert(keys, new, fresh[~old]).tobytes())
            self._contents = array("q", np.insert(contents, new, said[~old]).tobytes())
            self._fresh = {}


class Said:
    """Remembers what was said, both key and content by a 64-bit hash."""

    def __init__(self) -> None:
        self._open: dict[int, int] = {}
        self._closed: dict[str, _Closed] = {}  # by the window's end

    def is_news(self, update: Update, suppressed: bool, again: bool, may_stand: bool) -> int | None:
        """Note an update and return what is said now, `GONE` or not; None if that is no news.

        `again` has open windows said anew. A closed window without data is said where it had some
        before, be it by a former owner (`may_stand`): then it is `GONE`, as one suppressed.
        """
        closed = update.is_closed()
        said = self._ended(update.window_end) if closed else self._open
        key = hash(update.key())
        held = said.get(key)
        gone = suppressed or (closed and not update.n and not held)
        content = GONE if gone else hash(_pack(update.content())) or 1
        if held is None and gone and closed and not may_stand:
            return None
        if held == content and (closed or gone or not again):
            return None
        said[key] = content
        return content

    def _ended(self, end: str) -> _Closed:
        if end not in self._closed:
            self._closed[end] = _Closed()
        return self._closed[end]

    def forget(self, end: str) -> None:
        """Forget the closed windows that ended before an instant, as updates write it.

        Of the others nearly all is packed.
        """
        self._closed = {at: held for at, held in self._closed.items() if at >= end}
        for held in self._closed.values():
            held.pack(len(held) // 64)
