"""The client record: what aiokafka gets, and what a log may show."""

import logging
import ssl
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from stream.client import CertificateError, Client, Seldom


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


def test_a_certificate_file_that_cannot_be_used_is_told_by_its_key(tmp_path: Path) -> None:
    """Without TLS the files do not matter; with it they must be readable, and PEM."""
    assert Client(tls_ca="/nowhere.pem").options()["ssl_context"] is None
    with pytest.raises(CertificateError, match=r"kafka\.tls_ca: cannot be read: No such file"):
        Client(tls=True, tls_ca="/nowhere.pem").options()
    (tmp_path / "a.pem").write_text("no certificate")
    file = str(tmp_path / "a.pem")
    with pytest.raises(CertificateError, match=r"kafka\.tls_ca: no PEM file"):
        Client(tls=True, tls_ca=file).options()
    with pytest.raises(CertificateError, match=r"kafka\.tls_cert, kafka\.tls_key.*: no PEM file"):
        Client(tls=True, tls_cert=file, tls_key=file).options()


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
