"""Faults: names near enough are suggested, and nothing is told twice."""

import pytest

from stream.settings.fault import ConfigError, Fault, Faults, Wrong, unknown


def test_the_nearest_name_is_suggested() -> None:
    """Near is near whatever the case; what is far off gets the whole list."""
    assert "did you mean zone?" in str(unknown("ZONES", "ZONES", ["zone", "web"]))
    assert "expected one of zone, web" in str(unknown("quux", "quux", ["zone", "web"]))
    assert str(unknown("x[0]", "region", [])) == "x[0]: unknown name, there is none"


def test_a_fault_is_within_its_key_and_the_tables_above() -> None:
    """`kafka.shards` is within `kafka`, `groupings[1]` within `groupings`, not `web2` in `web`."""
    assert Fault("kafka.shards", "").within("kafka")
    assert Fault("groupings[1]", "").within("groupings")
    assert Fault("web", "").within("web")
    assert not Fault("web2", "").within("web")


def test_an_error_sorts_its_faults_and_drops_copies() -> None:
    """The same configuration gives the same text."""
    error = ConfigError([Fault("b", "x"), Fault("a", "y"), Fault("b", "x")])
    assert str(error) == "2 faults in the configuration\n  a: y\n  b: x"
    assert str(ConfigError([Fault("a", "y")])).startswith("1 fault in")


def test_faults_are_kept_until_they_are_settled() -> None:
    """One wrong key does not keep the next from being read; other errors are not swallowed."""
    faults = Faults()
    for key in "ab":
        with faults.kept():
            raise Wrong(Fault(key, "x"))
    with pytest.raises(Wrong) as caught:
        faults.settle()
    assert [fault.key for fault in caught.value.faults] == ["a", "b"]
    with pytest.raises(KeyError), faults.kept():
        raise KeyError
