"""Options that several commands have, and how a fault ends a command."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from stream.broker import BrokerError
from stream.embedded.server import EmbeddedError
from stream.settings import ConfigError, Settings, load, require_hash_key
from stream.topic import TopicError

FAILED, WRONG = 1, 2  # exit codes

config = click.option(
    "-c",
    "--config",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="TOML file; every key can also be set as RESSENTI_<KEY>.",
)


def read(path: Path | None, secret: bool = False) -> Settings:
    """Load the settings, or say all their faults and exit with 2; `secret`: a key is needed."""
    try:
        settings = load(path, os.environ)
        if secret:
            require_hash_key(settings)
        return settings
    except ConfigError as error:
        click.echo(f"ressenti: {error}", err=True)
        sys.exit(WRONG)


@contextmanager
def told() -> Iterator[None]:
    """Turn errors that a user can do something about into one message and exit code 1."""
    try:
        yield
    except (EmbeddedError, TopicError, BrokerError, OSError) as error:
        click.echo(f"ressenti: {error}", err=True)
        sys.exit(FAILED)
