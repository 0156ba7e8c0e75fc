"""Partials: what stage 1 tells a shard, in one record per flush, and how it is written."""

from collections.abc import Iterator, Sequence

import msgspec

from metrics.accumulator.distinct import Distinct
from metrics.accumulator.multiset import Multiset
from metrics.overlay import Deltas
from metrics.segment import shard
from metrics.summary import Summary

LARGEST = 400_000  # bytes of deltas in one record, well below what brokers take by default


class Part(msgspec.Struct, array_like=True, frozen=True):
    """What is added to the slice at `start`: amounts by cell, packed users by input."""

    start: int
    counts: dict[str, int]
    users: dict[str, bytes]
    counted: dict[str, bytes] = {}


class Progress(msgspec.Struct, array_like=True, frozen=True):
    """How far a source partition has come; `waiting` says whether it has input unread."""

    topic: str
    partition: int
    position: int
    watermark: int | None
    waiting: bool


class Partial(msgspec.Struct, array_like=True, frozen=True):
    """One record of the partials topic: progress of source partitions, and deltas by segment."""

    progress: list[Progress]
    deltas: list[tuple[str, list[Part]]]


encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Partial).decode


def split(deltas: Deltas, progress: Sequence[Progress], shards: int) -> Iterator[tuple[int, bytes]]:
    """Yield (shard, record): for every shard its deltas, or at least the progress, if any."""
    by_shard: list[list[tuple[str, list[Part]]]] = [[] for _ in range(shards)]
    for segment, slices in deltas.items():
        parts = [
            _part(start, fragment)
            for start, summary in slices.items()
            for fragment in summary.fragments(LARGEST)
        ]
        by_shard[shard(segment, shards)].append((segment, parts))
    for number, held in enumerate(by_shard):
        for some in _chunks(held) if held or progress else ():
            yield number, encode(Partial([*progress], some))


def _chunks(
    deltas: list[tuple[str, list[Part]]],
) -> Iterator[list[tuple[str, list[Part]]]]:
    """Cut a shard's deltas to records of a bounded size; at least one, if only for progress.

    What a segment gets is cut only if it is too large by itself: else its values would show, for a
    moment, a part of a flush.
    """
    chunk: list[tuple[str, list[Part]]] = []
    size = 0
    for segment, parts in deltas:
        name = len(segment.encode())
        if chunk and size + name + sum(map(_weight, parts)) > LARGEST:
            yield chunk
            chunk, size = [], 0
        for part in parts:
            weight = _weight(part)
            if chunk and size + weight > LARGEST:
                yield chunk
                chunk, size = [], 0
            if not chunk or chunk[-1][0] != segment:
                chunk.append((segment, []))
                size += name
            chunk[-1][1].append(part)
            size += weight
    yield chunk


def _weight(part: Part) -> int:
    users = sum(map(len, (*part.users.values(), *part.counted.values())))
    return 64 + 32 * len(part.counts) + users


def _part(start: int, summary: Summary) -> Part:
    users = {name: held.pack() for name, held in summary.users.items()}
    counted = {name: held.pack() for name, held in summary.counted.items()}
    return Part(start, summary.counts, users, counted)


def summary(part: Part) -> Summary:
    """Read a delta back."""
    return Summary(
        part.counts,
        {name: Distinct.unpack(packed) for name, packed in part.users.items()},
        {name: Multiset.unpack(packed) for name, packed in part.counted.items()},
    )
