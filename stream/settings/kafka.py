"""`[kafka]`: the cluster, the group, and how exact the processing is."""

from collections.abc import Iterator
from typing import Annotated

import msgspec

from stream.client import Client
from stream.settings.fault import Fault
from stream.settings.kind import DURATION, FLAG, Secret, choice, matching, secret, whole
from stream.settings.section import Key

TOPIC_NAME = r"(?!\.\.?$)[A-Za-z0-9._-]{1,249}"
_HOST = r"[^\s,:/\[\]]+|\[[0-9A-Fa-f:.]+\]"
_ADDRESS = rf"({_HOST}):[0-9]{{1,5}}"

ADDRESSES = matching(rf"{_ADDRESS}(\s*,\s*{_ADDRESS})*", "host:port, several with commas between")
GROUP = matching(
    r"(?!\.\.?$)[A-Za-z0-9._-]{1,100}", "1 to 100 letters, digits, dots, dashes, underscores"
)
PATH = matching(r"[^\0]+", "the path of a PEM file")
NAME = matching(r".+", "a name")
PASSWORD = secret("a password", bool)


class Kafka(msgspec.Struct, frozen=True):
    """The Kafka cluster and this installation's place in it."""

    bootstrap: Annotated[
        str, Key(ADDRESSES, "Brokers to ask first: `host:port`, several separated by commas.")
    ] = "127.0.0.1:9092"
    group: Annotated[
        str, Key(GROUP, "Prefix of the consumer group, transactional ids and internal topics.")
    ] = "ressenti"
    delivery: Annotated[
        str,
        Key(
            choice("exactly_once", "at_least_once"),
            "`at_least_once` is for brokers without transactions: "
            "a crash may count one flush twice.",
        ),
    ] = "exactly_once"
    session_timeout: Annotated[
        int, Key(DURATION, "A worker that is silent for so long loses its partitions.")
    ] = 10_000
    shards: Annotated[
        int,
        Key(
            whole(1, 10_000),
            "Partitions of the internal topics that segments are spread over; "
            "a multiple of the workers. Fixed once they exist.",
        ),
    ] = 8
    tls: Annotated[bool, Key(FLAG, "Whether to encrypt connections.")] = False
    tls_ca: Annotated[
        str | None, Key(PATH, "Authorities to trust (PEM file); absent: those of the system.")
    ] = None
    tls_cert: Annotated[str | None, Key(PATH, "Our certificate (PEM file).")] = None
    tls_key: Annotated[str | None, Key(PATH, "The key of our certificate (PEM file).")] = None
    tls_password: Annotated[Secret | None, Key(PASSWORD, "Password of `tls_key`.")] = None
    sasl_mechanism: Annotated[
        str | None,
        Key(choice("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"), "How to log in; absent: no login."),
    ] = None
    sasl_username: Annotated[str | None, Key(NAME, "User to log in as.")] = None
    sasl_password: Annotated[Secret | None, Key(PASSWORD, "Password to log in with.")] = None

    def client(self) -> Client:
        """Say how to reach the cluster."""
        return Client(
            bootstrap=self.bootstrap,
            tls=self.tls,
            tls_ca=self.tls_ca,
            tls_cert=self.tls_cert,
            tls_key=self.tls_key,
            tls_password=self.tls_password,
            sasl_mechanism=self.sasl_mechanism,
            sasl_username=self.sasl_username,
            sasl_password=self.sasl_password,
        )


NEEDS = {
    "tls_ca": "tls",
    "tls_cert": "tls_key",
    "tls_key": "tls",
    "tls_password": "tls_key",
    "sasl_mechanism": "sasl_username",
    "sasl_username": "sasl_password",
    "sasl_password": "sasl_mechanism",
}
"""Keys that do nothing, or cannot work, without another."""


def check(kafka: Kafka) -> Iterator[Fault]:
    """Find keys that lack the one that they need."""
    pairs = [*NEEDS.items(), ("tls_key", "tls_cert")]
    for name, needed in pairs:
        if getattr(kafka, name) and not getattr(kafka, needed):
            yield Fault(f"kafka.{name}", f"needs kafka.{needed}, which is not set")
