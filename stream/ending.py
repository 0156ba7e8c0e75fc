"""How a process hears that it shall end."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def until_signal() -> asyncio.Future[None]:
    """Return a future that the first signal to end sets; those after it change nothing.

    SIGTERM, Ctrl-C, or the terminal's end, if our starter did not have that ignored (`nohup`).
    """
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()
    numbers = [signal.SIGTERM, signal.SIGINT]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    for number in numbers:
        loop.add_signal_handler(number, end, ended)
    return ended


def end(ended: asyncio.Future[None]) -> None:
    """Set the future, unless it is set."""
    if not ended.done():
        ended.set_result(None)


async def unless(ended: asyncio.Future[None], work: Coroutine[Any, Any, T]) -> T | None:
    """Do the work and return what it gives; it is cancelled once `ended` is set: None."""
    task = asyncio.ensure_future(work)
    ended.add_done_callback(lambda _: task.cancel())
    await asyncio.wait([task])
    return None if task.cancelled() else task.result()
