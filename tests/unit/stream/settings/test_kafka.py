"""`[kafka]`: addresses, and keys that need each other."""

import pytest

from stream.client import Client
from stream.settings.load import resolve
from tests.unit.stream.settings.conftest import Find


@pytest.mark.parametrize("bootstrap", ["a:1", "a.b-c:9092,d:1", "127.0.0.1:1 , [::1]:2"])
def test_addresses_are_hosts_with_ports(find: Find, bootstrap: str) -> None:
    """One or several, IPv6 in brackets."""
    assert find({"kafka": {"bootstrap": bootstrap}}) == {}


@pytest.mark.parametrize(
    "bootstrap", ["", "a", "a:", ":1", "a:1,", "kafka://a:1", "::1:2", "a b:1"]
)
def test_other_addresses_are_faults(find: Find, bootstrap: str) -> None:
    """A port that lacks would be found out only at the first connection."""
    assert find({"kafka": {"bootstrap": bootstrap}}).keys() == {"kafka.bootstrap"}


@pytest.mark.parametrize(
    ("given", "fault", "needed"),
    [
        ({"tls_ca": "a"}, "tls_ca", "tls"),
        ({"tls": True, "tls_cert": "a"}, "tls_cert", "tls_key"),
        ({"tls": True, "tls_key": "a"}, "tls_key", "tls_cert"),
        ({"tls_key": "a", "tls_cert": "b"}, "tls_key", "tls"),
        ({"tls": True, "tls_password": "a"}, "tls_password", "tls_key"),
        ({"sasl_mechanism": "PLAIN"}, "sasl_mechanism", "sasl_username"),
        ({"sasl_username": "a"}, "sasl_username", "sasl_password"),
        ({"sasl_password": "a"}, "sasl_password", "sasl_mechanism"),
    ],
)
def test_a_key_that_does_nothing_alone_is_a_fault(
    find: Find, given: dict[str, object], fault: str, needed: str
) -> None:
    """A login without TLS keys' partner or user would fail late, or be sent in the clear."""
    assert find({"kafka": given}) == {f"kafka.{fault}": f"needs kafka.{needed}, which is not set"}


def test_names_that_topics_cannot_have_are_faults(find: Find) -> None:
    """The group is part of topics' names."""
    for group in ("", ".", "..", "a b", "ä", "x" * 101):
        assert find({"kafka": {"group": group}}).keys() == {"kafka.group"}


def test_a_client_gets_all_that_it_needs() -> None:
    """Addresses, certificates and credentials go to the client as they are."""
    given = {
        "bootstrap": "h:1",
        "tls": True,
        "tls_ca": "ca",
        "tls_cert": "cert",
        "tls_key": "key",
        "tls_password": "tp",
        "sasl_mechanism": "SCRAM-SHA-256",
        "sasl_username": "u",
        "sasl_password": "sp",
    }
    expected = Client("h:1", True, "ca", "cert", "key", "tp", "SCRAM-SHA-256", "u", "sp")
    assert resolve({"kafka": given}, {}).kafka.client() == expected
