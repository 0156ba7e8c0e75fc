"""The summary of one slice or window: additive cells and distinct users, by source.

Cells are integers named `family/rest`, so adding is exact in any order and subtraction undoes it.
Users only merge; those whose activity may be corrected are counted besides, so that they can be
taken back.
"""

from collections.abc import Iterable, Iterator

from metrics.accumulator import counts
from metrics.accumulator.counts import Counts
from metrics.accumulator.distinct import Distinct, union
from metrics.accumulator.multiset import BYTES_EACH, Multiset


class Summary:
    """Mutable sums of one slice: `counts` by cell; `users`, and `counted` ones, by input."""

    __slots__ = ("counted", "counts", "users")

    def __init__(
        self,
        counts: Counts | None = None,
        users: dict[str, Distinct] | None = None,
        counted: dict[str, Multiset] | None = None,
    ) -> None:
        self.counts = {} if counts is None else counts
        self.users = {} if users is None else users
        self.counted = {} if counted is None else counted

    def merge(self, other: "Summary") -> None:
        """Add another summary to this one, which does not share anything with it."""
        counts.merge(self.counts, other.counts)
        for source, distinct in other.users.items():
            held = self.users.get(source)
            self.users[source] = union((distinct,) if held is None else (held, distinct))
        for source, multiset in other.counted.items():
            counted = self.counted.setdefault(source, Multiset())
            counted.merge(multiset)
            if not counted.packed:
                del self.counted[source]

    def halves(self) -> tuple["Summary | None", "Summary | None"]:
        """Take the counts and the users apart; None where there are none."""
        if not self.users and not self.counted:
            return (self if self.counts else None), None
        if not self.counts:
            return None, self
        return Summary(self.counts), Summary(None, self.users, self.counted)

    @property
    def takes(self) -> bool:
        """Whether merging it may take a user away."""
        return any(multiset.takes for multiset in self.counted.values())

    def names(self) -> list[str]:
        """Name the cells and, as `users/<source>`, the inputs that are in it."""
        return [*self.counts, *(f"users/{source}" for source in {**self.users, **self.counted})]

    def weight(self) -> int:
        """Estimate its size in bytes when it is packed, rather too much."""
        users = sum(len(held.packed) for held in self.users.values())
        counted = sum(len(held.packed) for held in self.counted.values())
        return 64 + 32 * len(self.counts) + users + counted

    def fragments(self, most: int) -> Iterator["Summary"]:
        """Yield summaries that merge to this one; counted users, which alone may be many, are cut.

        Each has about `most` bytes at most, if that is enough for all but the counted users.
        """
        if not self.counted or self.weight() <= most:
            yield self
            return
        yield Summary(self.counts, self.users)
        for source, multiset in self.counted.items():
            for some in multiset.split(most // BYTES_EACH):
                yield Summary(counted={source: some})


def total(summaries: Iterable[Summary]) -> Summary:
    """Add up slices; each source's users, plain and counted, are united once, at the end."""
    result = Summary()
    parts: dict[str, list[Distinct]] = {}
    for summary in summaries:
        counts.merge(result.counts, summary.counts)
        for source, distinct in summary.users.items():
            parts.setdefault(source, []).append(distinct)
        for source, multiset in summary.counted.items():
            parts.setdefault(source, []).append(multiset.present())
    result.users = {source: union(held) for source, held in parts.items()}
    return result


def added(deltas: Iterable[Summary]) -> Summary:
    """Add up deltas of one slice, as `Summary.merge` would; users are united once, at the end."""
    result = Summary()
    parts: dict[str, list[Distinct]] = {}
    for delta in deltas:
        counts.merge(result.counts, delta.counts)
        for source, distinct in delta.users.items():
            parts.setdefault(source, []).append(distinct)
        for source, multiset in delta.counted.items():
            result.counted.setdefault(source, Multiset()).merge(multiset)
    result.users = {source: union(held) for source, held in parts.items()}
    result.counted = {source: held for source, held in result.counted.items() if held.packed}
    return result
