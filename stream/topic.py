"""Topics: their names, what they must be like, and how what is there differs from it.

| topic | partitions | holds |
|---|---|---|
| `<group>-partials` | shards | deltas from stage 1, removed by us once they are merged |
| `<group>-fold-<source>` | the source's | ids seen, entities, position of a source partition |
| `<group>-merge` | shards | slices and position of a shard |
| `cx.metrics` `cx.alerts` `cx.dead-letters` | any | what leaves |
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from aiokafka import TopicPartition

MESSAGE_BYTES = 1_048_588  # the brokers' default; our batches stay below it
LETTER_ROOM = 65_536  # a dead letter's headers, over the largest source record
AT_LEAST = frozenset({"max.message.bytes"})  # more is no difference
DAY_MS = 86_400_000

STATE_ADVICE = {
    "segment.bytes": "16777216",  # the newest segment is never compacted, so keep it small
    "segment.ms": "600000",
    "min.cleanable.dirty.ratio": "0.1",
}

ARCHIVE = {"cleanup.policy": ("compact,delete", "delete,compact")}
"""Who wants no archive of closed windows may have them deleted: no worker needs them."""


class TopicError(Exception):
    """Topics are missing or are not what they must be; the text says which, and what to do."""


class Topic(msgspec.Struct, frozen=True):
    """A topic as we want it."""

    name: str
    partitions: int
    required: Mapping[str, str]
    """Settings without which the results would be wrong."""
    advised: Mapping[str, str] = {}
    """Settings for a topic that we create; another value is no difference."""
    as_good: Mapping[str, Sequence[str]] = {}
    """Other values of required settings that do no harm."""
    any_partitions: bool = False
    """Whether another number of partitions is as good."""

    def settings(self) -> dict[str, str]:
        """Return the settings to create it with."""
        return {**self.advised, **self.required}


class Found(msgspec.Struct, frozen=True):
    """A topic as it is."""

    partitions: int
    settings: Mapping[str, str] | None
    """None where we may not read them."""


class Difference(msgspec.Struct, frozen=True):
    """One way in which a topic is not as wanted; its text says what to do."""

    topic: Topic
    problem: str
    remedy: str
    missing: bool = False
    """Whether there is no such topic (or none that we may see): then we can create it."""

    def __str__(self) -> str:
        return f"{self.topic.name}: {self.problem}; {self.remedy}"


def partials(group: str) -> str:
    """Name the topic from stage 1 to stage 2."""
    return f"{group}-partials"


def fold_state(group: str, source: str) -> str:
    """Name the state topic of a source topic: partition n holds the state of its partition n."""
    return f"{group}-fold-{source}"


def merge_state(group: str) -> str:
    """Name the state topic of the shards."""
    return f"{group}-merge"


def transactional_id(group: str, tp: TopicPartition) -> str:
    """Name the producer of an owned partition; who starts under this name fences the others."""
    return f"{group}-{tp.topic}-{tp.partition}"


def internal(group: str, sources: Mapping[str, int], shards: int) -> list[Topic]:
    """List our own topics; `sources` says how many partitions each source topic has."""
    deltas = Topic(
        partials(group),
        shards,
        {
            "cleanup.policy": "delete",
            "retention.ms": "-1",
            "retention.bytes": "-1",
            "max.message.bytes": str(MESSAGE_BYTES),
        },
        {"segment.bytes": "67108864"},  # records are deleted by whole segments
    )
    folds = [_state(fold_state(group, source), count) for source, count in sources.items()]
    return [deltas, *folds, _state(merge_state(group), shards)]


def outputs(names: Mapping[str, str], shards: int, largest: int = MESSAGE_BYTES) -> list[Topic]:
    """List the topics that others read.

    `names` maps `metrics`, `alerts` and `dead_letters` to topics; `largest` is the greatest
    `max.message.bytes` of the sources: their records, and our headers, must fit in a dead letter.
    """
    size = {"max.message.bytes": str(MESSAGE_BYTES)}
    letter = {"max.message.bytes": str(largest + LETTER_ROOM)}
    kept = {"cleanup.policy": "delete", "retention.ms": str(30 * DAY_MS)}
    return [
        Topic(
            names["metrics"],
            shards,
            {"cleanup.policy": "compact", **size},
            STATE_ADVICE,
            ARCHIVE,
            any_partitions=True,
        ),
        Topic(names["alerts"], 1, size, kept, any_partitions=True),
        Topic(names["dead_letters"], 1, letter, kept, any_partitions=True),
    ]


def compare(wanted: Iterable[Topic], found: Mapping[str, Found]) -> list[Difference]:
    """List the differences between the topics wanted and those found, in the order wanted."""
    return [
        difference
        for topic in wanted
        for difference in (
            _differences(topic, found[topic.name]) if topic.name in found else [_missing(topic)]
        )
    ]


def create_command(topic: Topic) -> str:
    """Return the command by which an administrator creates the topic."""
    settings = " ".join(f"--config {key}={value}" for key, value in topic.settings().items())
    return (
        f"kafka-topics.sh --bootstrap-server ... --create --topic {topic.name} "
        f"--partitions {topic.partitions} {settings}"
    )


def _state(name: str, partitions: int) -> Topic:
    required = {"cleanup.policy": "compact", "max.message.bytes": str(MESSAGE_BYTES)}
    return Topic(name, partitions, required, STATE_ADVICE)


def _missing(topic: Topic) -> Difference:
    return Difference(topic, "does not exist", f"create it: {create_command(topic)}", missing=True)


def _differences(topic: Topic, found: Found) -> list[Difference]:
    problems = []
    if found.partitions != topic.partitions and not topic.any_partitions:
        problem = f"has {found.partitions} partitions, must have {topic.partitions}"
        remedy = "stop all workers and use another [kafka] group, or delete our topics of this one"
        problems.append(Difference(topic, problem, remedy))
    for key, value in topic.required.items():
        actual = value if found.settings is None else found.settings.get(key, "")
        if not _meets(key, actual, value) and actual not in topic.as_good.get(key, ()):
            least = "at least " if key in AT_LEAST else ""
            problem = f"has {key}={actual}, must have {least}{value}"
            problems.append(Difference(topic, problem, f"change it: {_alter_command(topic, key)}"))
    return problems


def _meets(key: str, actual: str, wanted: str) -> bool:
    if key in AT_LEAST and actual.isdecimal():
        return int(actual) >= int(wanted)
    return actual == wanted


def _alter_command(topic: Topic, key: str) -> str:
    return (
        f"kafka-configs.sh --bootstrap-server ... --alter --entity-type topics "
        f"--entity-name {topic.name} --add-config {key}={topic.required[key]}"
    )
