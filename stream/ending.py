"""The end of a process: when it is asked to leave."""

import asyncio
import signal


def until_signal() -> asyncio.Future[None]:
    """Return a future that is done at the first SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _end, ended)
    return ended


def _end(ended: asyncio.Future[None]) -> None:
    if not ended.done():
        ended.set_result(None)
