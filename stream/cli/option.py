"""Options that several commands have, and how a fault ends a command."""

import os
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import click

from metrics import duration
from stream.broker import BrokerError
from stream.client import CertificateError
from stream.embedded.server import EmbeddedError
from stream.settings import ConfigError, Settings, load
from stream.topic import TopicError
from stream.web.address import AddressError

FAILED, WRONG = 1, 2  # exit codes
USUAL = Path("ressenti.toml")

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


def read(path: Path | None, needs: Collection[str] = ()) -> Settings:
    """Load the settings, or say all their faults and exit with 2; `needs`: of `NEEDED`.

    Who needs something and has no file is told so: it may have been forgotten.
    """
    if needs and path is None:
        click.echo(f"ressenti: {_without()}", err=True)
    try:
        return load(path, os.environ, needs)
    except ConfigError as error:
        fail(error, WRONG)


def _without() -> str:
    told = "no configuration file was read: RESSENTI_ variables and defaults are used"
    return f"{told}; -c {USUAL} reads the one that is here" if USUAL.is_file() else told


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
    """Turn errors that a user can do something about into one message and an exit code."""
    try:
        yield
    except CertificateError as error:
        fail(error, WRONG)
    except BrokenPipeError:
        raise  # who reads our output has seen enough: nothing to tell
    except (EmbeddedError, TopicError, BrokerError, AddressError) as error:
        fail(error)
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}" if error.filename else error.strerror or error)


def fail(message: object, code: int = FAILED) -> NoReturn:
    """End the command with a message on stderr."""
    click.echo(f"ressenti: {message}", err=True)
    sys.exit(code)
