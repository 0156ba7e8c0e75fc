"""Why one cannot listen on an address: the same words from `check` and from `run`."""

import socket

import pytest

from stream.check import web
from stream.settings.sink import Web


@pytest.mark.parametrize(
    ("host", "level", "text"),
    [
        ("127.0.0.1", "ok", "any free port"),
        ("192.0.2.1", "bad", "192.0.2.1 is no address of this machine; correct it"),
        ("nowhere.invalid", "bad", "nowhere.invalid cannot be resolved; correct it"),
    ],
)
async def test_a_host_is_tried(host: str, level: str, text: str) -> None:
    """An address of another machine, or of none, keeps a worker from starting."""
    found = await web.look(Web(host, 0))
    assert (found.level, found.text) == (level, text)


async def test_a_port_that_is_taken_is_a_note() -> None:
    """A worker may run there already; afterwards it is free."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        found = await web.look(Web("127.0.0.1", port))
        assert (found.level, found.subject) == ("note", "web.port")
        assert found.text.startswith(f"127.0.0.1:{port} is taken; ")
    assert (await web.look(Web("127.0.0.1", port))).level == "ok"
