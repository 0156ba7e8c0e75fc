"""Options that several commands have, and how a fault ends a command."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from metrics import duration
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


def span(_: click.Context, __: click.Parameter, text: str | None) -> int | None:
    """Read an option's duration as milliseconds."""
    try:
        return None if text is None else duration.parse(text)
    except duration.DurationError as error:
        raise click.BadParameter(str(error)) from None


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
def progress(length: int, label: str) -> Iterator[Callable[[int], None]]:
    """Show a bar on stderr, if that is a terminal; what it yields is told of each advance."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with click.progressbar(length=length, label=label, file=sys.stderr) as bar:
        yield bar.update


@contextmanager
def told() -> Iterator[None]:
    """Turn errors that a user can do something about into one message and exit code 1."""
    try:
        yield
    except (EmbeddedError, TopicError, BrokerError, OSError) as error:
        click.echo(f"ressenti: {error}", err=True)
        sys.exit(FAILED)
