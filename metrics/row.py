"""A packed row: a segment's stretch of slices, by columns, as one piece of bytes or as several.

Guarantee: the same slices give the same bytes, and pieces merge to the same slices in any order.
Memory: what differs from slice to slice, compressed. Hashes of users are random and cannot be, so a
row has each once, 8 bytes; who of them is in which slice takes about a byte for each.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, islice, pairwise
from math import gcd
from operator import sub
from zlib import compress, decompress

import msgspec
import numpy as np

from metrics.accumulator.distinct import Distinct, firsts
from metrics.accumulator.multiset import Multiset
from metrics.slice import Rung
from metrics.summary import Summary

_HASH = np.dtype("<u8")
_FEW = 16
"""Hashes of a row that are left in their sets: the row is the smaller for less than is spent."""

_MOST_BYTES = 12
"""Bytes that a user of a slice takes at most, its hash and its gap; by `Summary.weight` it is 8."""


class RowKey(msgspec.Struct, frozen=True, array_like=True, order=True):
    """Names one row: a segment's stretch of slices on one rung, from `start`; and its pieces."""

    rung: Rung
    start: int
    segment: str
    piece: int = 0


Slices = dict[int, Summary]
"""The summaries of one row, by the start of their slice."""


class _Sets(msgspec.Struct, array_like=True):
    """The users of some slices, `places`: the set of each or, if there are gaps, of all together.

    `gaps` lead from one to the next in a matrix of slices by hashes, from 1: integers of `width`
    bytes, all their lowest bytes first. `dense` are the sets that are sketches, by place.
    """

    places: list[int]
    sets: list[bytes]
    width: int
    gaps: bytes
    dense: dict[int, bytes]


class _Row(msgspec.Struct, array_like=True):
    """A packed span. `steps` lead from the start of a slice to that of the next one, in `unit`s.

    `cells` says how many slices have each. There are as many `gaps`, which lead from one to the
    next, by place; the first one's from 0; and as many `amounts`.
    """

    first: int
    unit: int
    steps: list[int]
    cells: dict[str, int]
    gaps: list[int]
    amounts: list[int]
    users: dict[str, _Sets]
    counted: dict[str, tuple[list[int], list[bytes]]] = {}


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Row).decode


def pack(span: Slices, most: int) -> tuple[bytes, ...]:
    """Keep a span of one slice or more as one row, or as pieces of about `most` bytes, at most.

    `most` is before they are compressed. Pieces may be joined in any order.
    """
    whole = _packed(span)
    weight = most * _HASH.itemsize // _MOST_BYTES
    rows = [whole] if len(whole) <= most else map(_packed, _pieces(span, weight))
    return tuple(compress(row, 1) for row in rows)


