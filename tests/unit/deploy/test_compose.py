"""The stack of `deploy/compose.yaml`: valid, pinned, closed to the outside, and of one piece."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from stream.cli import main
from stream.document import ROOT
from stream.settings import Settings, load
from tests.service.kafka import VERSION

DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = YAML(typ="safe").load(DEPLOY / "compose.yaml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
ONCE = {"sources", "topics"}  # they do their work and end
OWN_BROKER: dict[str, Any] = YAML(typ="safe").load(DEPLOY / "own-broker.yaml")


def service_settings(name: str, home: Path) -> Settings:
    """What a service of ours is told: its file and its variables, as `ressenti` reads them."""
    environ = dict(SERVICES[name]["environment"])
    secret = home / "hash-key"
    secret.write_text("a key of the tests only\n")
    environ["RESSENTI_PRIVACY__HASH_KEY_FILE"] = str(secret)
    return load(DEPLOY / "ressenti.toml", environ)


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_commands_exist(name: str) -> None:
    """What the stack starts is a command with these options."""
    words = OURS[name].get("command", ["run", "-c", "FILE"])
    done = CliRunner().invoke(main, [*words, "--help"])
    assert done.exit_code == 0, done.output


def mounts() -> Iterator[tuple[str, str, str]]:
    """Every mount of every service: source, place, options."""
    for service in SERVICES.values():
        for text in service.get("volumes", []):
            source, place, options = (*text.split(":"), "")[:3]
            yield source, place, options


@pytest.mark.parametrize("name", ["compose.yaml", "own-broker.yaml"])
def test_it_keeps_to_the_schema(name: str) -> None:
    """The Compose specification's own schema has nothing to say, without a network."""
    schema = ["--builtin-schema", "vendor.compose-spec"]
    command = [sys.executable, "-m", "check_jsonschema", *schema, str(DEPLOY / name)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", SERVICES)
def test_an_image_is_pinned(name: str) -> None:
    """Each image has a full version, but ours, which is built here."""
    image, _, version = SERVICES[name]["image"].partition(":")
    if name in OURS:
        assert (image, version) == ("ressenti", "local")
    else:
        numbers = version.removeprefix("v").partition("-")[0].split(".")
        assert len(numbers) == 3
        assert all(map(str.isdecimal, numbers))


def test_the_broker_is_the_one_that_is_tested() -> None:
    """The integration tests run on this version of Kafka."""
    assert {SERVICES[name]["image"] for name in ("kafka", "sources")} == {f"apache/kafka:{VERSION}"}


def test_ports_are_open_on_loopback_only() -> None:
    """Nothing is reachable from another machine."""
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_what_need_not_be_reached_cannot_be() -> None:
    """Whoever publishes no port is on the inner network alone, which leads nowhere."""
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    for name, service in SERVICES.items():
        wanted = ["inside", "outside"] if "ports" in service else ["inside"]
        assert service["networks"] == wanted, name


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - ONCE - {"generator", "worker"}))
def test_a_service_says_whether_it_is_well(name: str) -> None:
    """Each that stays has its health check; the worker's is in its image."""
    assert SERVICES[name]["healthcheck"]["test"]


def test_our_other_commands_are_not_asked_for_a_page() -> None:
    """The image's health check asks a worker's page, so what has none turns it off."""
    assert "healthcheck" not in OURS["worker"]
    off = {name for name in OURS if OURS[name].get("healthcheck") == {"disable": True}}
    assert off == OURS.keys() - {"worker"}


def test_each_waits_for_what_it_needs() -> None:
    """One waits for servers that are well and for tasks that are done, all of them defined."""
    for service in SERVICES.values():
        for name, need in service.get("depends_on", {}).items():
            done = "service_completed_successfully" if name in ONCE else "service_healthy"
            assert need == {"condition": done}
            assert name in SERVICES
    assert SERVICES["topics"]["depends_on"].keys() == {"sources"}
    assert SERVICES["worker"]["depends_on"].keys() == {"topics", "redis"}


