"""Reaching a broker: what goes wrong is told apart. The real ones are in tests/golden."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from stream.client import Client
from stream.reach import Unreached, reach, unreached, written
from tests.service.process import free_port

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(handler: Handler) -> AsyncIterator[int]:
    """Serve connections on a free port of loopback."""
    server = await asyncio.start_server(handler, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def hangs_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Close at once."""
    writer.close()


async def speaks_otherwise(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer as a web server would, and close."""
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    writer.close()


@pytest.mark.parametrize("handler", [hangs_up, speaks_otherwise])
async def test_who_is_no_broker_is_told_so(handler: Handler) -> None:
    """A port with somebody else on it is no broker that refuses for ever: it may just start."""
    async with listening(handler) as port:
        with pytest.raises(Unreached, match=f"127.0.0.1:{port} closes the connection") as caught:
            await reach(Client(), ("127.0.0.1", port))
    assert not caught.value.lasts


async def test_who_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that hangs, or a firewall, costs some seconds and no more."""
    monkeypatch.setattr("stream.reach.PATIENCE_MS", 200)
    ended = asyncio.Event()

    async def waits(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ended.wait()
        writer.close()

    async with listening(waits) as port:
        with pytest.raises(Unreached, match="does not answer in time"):
            await reach(Client(), ("127.0.0.1", port))
        ended.set()


async def test_every_address_is_told() -> None:
    """Who reads it sees at once whether one address is wrong or all."""
    ports = [free_port(), free_port()]
    client = Client(", ".join(f"127.0.0.1:{port}" for port in ports))
    faults = [str(fault) for fault in await unreached(client)]
    assert faults == [
        f"127.0.0.1:{port} refuses the connection; start it, or correct the address"
        for port in ports
    ]


def test_addresses_are_written_as_they_are_configured() -> None:
    """IPv6 in brackets."""
    assert written(("broker", 9092)) == "broker:9092"
    assert written(("::1", 9092)) == "[::1]:9092"
