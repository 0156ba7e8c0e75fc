"""How to reach the Kafka cluster: one record for every consumer, producer and admin client."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from ssl import SSLContext, SSLError
from typing import TypedDict

import msgspec
from aiokafka.helpers import create_ssl_context

from metrics.error import RessentiError

REPEAT_AFTER = 30.0  # seconds until the same line of aiokafka is logged again
REPETITIVE = ("aiokafka", "aiokafka.conn", "aiokafka.cluster")


class Options(TypedDict):
    """Keyword arguments that aiokafka's consumer, producer and admin client have in common."""

    bootstrap_servers: str
    security_protocol: str
    ssl_context: SSLContext | None
    sasl_mechanism: str
    sasl_plain_username: str | None
    sasl_plain_password: str | None


class CertificateError(RessentiError):
    """A file with a certificate or key that cannot be used; the text names its key."""


class Client(msgspec.Struct, frozen=True):
    """Addresses and credentials of a Kafka cluster. Its text shows the addresses only."""

    bootstrap: str = "127.0.0.1:9092"
    """`host:port`, several separated by commas."""
    tls: bool = False
    tls_ca: str | None = None
    """File with the authorities to trust; None: those of the system."""
    tls_cert: str | None = None
    tls_key: str | None = None
    tls_password: str | None = None
    sasl_mechanism: str | None = None
    """`PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`; None: no login."""
    sasl_username: str | None = None
    sasl_password: str | None = None

    def options(self) -> Options:
        """Return what aiokafka wants; reads the certificate files once a process.

        Raises `CertificateError` when they cannot be read.
        """
        return Options(
            bootstrap_servers=self.bootstrap,
            security_protocol=self._protocol(),
            ssl_context=self._context() if self.tls else None,
            sasl_mechanism=self.sasl_mechanism or "PLAIN",
            sasl_plain_username=self.sasl_username,
            sasl_plain_password=self.sasl_password,
        )

    def _protocol(self) -> str:
        transport = "SSL" if self.tls else "PLAINTEXT"
        return f"SASL_{transport}" if self.sasl_mechanism else transport

    def _context(self) -> SSLContext:
        return _context(self.tls_ca, self.tls_cert, self.tls_key, self.tls_password)

    def __repr__(self) -> str:
        return f"Client({self.bootstrap!r})"


class Seldom(logging.Filter):
    """Lets a message through once in `REPEAT_AFTER` seconds, told apart by its template."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[object, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether this line is new for a while."""
        now = time.monotonic()
        if now - self._last.get(record.msg, -REPEAT_AFTER) < REPEAT_AFTER:
            return False
        self._last[record.msg] = now
        return True


@cache
def calm() -> None:
    """Keep aiokafka from flooding the log; called before the first client is made.

    Its producers warn at each retry that a transaction takes by design (KIP-890), and its clients
    at each attempt to reach a broker that is away: hundreds of lines a second with short retries.
    """
    logging.getLogger("aiokafka.producer.sender").setLevel(logging.ERROR)
    for name in REPETITIVE:
        logging.getLogger(name).addFilter(Seldom())
    logging.getLogger("asyncio").addFilter(_is_no_leak)


def _is_no_leak(record: logging.LogRecord) -> bool:
    """Say whether a line is not about a connection that aiokafka forgot and closed by itself.

    It forgets the first one of a client whose start is cancelled.
    """
    return "Unclosed AIOKafkaConnection" not in record.getMessage()


@cache
def _context(
    authority: str | None, cert: str | None, key: str | None, password: str | None
) -> SSLContext:
    with _named("kafka.tls_ca"):
        context = create_ssl_context(cafile=authority)
    if cert:
        with _named("kafka.tls_cert, kafka.tls_key, kafka.tls_password"):
            context.load_cert_chain(cert, key, password or "")  # None would ask the terminal
    return context


@contextmanager
def _named(keys: str) -> Iterator[None]:
    """Name the keys whose files cannot be read."""
    try:
        yield
    except SSLError:
        raise CertificateError(f"{keys}: no PEM file, or not one that fits") from None
    except OSError as error:
        raise CertificateError(f"{keys}: cannot be read: {error.strerror}") from None
