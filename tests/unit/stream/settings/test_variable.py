"""The environment over the file: names, nesting, secrets in files, what is not ours."""

from pathlib import Path

import pytest

from stream.settings.load import resolve
from tests.unit.stream.settings.conftest import Find


def test_a_table_in_a_variable_replaces_that_of_the_file() -> None:
    """A variable replaces what it names, whole: nothing of the file's table is left."""
    settings = resolve(
        {"web": {"host": "file", "port": 1}}, {"RESSENTI_WEB": '{"host": "variable"}'}
    )
    assert (settings.web.host, settings.web.port) == ("variable", 6066)


def test_deeper_variables_go_on_top_of_shallower_ones() -> None:
    """A table and one of its keys can both be variables, in any order."""
    deep = {"RESSENTI_METRICS__NPS__VARIANTS": '["mean"]'}
    shallow = {"RESSENTI_METRICS": '{"thin_below": 5, "nps": {"variants": ["quantile"]}}'}
    for environ in ({**deep, **shallow}, {**shallow, **deep}):
        metrics = resolve({}, environ).metrics
        assert metrics.thin_below == 5
        assert metrics.chosen["nps"].variants == ("default", "mean")


def test_the_table_that_came_in_stays_as_it_was() -> None:
    """The overlay is a new table: what was read from the file can be read again."""
    table: dict[str, object] = {"web": {"port": 1}}
    resolve(table, {"RESSENTI_WEB__PORT": "2"})
    assert table == {"web": {"port": 1}}


def test_an_input_can_be_told_part_by_part() -> None:
    """An input's table can be JSON or variables of its own."""
    for environ in (
        {"RESSENTI_TOPICS__COSTS": '{"name": "c"}'},
        {"RESSENTI_TOPICS__COSTS__NAME": "c"},
    ):
        assert resolve({}, environ).topics.inputs() == {"costs": "c"}


def test_one_variable_makes_a_section() -> None:
    """`RESSENTI_REDIS__URL` alone turns Redis on."""
    found = resolve({}, {"RESSENTI_REDIS__URL": "redis://h"}).redis
    assert found is not None
    assert found.url == "redis://h"


@pytest.mark.parametrize(
    ("name", "key", "hint"),
    [
        ("RESSENTI_ZNE", "zne", "did you mean zone?"),
        ("RESSENTI_KAFKA__BOTSTRAP", "kafka.botstrap", "did you mean bootstrap?"),
        ("RESSENTI_ZONE_FILE", "zone_file", "did you mean zone?"),
        ("RESSENTI_WEB_PORT", "web_port", "did you mean"),
        ("RESSENTI_", '""', "expected one of"),
    ],
)
def test_an_unknown_variable_is_a_fault(find: Find, name: str, key: str, hint: str) -> None:
    """A mistyped variable is not ignored, nor is `_FILE` of what is no secret."""
    problems = find({}, {name: "1"})
    assert list(problems) == [key]
    assert f"(from {name})" in problems[key]
    if name != "RESSENTI_WEB_PORT":
        assert hint in problems[key]


def test_a_path_through_a_plain_value_is_a_fault(find: Find) -> None:
    """`RESSENTI_ZONE__X` has no table to go into."""
    assert find({"zone": "UTC"}, {"RESSENTI_ZONE__X": "1"}) == {
        "zone": "is not a table, as RESSENTI_ZONE__X needs it to be"
    }
    assert "zone" in find({}, {"RESSENTI_ZONE__X": "1"})


def test_what_kubernetes_says_of_a_service_is_not_ours(find: Find) -> None:
    """A service called `ressenti` puts variables with our prefix into every pod."""
    links = {
        "RESSENTI_SERVICE_HOST": "10.0.0.1",
        "RESSENTI_SERVICE_PORT": "6066",
        "RESSENTI_SERVICE_PORT_HTTP": "6066",
        "RESSENTI_PORT": "tcp://10.0.0.1:6066",
        "RESSENTI_PORT_6066_TCP": "tcp://10.0.0.1:6066",
        "RESSENTI_PORT_6066_TCP_PROTO": "tcp",
        "RESSENTI_PORT_6066_TCP_PORT": "6066",
        "RESSENTI_PORT_6066_TCP_ADDR": "10.0.0.1",
        "RESSENTI_WEB_PORT_6066_TCP": "tcp://10.0.0.1:6066",
    }
    assert find({}, links) == {}
    assert list(find({}, {"RESSENTI_PORT": "6066"})) == ["port"]


def test_a_secret_given_twice_is_a_fault(find: Find, tmp_path: Path) -> None:
    """Which of the two were meant cannot be known."""
    (tmp_path / "key").write_text("0123456789abcdef")
    both = {
        "RESSENTI_PRIVACY__HASH_KEY": "0123456789abcdef",
        "RESSENTI_PRIVACY__HASH_KEY_FILE": str(tmp_path / "key"),
    }
    assert "given twice" in find({}, both)["privacy.hash_key"]


def test_only_one_newline_is_taken_from_a_secret(tmp_path: Path) -> None:
    """Editors put one newline at the end, of either kind; the rest belongs to the secret."""
    for content, expected in (
        (b"0123456789abcdef\r\n", "0123456789abcdef"),
        (b" 0123456789abcdef \n\n", " 0123456789abcdef \n"),
    ):
        (tmp_path / "key").write_bytes(content)
        environ = {"RESSENTI_PRIVACY__HASH_KEY_FILE": str(tmp_path / "key")}
        assert resolve({}, environ).privacy.hash_key == expected


def test_a_secret_that_cannot_be_read_is_a_fault(find: Find, tmp_path: Path) -> None:
    """A missing file, a folder, bytes that are no text."""
    (tmp_path / "bytes").write_bytes(b"\xff" * 20)
    for path in (tmp_path / "none", tmp_path, tmp_path / "bytes", Path("a\0b")):
        faults = find({}, {"RESSENTI_PRIVACY__HASH_KEY_FILE": str(path)})
        assert "cannot be read" in faults["privacy.hash_key"]


def test_bytes_that_are_no_text_are_a_fault(find: Find) -> None:
    """The operating system lets any bytes into the environment; none gets past the reading."""
    assert find({}, {"RESSENTI_PRIVACY__HASH_KEY": "\udcff" * 20}).keys() == {"privacy.hash_key"}
    assert find({}, {"RESSENTI_\udcff": "1"}).keys() == {'"\\udcff"'}