def _packed(span: Slices) -> bytes:
    starts = sorted(span)
    slices = [span[start] for start in starts]
    steps = [after - before for before, after in pairwise(starts)]
    unit = gcd(*steps) or 1
    steps = [step // unit for step in steps]
    return _encode(_Row(starts[0], unit, steps, *_cells(slices), _users(slices), _counted(slices)))


def _cells(slices: Sequence[Summary]) -> tuple[dict[str, int], list[int], list[int]]:
    columns: dict[str, list[int]] = {}  # place, amount, place, amount ...
    for at, summary in enumerate(slices):
        for cell, amount in summary.counts.items():
            if cell in columns:
                columns[cell] += at, amount
            else:
                columns[cell] = [at, amount]
    sizes: dict[str, int] = {}
    gaps: list[int] = []
    amounts: list[int] = []
    for cell in sorted(columns):
        places = columns[cell][::2]
        sizes[cell] = len(places)
        gaps += map(sub, places, [0, *places])
        amounts += columns[cell][1::2]
    return sizes, gaps, amounts


def _users(slices: Sequence[Summary]) -> dict[str, _Sets]:
    found: dict[str, _Sets] = {}
    for at, summary in enumerate(slices):
        for source, users in summary.users.items():
            held = found.get(source)
            if held is None:
                held = found[source] = _Sets([], [], 0, b"", {})
            if users.exact:
                held.places.append(at)
                held.sets.append(users.pack())
            else:
                held.dense[at] = users.pack()
    for held in found.values():
        _unite(held)
    return dict(sorted(found.items()))


def _unite(held: _Sets) -> None:
    """Replace the sets by one of all their hashes, unless they are too few to gain by it."""
    joined = b"".join(held.sets)
    if len(held.sets) == 1 or len(joined) < _FEW * _HASH.itemsize:
        return
    hashes = np.frombuffer(joined, _HASH)
    order = np.argsort(hashes, kind="stable")  # ascending runs: nearly linear
    hashes = hashes[order]
    first = firsts(hashes)
    distinct = hashes[first]
    if 8 * len(distinct) > 7 * len(hashes):
        return
    places = np.empty(len(hashes), np.int64)
    places[order] = np.cumsum(first)
    sizes = [len(one) // _HASH.itemsize for one in held.sets]
    places += np.repeat(np.arange(len(sizes)) * len(distinct), sizes)
    places[1:] -= places[:-1].copy()
    width = 1 if (most := int(places.max())) < 1 << 8 else 2 if most < 1 << 16 else 4
    gaps = places.astype(f"<u{width}").view(np.uint8).reshape(-1, width).T
    held.sets, held.width, held.gaps = [distinct.tobytes()], width, gaps.tobytes()


def _sets(held: _Sets) -> Iterable[bytes]:
    """Undo `_unite`: give the set of each place."""
    if not held.width:
        return held.sets
    hashes = np.frombuffer(held.sets[0], _HASH)
    planes = np.frombuffer(held.gaps, np.uint8).reshape(held.width, -1)
    gaps = np.ascontiguousarray(planes.T).view(f"<u{held.width}").ravel()
    places = np.cumsum(gaps, dtype=np.int64) - 1
    begins = np.arange(len(held.places) + 1) * len(hashes)
    ends = places.searchsorted(begins)
    joined = hashes[places - np.repeat(begins[:-1], np.diff(ends))].tobytes()
    return [joined[start:end] for start, end in pairwise((ends * _HASH.itemsize).tolist())]


def _counted(slices: Sequence[Summary]) -> dict[str, tuple[list[int], list[bytes]]]:
    found: dict[str, tuple[list[int], list[bytes]]] = {}
    for at, summary in enumerate(slices):
        for source, users in summary.counted.items():
            places, packed = found.setdefault(source, ([], []))
            places.append(at)
            packed.append(users.pack())
    return dict(sorted(found.items()))


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


def join(pieces: Iterable[bytes]) -> Slices:
    """Read a packed span back from its pieces."""
    span: Slices = {}
    for piece in pieces:
        for start, summary in unpack(piece).items():
            if start in span:
                span[start].merge(summary)
            else:
                span[start] = summary
    return span


def unpack(row: bytes) -> Slices:
    """Read a packed span, or a piece of it, back."""
    packed = _decode(decompress(row))
    starts = [packed.first + packed.unit * at for at in accumulate(packed.steps, initial=0)]
    slices = [Summary() for _ in starts]
    gaps, amounts = iter(packed.gaps), iter(packed.amounts)
    for cell, size in packed.cells.items():
        column = zip(accumulate(islice(gaps, size)), islice(amounts, size), strict=True)
        for at, amount in column:
            slices[at].counts[cell] = amount
    for source, sets in packed.users.items():
        for at, users in zip(sets.places, _sets(sets), strict=True):
            slices[at].users[source] = Distinct.unpack(users)
        for at, users in sets.dense.items():
            slices[at].users[source] = Distinct.unpack(users)
    for source, (places, multisets) in packed.counted.items():
        for at, multiset in zip(places, multisets, strict=True):
            slices[at].counted[source] = Multiset.unpack(multiset)
    return dict(zip(starts, slices, strict=True))
