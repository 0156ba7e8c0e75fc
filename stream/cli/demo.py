"""`ressenti demo`: a small company's customers, live, without anything to set up."""

import asyncio
import logging
import socket

import click

from stream import log
from stream.cli import option
from stream.settings.fault import Wrong
from stream.settings.kafka import ADDRESSES

PORT = 6066
LOOPBACK = "127.0.0.1"


def _addresses(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
    try:
        return None if text is None else str(ADDRESSES.read(text, "it"))
    except Wrong as wrong:
        raise click.BadParameter("; ".join(map(str, wrong.faults))) from None


@click.command(
    short_help="Play a small company: broker, Redis, events, worker and page.",
    epilog="Example: ressenti demo --for 300",
)
@click.option("--port", type=click.IntRange(1, 65_535), help=f"Port of the page ({PORT}).")
@click.option(
    "--for",
    "seconds",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="End after this time.",
)
@click.option(
    "--rate",
    type=click.FloatRange(0, 2_000, min_open=True),
    default=50.0,
    show_default=True,
    metavar="EVENTS",
    help="Events a second.",
)
@click.option(
    "--bootstrap",
    callback=_addresses,
    metavar="HOST:PORT",
    help="Brokers to use instead of the embedded one; its topics there are deleted at the end.",
)
@click.option("-v", "--verbose", is_flag=True, help="Show the worker's log.")
def demo(
    port: int | None, seconds: float | None, rate: float, bootstrap: str | None, verbose: bool
) -> None:
    """Play a small company's customers: broker, Redis, events, worker and page in one command.

    Needs `pip install 'ressenti[demo]'`, no network, and leaves nothing behind.
    """
    from stream.demo.stage import Options, play  # noqa: PLC0415 # Faust takes a second to import

    chosen, notes = _port(port)
    log.configure(logging.INFO if verbose else logging.WARNING)
    with option.told():
        asyncio.run(play(Options(chosen, notes, rate, seconds, bootstrap), click.echo))


def _port(asked: int | None) -> tuple[int, str]:
    """Choose the page's port, and say it when that is not the usual one."""
    if asked is not None:
        if not _free(asked):
            raise click.BadParameter(f"{asked} is taken, choose another", param_hint="--port")
        return asked, ""
    if _free(PORT):
        return PORT, ""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return probe.getsockname()[1], f"  ({PORT} is taken)"


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
