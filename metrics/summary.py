"""The summary of one slice or window: additive cells and distinct users, by source.

Cells are integers named `family/rest`, so adding is exact in any order and subtraction undoes it.
Users only merge; those whose activity may be corrected are counted besides, so that they can be
taken back. `pack` keeps a span of slices as one compact row: a column for each cell.
"""

from collections.abc import Iterable, Iterator
from zlib import compress, decompress

import msgspec

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

    def sizes(self) -> Iterator[tuple[str, int]]:
        """Yield how much is added under each name; sums of them are 0 where nothing is left."""
        yield from self.counts.items()
        yield from ((f"users/{source}", 1) for source in self.users)
        yield from ((f"users/{source}", held.size()) for source, held in self.counted.items())

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


Slices = dict[int, Summary]
"""The summaries of one row, by the start of their slice."""


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


class _Row(msgspec.Struct, array_like=True):
    """A packed span: per cell and per source, the slices that have it and what they hold."""

    starts: list[int]
    cells: dict[str, tuple[list[int], list[int]]]
    users: dict[str, tuple[list[int], list[bytes]]]
    counted: dict[str, tuple[list[int], list[bytes]]] = {}


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Row).decode


def pack(span: Slices, most: int) -> tuple[bytes, ...]:
    """Keep a span of slices as one row, or as pieces of at most about `most` bytes, in any order.

    The same span gives the same bytes. They are compressed, to half: slices next to one another
    have many users and cells in common.
    """
    whole = _packed(span)
    rows = [whole] if len(whole) <= most else map(_packed, _pieces(span, most))
    return tuple(compress(row, 1) for row in rows)


def _packed(span: Slices) -> bytes:
    row = _Row(sorted(span), {}, {})
    for at, start in enumerate(row.starts):
        summary = span[start]
        for cell in sorted(summary.counts):
            places, amounts = row.cells.setdefault(cell, ([], []))
            places.append(at)
            amounts.append(summary.counts[cell])
        for source in sorted(summary.users):
            places, sketches = row.users.setdefault(source, ([], []))
            places.append(at)
            sketches.append(summary.users[source].pack())
        for source in sorted(summary.counted):
            places, multisets = row.counted.setdefault(source, ([], []))
            places.append(at)
            multisets.append(summary.counted[source].pack())
    return _encode(row)


def _pieces(span: Slices, most: int) -> Iterator[Slices]:
    """Cut a span into spans of about `most` bytes, which merge to the same in any order."""
    piece: Slices = {}
    size = 0
    for start in sorted(span):
        for fragment in span[start].fragments(most):
            if piece and (start in piece or size + fragment.weight() > most):
                yield piece
                piece, size = {}, 0
            piece[start] = fragment
            size += fragment.weight()
    yield piece


def join(into: Slices, other: Slices) -> None:
    """Merge every slice of `other`, which shares nothing with `into`."""
    for start, summary in other.items():
        if start in into:
            into[start].merge(summary)
        else:
            into[start] = summary


def unpack(row: bytes) -> Slices:
    """Read a packed span, or a piece of it, back."""
    packed = _decode(decompress(row))
    span = {start: Summary() for start in packed.starts}
    for cell, (places, amounts) in packed.cells.items():
        for at, amount in zip(places, amounts, strict=True):
            span[packed.starts[at]].counts[cell] = amount
    for source, (places, sketches) in packed.users.items():
        for at, sketch in zip(places, sketches, strict=True):
            span[packed.starts[at]].users[source] = Distinct.unpack(sketch)
    for source, (places, multisets) in packed.counted.items():
        for at, multiset in zip(places, multisets, strict=True):
            span[packed.starts[at]].counted[source] = Multiset.unpack(multiset)
    return span