def merged(first: Any, second: Any) -> Any:
    """Both, as Compose reads two files: tables are merged, lists joined."""
    if isinstance(first, dict):
        both = {name: merged(first[name], second[name]) for name in first.keys() & second.keys()}
        return {**first, **second, **both}
    return [*first, *second] if isinstance(first, list) else second


def test_a_broker_of_ones_own_takes_the_place_of_the_stacks() -> None:
    """Ours are not started, nothing insists on them, and whoever asks the broker gets outside."""
    assert OWN_BROKER["services"].keys() <= SERVICES.keys()
    services = merged(SERVICES, OWN_BROKER["services"])
    unused = {name for name, one in services.items() if "unused" in one.get("profiles", [])}
    assert unused == {"kafka", "sources"}
    for name in services.keys() - unused:
        for needed, need in services[name].get("depends_on", {}).items():
            assert needed not in unused or need["required"] is False, name
    for name in OURS:
        assert services[name]["networks"] == ["inside", "outside"], name


@pytest.mark.parametrize("name", OURS)
def test_our_services_may_do_little(name: str) -> None:
    """No root, no capabilities, nothing written but to a memory file system."""
    service = OURS[name]
    assert service["user"] == "10001:10001"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["tmpfs"] == ["/tmp"]


@pytest.mark.parametrize("name", OURS)
def test_our_services_understand_what_they_are_told(name: str, tmp_path: Path) -> None:
    """File and variables are a configuration without a fault, of the stack's own addresses."""
    settings = service_settings(name, tmp_path)
    assert settings.kafka.bootstrap == "kafka:9092"
    assert settings.redis
    assert settings.redis.url == "redis://redis:6379/0"
    assert settings.web.host == ("0.0.0.0" if name == "worker" else "127.0.0.1")


def test_the_source_topics_are_made(tmp_path: Path) -> None:
    """The topics that the worker reads are those that the stack makes for it."""
    inputs = service_settings("worker", tmp_path).topics.inputs()
    assert SERVICES["sources"]["environment"]["TOPICS"].split() == list(inputs.values())


def test_the_worker_is_where_it_is_looked_for(tmp_path: Path) -> None:
    """Prometheus and the published port ask the port that the worker listens on."""
    port = service_settings("worker", tmp_path).web.port
    scrape = YAML(typ="safe").load(DEPLOY / "prometheus/prometheus.yaml")["scrape_configs"]
    (found,) = scrape[0]["dns_sd_configs"]
    assert (found["names"], found["port"]) == (["worker"], port)
    assert SERVICES["worker"]["ports"][0].endswith(f":{port}")


def test_what_is_mounted_is_there() -> None:
    """Files are in the repository and read-only, volumes are declared."""
    for source, _, options in mounts():
        if source.startswith("./"):
            assert (DEPLOY / source).is_file()
            assert options == "ro"
        else:
            assert source in COMPOSE["volumes"]


def test_grafana_finds_its_files() -> None:
    """The board is where the provider looks, and the data source where the stack has it."""
    places = {source: place for source, place, _ in mounts()}
    provider = YAML(typ="safe").load(DEPLOY / "grafana/provider.yaml")["providers"][0]
    assert Path(places["./grafana/overview.json"]).parent == Path(provider["options"]["path"])
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home == places["./grafana/overview.json"]
    source = YAML(typ="safe").load(DEPLOY / "grafana/datasource.yaml")["datasources"][0]
    assert (source["type"], source["url"]) == ("prometheus", "http://prometheus:9090")


def test_no_secret_is_shipped() -> None:
    """The key is made by whoever runs the stack: Git and the image's build leave it out."""
    assert COMPOSE["secrets"] == {"hash-key": {"file": "./secrets/hash-key"}}
    assert (DEPLOY / "secrets/.gitignore").read_text().splitlines()[0] == "*"
    assert "!deploy" not in (ROOT / ".dockerignore").read_text()
    texts = [path.read_text() for path in (ROOT / "Dockerfile", DEPLOY / "ressenti.toml")]
    assert not any("hash_key" in text.lower() for text in texts)
