"""A server from a wheel, on a free port of loopback."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import msgspec

from stream.embedded.child import Child

ATTEMPTS = 3  # another process may take the port first
LISTENS_WITHIN = 10.0
LOOK_S = 0.005

Arguments = Callable[[int], Sequence[str]]


class EmbeddedError(Exception):
    """A server of the demo is not installed or does not start; the text says what to do."""


class Server(msgspec.Struct, frozen=True):
    """A server that listens on `127.0.0.1:port`."""

    child: Child
    port: int

    @property
    def address(self) -> str:
        """Where it listens, `host:port`."""
        return f"127.0.0.1:{self.port}"


def program(package: str, pattern: str) -> Path:
    """Find the program that a package brings; the package itself is not imported."""
    found = find_spec(package)
    folders = found.submodule_search_locations or [] if found else []
    for folder in folders:
        for path in sorted(Path(folder).glob(pattern)):
            return path
    lack = "has no server for this machine" if found else "is not installed"
    raise EmbeddedError(f"{package} {lack}: pip install 'ressenti[demo]'")


@asynccontextmanager
async def serving(path: Path, arguments: Arguments) -> AsyncIterator[Server]:
    """Run the program with the arguments for a free port; `EmbeddedError` when it does not run."""
    server = await _started(path, arguments)
    try:
        yield server
    finally:
        server.child.kill()


async def _started(path: Path, arguments: Arguments) -> Server:
    for _ in range(ATTEMPTS):
        port = free_port()
        child = Child([path, *arguments(port)])
        try:
            if await _listens(child, port):
                return Server(child, port)
            fault = child.said()
        except BaseException:
            child.kill()
            raise
        child.kill()
    raise EmbeddedError(f"{path.name} did not start in {ATTEMPTS} attempts: {fault}")


async def _listens(child: Child, port: int) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(LISTENS_WITHIN):
            while child.running:
                if await answers(port):
                    return child.running
                await asyncio.sleep(LOOK_S)
    return False


async def answers(port: int) -> bool:
    """Say whether somebody listens on the port of loopback."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def free_port() -> int:
    """Return a port of loopback that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
