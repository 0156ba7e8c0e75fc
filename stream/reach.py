"""Reaching one broker: a connection, a login, one question; and words for each way it fails."""

import asyncio
import socket
import ssl
from collections.abc import Sequence

from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import (
    IllegalSaslStateError,
    IncompatibleBrokerVersion,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest

from stream.client import Client, calm

TLS_ALERT = 0x15  # the first byte of TLS's "no", which Kafka's protocol takes for a length
PATIENCE_MS = 5_000  # of each step

Address = tuple[str, int]
Meaning = tuple[str, str, bool]
"""The problem, the remedy, and whether waiting does not help."""

MEANINGS: tuple[tuple[type[Exception], str, str, bool], ...] = (
    (socket.gaierror, "cannot be resolved", "correct the host", False),
    (
        ssl.SSLCertVerificationError,
        "shows a certificate that is not trusted ({why})",
        "set kafka.tls_ca, or use the name that the certificate has",
        True,
    ),
    (ssl.SSLError, "fails at TLS", "correct kafka.tls, kafka.tls_* or the port", False),
    (ConnectionRefusedError, "refuses the connection", "start it, or correct the address", False),
    (
        ConnectionResetError,
        "closes the connection",
        "if it speaks no TLS, set kafka.tls = false, or correct the port",
        False,
    ),
    (TimeoutError, "does not answer in time", "look at the network and at firewalls", False),
    (OSError, "cannot be reached ({why})", "look at the network", False),
    (
        SaslAuthenticationFailed,
        "refuses the login",
        "correct kafka.sasl_username and kafka.sasl_password",
        True,
    ),
    (
        UnsupportedSaslMechanismError,
        "does not know the login {login}",
        "correct kafka.sasl_mechanism",
        True,
    ),
    (IllegalSaslStateError, "takes no login", "remove kafka.sasl_*, or correct the port", True),
    (
        IncompatibleBrokerVersion,
        "is no broker, perhaps a controller",
        "correct the address",
        True,
    ),
)
"""What an error means: kind, problem, remedy, whether waiting does not help. The first that fits.
"""


class Unreached(Exception):
    """A broker that we cannot work with: what is wrong, and what to do about it.

    `lasts` says that waiting does not help.
    """

    def __init__(self, address: Address, problem: str, remedy: str, lasts: bool = False) -> None:
        super().__init__(f"{written(address)} {problem}; {remedy}")
        self.problem = problem
        self.lasts = lasts


def written(address: Address) -> str:
    """Write an address as the configuration does."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def addresses(client: Client) -> list[Address]:
    """Return the brokers that are to be asked first."""
    return [(host, port) for host, port, _ in collect_hosts(client.bootstrap, randomize=False)]


async def reach(client: Client, address: Address) -> list[Address]:
    """Ask one broker for those of its cluster, in a few seconds; raises `Unreached`."""
    calm()
    try:
        return await _ask(client, address)
    except (KafkaError, OSError) as error:  # a timeout is an OSError
        raise Unreached(address, *_words(client, error)) from error


async def unreached(client: Client) -> Sequence[Unreached]:
    """Say why no broker can be reached, one fault for each address; none when one can be."""
    faults = []
    for address in addresses(client):
        try:
            await reach(client, address)
        except Unreached as fault:
            faults.append(fault)
        else:
            return ()
    return faults


async def _ask(client: Client, address: Address) -> list[Address]:
    options = dict(client.options())
    options.pop("bootstrap_servers")
    connection = await create_conn(*address, request_timeout_ms=PATIENCE_MS, **options)
    try:
        answer = await connection.send(MetadataRequest([]))  # of no topic, or some would be made
    finally:
        connection.close()
    brokers = [(broker["host"], broker["port"]) for broker in answer.to_object()["brokers"]]
    if not brokers:
        raise Unreached(address, "has no cluster yet", "wait, or look at its log")
    return brokers


def _words(client: Client, error: Exception) -> Meaning:
    """Say what an error means; nothing of it is a password."""
    for kind, problem, remedy, lasts in MEANINGS:
        if isinstance(error, kind):
            why = getattr(error, "verify_message", None) or getattr(error, "strerror", "")
            return problem.format(why=why, login=client.sasl_mechanism), remedy, lasts
    cause = error.__cause__
    if isinstance(cause, asyncio.IncompleteReadError) and (cause.expected or 0) >> 24 == TLS_ALERT:
        return "speaks TLS only", "set kafka.tls = true, or correct the port", True
    return "closes the connection", _other_port(client), False


def _other_port(client: Client) -> str:
    """Say what a broker may want that hangs up; one that is just starting does so as well."""
    if client.sasl_mechanism:
        return "look at its log"
    return "if it wants a login, set kafka.sasl_*, or correct the port; or look at its log"
