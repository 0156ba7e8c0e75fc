"""Flushes to write in tests."""

from stream.state.flush import Record


def rows(topic: str, count: int, tag: str = "v") -> list[Record]:
    """Return `count` records with keys k0, k1 ... on partition 0."""
    return [
        Record(topic, f"{tag}{n}".encode(), key=f"k{n}".encode(), partition=0) for n in range(count)
    ]
