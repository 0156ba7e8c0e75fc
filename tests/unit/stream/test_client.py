"""The client record: what aiokafka gets, and what a log may show."""

import logging
import ssl

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from stream.client import Client, Seldom


@pytest.mark.parametrize(
    ("client", "protocol"),
    [
        (Client(), "PLAINTEXT"),
        (Client(tls=True), "SSL"),
        (Client(sasl_mechanism="PLAIN", sasl_username="u", sasl_password="p"), "SASL_PLAINTEXT"),
        (
            Client(tls=True, sasl_mechanism="SCRAM-SHA-512", sasl_username="u", sasl_password="p"),
            "SASL_SSL",
        ),
    ],
)
async def test_aiokafka_takes_the_options(client: Client, protocol: str) -> None:
    """Each combination of TLS and login is one protocol, and aiokafka accepts all its options."""
    options = client.options()
    assert options["security_protocol"] == protocol
    assert (options["ssl_context"] is not None) == client.tls
    await AIOKafkaProducer(**options).stop()
    await AIOKafkaAdminClient(**options).close()


def test_tls_checks_names_and_certificates() -> None:
    """A broker whose certificate does not fit is refused; the context is made once."""
    context = Client(tls=True).options()["ssl_context"]
    assert context is not None
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert Client("other:1", tls=True).options()["ssl_context"] is context


def test_a_certificate_file_that_is_not_there_is_an_error() -> None:
    """Without TLS the files do not matter; with it they must be readable."""
    assert Client(tls_ca="/nowhere.pem").options()["ssl_context"] is None
    with pytest.raises(OSError, match="No such file"):
        Client(tls=True, tls_ca="/nowhere.pem").options()


def test_its_text_holds_no_secret() -> None:
    """Only the addresses may reach a log."""
    client = Client("a:1,b:2", sasl_username="user", sasl_password="secret", tls_password="hidden")
    assert f"{client} {client!r}" == "Client('a:1,b:2') Client('a:1,b:2')"


def test_a_repeated_line_is_let_through_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same template is held back for a while, whatever its arguments; others pass."""
    now = 0.0
    monkeypatch.setattr("stream.client.time.monotonic", lambda: now)
    seldom = Seldom()

    def passes(template: str, *arguments: object) -> bool:
        return seldom.filter(
            logging.LogRecord("aiokafka", logging.ERROR, "f", 1, template, arguments, None)
        )

    assert [passes("no %s", 1), passes("no %s", 2), passes("yes %s", 1)] == [True, False, True]
    now = 31.0
    assert [passes("no %s", 3), passes("no %s", 4)] == [True, False]
