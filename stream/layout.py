"""The topics of an installation: what they are called, and what they must be like.

`run`, `check` and `topics` all ask here, so that they say the same.
"""

from collections.abc import Mapping

import msgspec

from stream import topic
from stream.settings import Settings
from stream.topic import Found, Topic


class Names(msgspec.Struct, frozen=True):
    """Topics and group of an installation. `sources` maps a source topic to its input's key."""

    group: str
    sources: Mapping[str, str]
    partials: str
    updates: str
    dead_letters: str
    fold_state: Mapping[str, str]
    """The state topic of each source topic."""
    merge_state: str
    shards: int
    partitions: Mapping[str, int] = {}
    """How many partitions each source topic has."""


def topic_names(settings: Settings) -> Names:
    """Name every topic of an installation."""
    group = settings.kafka.group
    sources = {name: key for key, name in settings.topics.inputs().items()}
    outputs = settings.topics.outputs()
    return Names(
        group=group,
        sources=sources,
        partials=topic.partials(group),
        updates=outputs["metrics"],
        dead_letters=outputs["dead_letters"],
        fold_state={name: topic.fold_state(group, name) for name in sources},
        merge_state=topic.merge_state(group),
        shards=settings.kafka.shards,
    )


def wanted(settings: Settings, sources: Mapping[str, Found]) -> list[Topic]:
    """List the topics that are ours, given those source topics that are there."""
    group, shards = settings.kafka.group, settings.kafka.shards
    counts = {name: one.partitions for name, one in sources.items()}
    largest = max((record_bytes(one) for one in sources.values()), default=topic.MESSAGE_BYTES)
    return [
        *topic.internal(group, counts, shards),
        *topic.outputs(settings.topics.outputs(), shards, largest),
    ]


def record_bytes(found: Found) -> int:
    """Return the greatest size of a record of a topic, the brokers' default where it is hidden."""
    return int((found.settings or {}).get("max.message.bytes", topic.MESSAGE_BYTES))
