"""`ressenti run`: a worker."""

import asyncio
from pathlib import Path

import click

from stream import log
from stream.cli import option
from stream.ending import until_signal
from stream.settings import NEEDED, Settings


@click.command(epilog="Example: ressenti run -c ressenti.toml", short_help="Run a worker.")
@option.config
def run(path: Path | None) -> None:
    """Run a worker until it gets SIGTERM or Ctrl-C; start more of them to scale out."""
    settings = option.read(path, needs=NEEDED)
    log.configure()
    with option.told():
        asyncio.run(_work(settings))


async def _work(settings: Settings) -> None:
    from stream.app import serve  # noqa: PLC0415 # Faust takes a second to import

    await serve(settings, until_signal())
