"""The demo's configuration is one that a user could write."""

import pytest

from metrics.catalog import METRICS
from stream.company import SOURCES
from stream.demo.configuration import Place, settings
from stream.settings import ConfigError

PLACE = Place("127.0.0.1:1", "127.0.0.1:2", 3)


def test_everything_is_read_and_computed() -> None:
    """All inputs, all metrics, the windows of the page, three groupings."""
    made = settings(PLACE)
    assert made.privacy.hash_key
    assert set(made.topics.inputs()) == set(SOURCES)
    assert {choice.metric.name for choice in made.plan().choices} == set(METRICS)
    assert len(made.groupings) == 3
    assert {"1m", "1h", "24h", "30d", "today"} <= {window.name for window in made.plan().windows()}


def test_customers_are_hashed_with_another_key_each_time() -> None:
    """Nobody can look up customers by a key that is in the source."""
    one, other = (settings(PLACE).privacy.hash_key for _ in range(2))
    assert one != other


def test_topics_on_a_cluster_of_the_user_have_a_prefix() -> None:
    """Then they are nobody else's, and can be deleted at the end."""
    made = settings(Place("broker:9092", "127.0.0.1:2", 3, "mine", "mine."))
    names = [*made.topics.inputs().values(), *made.topics.outputs().values()]
    assert all(name.startswith("mine.") for name in names)
    assert made.kafka.delivery == "exactly_once"


@pytest.mark.parametrize("bootstrap", ["nowhere", '"', "a:1\n[web]"])
def test_a_broken_address_is_a_fault_of_its_key(bootstrap: str) -> None:
    """It cannot break out of its place in the file."""
    with pytest.raises(ConfigError, match=r"kafka\.bootstrap"):
        settings(Place(bootstrap, "127.0.0.1:2", 3))
