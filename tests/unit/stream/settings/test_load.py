"""Loading: every key by file and by variable, and every fault at once."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.catalog import METRICS
from stream.settings import ConfigError, Settings, load
from stream.settings.load import SECRETS, resolve
from stream.settings.metric import metric_keys
from stream.settings.section import keys
from tests.unit.stream.settings.sample import LOGIN, SAMPLES, look, nested, text, variable, write


def test_every_key_has_a_sample() -> None:
    """The table above leaves no key out."""
    plain = {name for name, _ in keys(Settings)} - {"metrics"}
    of_metrics = {name for metric in METRICS.values() for name in metric_keys(metric)}
    assert plain <= SAMPLES.keys()
    assert of_metrics == {key.split(".")[2] for key in SAMPLES if key.count(".") == 2}


@pytest.mark.parametrize("key", SAMPLES)
def test_a_key_is_read_from_the_file(key: str, tmp_path: Path) -> None:
    """What the file says of a key is what the settings hold, and no default already is."""
    value, expected, around = SAMPLES[key]
    path = write(tmp_path / "c.toml", nested(key, value, around))
    assert look(load(path, {}), key) == expected
    if key not in {"alerts", "targets.aht", "redis.url"}:
        assert look(load(None, {}), key) != expected


@pytest.mark.parametrize("key", SAMPLES)
def test_a_key_is_read_from_its_variable(key: str, tmp_path: Path) -> None:
    """A variable says the same as the file: text as it is, all else as JSON."""
    value, expected, around = SAMPLES[key]
    path = write(tmp_path / "c.toml", around)
    assert look(load(path, {variable(key): text(value)}), key) == expected


@pytest.mark.parametrize("key", sorted(SECRETS))
def test_a_secret_is_read_from_a_file_of_its_own(key: str, tmp_path: Path) -> None:
    """`..._FILE` names a file that holds the secret; one newline at its end is not part of it."""
    value, expected, around = SAMPLES[key]
    (tmp_path / "secret").write_text(f"{value}\n")
    path = write(tmp_path / "c.toml", around)
    found = load(path, {f"{variable(key)}_FILE": str(tmp_path / "secret")})
    assert look(found, key) == expected


def test_the_secrets_are_those_that_are_known() -> None:
    """Passwords, the hash key and the URL of Redis are secrets."""
    assert {
        "kafka.tls_password",
        "kafka.sasl_password",
        "redis.url",
        "privacy.hash_key",
    } == SECRETS


def test_a_variable_wins_over_the_file(tmp_path: Path) -> None:
    """The environment has the last word, key by key; the file keeps what it alone says."""
    path = write(tmp_path / "c.toml", {"web": {"host": "h", "port": 1}})
    settings = load(path, {"RESSENTI_WEB__PORT": "2"})
    assert (settings.web.host, settings.web.port) == ("h", 2)


def test_without_file_and_variables_all_is_as_documented() -> None:
    """The defaults are those of the contract."""
    settings = load(None, {"PATH": "/bin", "RESSENT_ZONE": "x"})
    assert (settings.zone.name, settings.week_start, settings.groupings) == ("UTC", "monday", ((),))
    assert (settings.web.host, settings.web.port, settings.redis) == ("127.0.0.1", 6066, None)
    assert [window.name for window in settings.windows.rolling] == ["1h", "24h", "30d"]
    assert settings.topics.inputs() == {}
    assert settings.topics.outputs() == {
        "metrics": "cx.metrics",
        "alerts": "cx.alerts",
        "dead_letters": "cx.dead-letters",
    }
    assert (settings.metrics.thin_below, settings.prometheus.max_series) == (30, 50_000)
    assert (settings.segments.max, settings.windows.flush_every) == (10_000, 200)


def test_all_faults_are_told_at_once_in_the_order_of_keys(tmp_path: Path) -> None:
    """File, variables and what lies between keys: one error names them all, sorted, one a line."""
    path = write(
        tmp_path / "c.toml",
        {
            "zoen": "UTC",
            "dimensions": ["region", "window"],
            "web": {"port": 70_000},
            "topics": {"purchases": "x", "costs": "x"},
        },
    )
    with pytest.raises(ConfigError) as caught:
        load(path, {"RESSENTI_KAFKA__SHARDS": "many", "RESSENTI_METRICS__NPS__VARIANT": "[]"})
    keys_found = [fault.key for fault in caught.value.faults]
    assert keys_found == [
        "dimensions[1]",
        "kafka.shards",
        "metrics.nps.variant",
        "topics.costs",
        "web.port",
        "zoen",
    ]
    assert str(caught.value).splitlines() == [
        "6 faults in the configuration",
        *(f"  {fault}" for fault in caught.value.faults),
    ]


def test_a_fault_of_a_variable_names_the_variable() -> None:
    """Who reads the fault must find what to change: the file is not where the value came from."""
    with pytest.raises(ConfigError, match=r"web.port: .* \(from RESSENTI_WEB\)"):
        load(None, {"RESSENTI_WEB": '{"port": -1}'})


def test_a_file_that_is_no_toml_says_where(tmp_path: Path) -> None:
    """A syntax error has line and column, and shows nothing of the line."""
    path = tmp_path / "c.toml"
    path.write_text('zone = "UTC"\n[kafka]\nsasl_password = hunter2hunter2\n')
    with pytest.raises(ConfigError, match=r"is not TOML at line 3, column 17") as caught:
        load(path, {})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"zone = '\xff'", "is not UTF-8 text"),
        (b"a = " + b"[" * 100_000, "is TOML with a number or nesting beyond all bounds"),
        (b"a = " + b"9" * 5_000, "is TOML with a number or nesting beyond all bounds"),
    ],
)
def test_a_file_beyond_reading_is_a_fault(content: bytes, problem: str, tmp_path: Path) -> None:
    """Bytes, nesting and numbers that the reader cannot take end in a fault, too."""
    path = tmp_path / "c.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=problem):
        load(path, {})


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    """A wrong path is a fault with the path, and so is a folder."""
    with pytest.raises(ConfigError, match=r"no.toml: cannot be read: No such file"):
        load(tmp_path / "no.toml", {})
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path, {})


CANARY = "c4nary-c4nary-c4nary"


@pytest.mark.parametrize("key", SAMPLES)
@pytest.mark.parametrize("wrap", [str, lambda text: [text], lambda text: {"x": text}])
def test_no_value_is_ever_shown(key: str, wrap: Callable[[str], object]) -> None:
    """Whatever is wrong with a key, its value is in no message; nor in the text of the settings."""
    around = SAMPLES[key][2]
    for table, environ in [
        (nested(key, wrap(CANARY), around), {}),
        (around, {variable(key): text(wrap(CANARY))}),
    ]:
        try:
            shown = repr(resolve(table, environ)) if key in SECRETS else ""
        except ConfigError as error:
            shown = f"{error}{error!r}{error.__cause__}"
        assert CANARY not in shown


def test_the_text_of_the_settings_hides_secrets() -> None:
    """Who logs the settings logs no secret."""
    secrets = {variable(key): str(SAMPLES[key][0]) for key in SECRETS}
    shown = repr(resolve(LOGIN, secrets))
    assert shown.count("***") == len(SECRETS)
    assert not any(secret in shown for secret in secrets.values())


NAMES = st.sampled_from([*SAMPLES, "zone.x", "x", "", "a b", "metrics.mrr", "metrics.nps.x"])
VALUES = st.recursive(
    st.none().map(lambda _: "")
    | st.booleans()
    | st.integers()
    | st.integers().map(lambda n: 10**400 + n)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["1h", "nps", "default", "today", "{", "-", "1-5", "://", "redis://[::1"])
    | st.datetimes()
    | st.dates()
    | st.times(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "rekey", "nps", "1-5", "region", "url"]) | st.text(max_size=4),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)


@given(st.dictionaries(NAMES, VALUES, max_size=5), st.dictionaries(NAMES, st.text(), max_size=3))
def test_any_table_gives_settings_or_faults(
    values: dict[str, object], variables: dict[str, str]
) -> None:
    """Nothing that a file or a variable can say raises anything but `ConfigError`."""
    table: dict[str, object] = {}
    for key, value in values.items():
        *path, last = key.split(".")
        inner = table
        for name in path:
            below = inner.setdefault(name, {})
            if not isinstance(below, dict):
                break
            inner = below
        inner[last] = value
    try:
        settings = resolve(table, {variable(key): said for key, said in variables.items()})
    except ConfigError:
        return
    assert settings.plan().groupings == settings.groupings
