"""`ressenti check`: whether everything is as a worker needs it."""

import asyncio
from pathlib import Path

import click

from stream import log
from stream.check.finding import Finding, Level, counted
from stream.cli import option
from stream.settings import NEEDED, Settings

COLOURS: dict[Level, str] = {"ok": "green", "note": "yellow", "bad": "red"}
WIDTH = 24  # of subjects: the longest keys of inputs


@click.command(
    epilog="Example: ressenti check -c ressenti.toml",
    short_help="Look at everything that a worker needs; change nothing.",
)
@option.config
def check(path: Path | None) -> None:
    """Look at the configuration, Kafka, its topics and records, and Redis; change nothing.

    One line for each thing: ok, note (advice) or bad, with what to do. Exits with 1 if anything
    is bad, with 2 if the configuration is.
    """
    settings = option.read(path, needs=NEEDED)
    log.silence()
    with option.told():
        wrong = asyncio.run(_report(settings))
    if wrong:
        option.fail(f"{counted(wrong, 'thing')} to be put right before a worker can do its work")


async def _report(settings: Settings) -> int:
    from stream.check.inspection import inspect  # noqa: PLC0415 # the Redis client takes long

    wrong = 0
    async for finding in inspect(settings):
        click.echo(_line(finding))
        wrong += finding.level == "bad"
    return wrong


def _line(finding: Finding) -> str:
    level = click.style(f"{finding.level:<5}", fg=COLOURS[finding.level])
    return f"{level}{finding.subject:<{WIDTH}}  {finding.text}"
