"""Topics: names and differences, without a broker."""

import pytest
from aiokafka import TopicPartition

from stream.topic import (
    Found,
    compare,
    create_command,
    fold_state,
    internal,
    merge_state,
    outputs,
    partials,
    transactional_id,
)

OUTPUTS = {"metrics": "cx.metrics", "alerts": "cx.alerts", "dead_letters": "cx.dead-letters"}


def test_names_begin_with_the_group() -> None:
    """Two groups on one cluster share no topic and no producer."""
    assert partials("g") == "g-partials"
    assert fold_state("g", "survey.answers") == "g-fold-survey.answers"
    assert merge_state("g") == "g-merge"
    assert transactional_id("g", TopicPartition("survey.answers", 3)) == "g-survey.answers-3"


def test_state_has_the_partitions_of_what_it_is_the_state_of() -> None:
    """A source partition and its state, a shard and its state, have the same number."""
    topics = {topic.name: topic for topic in internal("g", {"a": 3, "b": 12}, shards=8)}
    assert {name: topic.partitions for name, topic in topics.items()} == {
        "g-partials": 8,
        "g-fold-a": 3,
        "g-fold-b": 12,
        "g-merge": 8,
    }
    compacted = [n for n, t in topics.items() if t.required["cleanup.policy"] == "compact"]
    assert compacted == ["g-fold-a", "g-fold-b", "g-merge"]


def test_nothing_but_us_deletes_partials() -> None:
    """Neither time nor size may take a partial away before it is merged."""
    required = internal("g", {}, shards=1)[0].required
    assert (required["retention.ms"], required["retention.bytes"]) == ("-1", "-1")


def test_a_dead_letter_is_larger_than_any_source_record() -> None:
    """64 KiB are left for its headers."""
    letters = outputs(OUTPUTS, shards=4, largest=5_000_000)[2]
    assert letters.required["max.message.bytes"] == str(5_000_000 + 64 * 1024)


def test_what_is_as_wanted_does_not_differ() -> None:
    """A topic made with our settings has no difference; more room and advice do not matter."""
    wanted = [*internal("g", {"a": 3}, shards=8), *outputs(OUTPUTS, shards=8)]
    same = {t.name: Found(t.partitions, t.settings()) for t in wanted}
    assert compare(wanted, same) == []
    roomy = {
        t.name: Found(t.partitions, {**t.required, "max.message.bytes": "9999999"}) for t in wanted
    }
    assert compare(wanted, roomy) == []


def test_outputs_may_have_any_number_of_partitions() -> None:
    """Readers of outputs do not care about partitions, our own topics do."""
    wanted = [*outputs(OUTPUTS, shards=8), *internal("g", {"a": 3}, shards=8)]
    found = {t.name: Found(99, t.settings()) for t in wanted}
    differing = {d.topic.name for d in compare(wanted, found)}
    assert differing == {"g-partials", "g-fold-a", "g-merge"}


@pytest.mark.parametrize(("policy", "differing"), [("compact,delete", 0), ("delete", 1)])
def test_old_updates_may_be_deleted_if_the_newest_are_kept(policy: str, differing: int) -> None:
    """The last value of every closed window is an archive for those who want one."""
    topic = outputs(OUTPUTS, shards=1)[0]
    found = {topic.name: Found(1, {**topic.settings(), "cleanup.policy": policy})}
    assert len(compare([topic], found)) == differing


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("cleanup.policy", "compact,delete"),
        ("cleanup.policy", "delete"),
        ("max.message.bytes", "1000000"),
    ],
)
def test_a_setting_that_would_lose_state_is_named(setting: str, value: str) -> None:
    """State that expires, or that a flush cannot be written to, is a difference with a remedy."""
    topic = internal("g", {}, shards=1)[1]
    found = {topic.name: Found(1, {**topic.settings(), setting: value})}
    (difference,) = compare([topic], found)
    assert not difference.missing
    assert f"{setting}={value}" in difference.problem
    assert f"--entity-name g-merge --add-config {setting}=" in difference.remedy


def test_settings_that_we_may_not_read_are_taken_as_right() -> None:
    """Without the right to describe, only the partitions are compared."""
    topic = internal("g", {}, shards=2)[1]
    assert compare([topic], {topic.name: Found(2, None)}) == []
    assert len(compare([topic], {topic.name: Found(3, None)})) == 1


def test_a_missing_topic_comes_with_its_command() -> None:
    """An administrator can paste what the difference says."""
    topic = internal("g", {}, shards=2)[1]
    (difference,) = compare([topic], {})
    assert difference.missing
    assert create_command(topic) in str(difference)
    assert "--create --topic g-merge --partitions 2 " in str(difference)
    assert "--config cleanup.policy=compact" in str(difference)
