"""How a process hears that it shall end, and what it leaves undone then."""

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest

from stream.ending import end, unless, until_signal


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Whatever handles signals is the same again after each test."""
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_a_signal_ends(number: signal.Signals) -> None:
    """SIGTERM, Ctrl-C and a closed terminal; a second one does no harm."""
    ended = until_signal()
    os.kill(os.getpid(), number)
    os.kill(os.getpid(), number)
    await asyncio.wait_for(ended, 5)


async def test_a_process_under_nohup_outlives_its_terminal() -> None:
    """SIGHUP stays ignored where our starter had it ignored."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    ended = until_signal()
    os.kill(os.getpid(), signal.SIGHUP)
    await asyncio.sleep(0)
    assert not ended.done()
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


async def test_work_gives_its_result_unless_it_is_ended_before() -> None:
    """The end cancels the work; what it raises comes through."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()
    assert await unless(ended, asyncio.sleep(0, "done")) == "done"
    with pytest.raises(TimeoutError):
        await unless(ended, asyncio.wait_for(asyncio.Event().wait(), 0))
    loop.call_soon(end, ended)
    assert await unless(ended, asyncio.Event().wait()) is None
