"""Server-sent events on real sockets: one write a turn, and no page waits for another."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterable
from typing import Any

import msgspec
import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from metrics.update import Update, encode
from stream.live.board import Arrival, Board
from stream.live.query import Query
from stream.web import event
from stream.web.api import guarded
from stream.web.event import Hub
from tests.service.press import update

Client = TestClient[web.Request, web.Application]
NPS = Query(metrics=frozenset(["nps"]))
PARTS = {"all": Query(), "nps": NPS, "nps again": NPS}
SECONDS = 20
NOW = Arrival(0.0, was_there=False)


class Stage:
    """A hub on a server, and the board that it hears of."""

    def __init__(self, client: Client, hub: Hub) -> None:
        self.client = client
        self.hub = hub
        self.board = Board(kept=0)

    def put(self, updates: Iterable[Update]) -> None:
        """Have updates noted."""
        for one in updates:
            self.absorb(one, encode(one))

    def absorb(self, one: Update, value: bytes | None) -> None:
        """Have a record noted."""
        if change := self.board.absorb(one.key().encode(), value, NOW):
            self.hub.note(change)

    async def listen(self, part: str) -> ClientResponse:
        """Connect a page, and wait until it is."""
        response = await self.client.get("/events", params={"part": part})
        assert await response.content.readuntil(b"\n\n") == event.HELLO
        return response


@pytest.fixture
async def stage(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    """A hub with turns of 50 ms, and half a second of patience."""
    monkeypatch.setattr(event, "EVERY_S", 0.05)
    monkeypatch.setattr(event, "PATIENCE_S", 0.5)
    hub = Hub()

    async def serve(request: web.Request) -> web.StreamResponse:
        return await hub.serve(request, PARTS[request.query["part"]])

    app = web.Application()
    app.add_routes([web.get("/events", guarded(serve))])
    async with asyncio.timeout(60), TestClient(TestServer(app)) as client:
        yield Stage(client, hub)
        await hub.stop()


async def messages(response: ClientResponse, count: int) -> list[bytes]:
    """The next messages, without the comments of quiet turns."""
    found: list[bytes] = []
    async with asyncio.timeout(SECONDS):
        while len(found) < count:
            message = await response.content.readuntil(b"\n\n")
            if message != event.QUIET:
                found.append(message)
    return found


def read(message: bytes) -> Any:
    """The update that a message is."""
    assert message.startswith(b"data: ")
    return msgspec.json.decode(message.removeprefix(b"data: "))


async def test_a_message_is_one_update_and_the_newest_of_its_key(stage: Stage) -> None:
    """Ten updates of a key in a turn are one message; another key is another."""
    page = await stage.listen("all")
    stage.put(update(n=number, revision=number) for number in range(1, 11))
    stage.put([update("csat", value=0.5)])
    first, second = map(read, await messages(page, 2))
    assert (first["metric"], first["n"]) == ("nps", 10)
    assert second["metric"] == "csat"


async def test_a_page_gets_what_it_asked_for(stage: Stage) -> None:
    """Others' metrics do not reach it."""
    page = await stage.listen("nps")
    stage.put([update("csat", value=0.5), update(n=7)])
    [message] = await messages(page, 1)
    assert read(message)["n"] == 7


async def test_those_who_ask_for_the_same_share_the_writing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two queries, three pages: two texts a turn."""
    pages = [await stage.listen(part) for part in PARTS]
    texts: list[Query] = []
    write = event.Channel.text

    def counted(channel: event.Channel, changes: Any) -> bytes:
        if changes:
            texts.append(channel.query)
        return write(channel, changes)

    monkeypatch.setattr(event.Channel, "text", counted)
    stage.put([update(n=3)])
    for page in pages:
        [message] = await messages(page, 1)
        assert read(message)["n"] == 3
    assert len(texts) == 2
    assert stage.hub.pages == 3


async def test_a_key_that_is_gone_is_named(stage: Stage) -> None:
    """By an event of its own, with the key of the record."""
    one = update(segment={"region": "fr", "product": "web"})
    page = await stage.listen("nps")
    stage.put([one])
    await messages(page, 1)
    stage.absorb(one, None)
    [message] = await messages(page, 1)
    assert message == b"event: removed\ndata: " + one.key().encode() + b"\n\n"


async def test_a_quiet_turn_is_a_comment(stage: Stage) -> None:
    """So that a page and what stands between can tell silence from a lost line."""
    page = await stage.listen("all")
    async with asyncio.timeout(SECONDS):
        assert await page.content.readuntil(b"\n\n") == event.QUIET


async def test_a_page_that_stops_reading_is_dropped_and_delays_nobody(stage: Stage) -> None:
    """Its line is cut while the other gets every update, and nothing is kept for it."""
    url = stage.client.make_url("/events")
    stuck = socket.create_connection((url.host, url.port))
    stuck.sendall(b"GET /events?part=all HTTP/1.1\r\nHost: x\r\n\r\n")
    async with asyncio.timeout(SECONDS):
        while not stage.hub.pages:  # noqa: ASYNC110 (a poll)
            await asyncio.sleep(0.01)
    page = await stage.listen("nps")
    turn = 0
    while stage.hub.pages == 2:
        turn += 1
        large = {f"{number}": "x" * 4_000 for number in range(250)}
        stage.put([update("csat", value=0.5, segment=large, revision=turn)])
        stage.put([update(n=turn, revision=turn)])
        [message] = await messages(page, 1)
        assert read(message)["n"] == turn
        assert turn < 200
    stuck.close()


async def test_a_page_that_goes_is_forgotten(stage: Stage) -> None:
    """Then nothing is noted any more."""
    page = await stage.listen("all")
    page.close()
    async with asyncio.timeout(SECONDS):
        while stage.hub.pages:  # noqa: ASYNC110 (a poll)
            await asyncio.sleep(0.01)
    stage.put([update()])
    assert not stage.hub._changes


async def test_one_page_too_many_is_refused(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are connected stay, and when one goes there is room."""
    monkeypatch.setattr(event, "MOST", 1)
    page = await stage.listen("all")
    refused = await stage.client.get("/events", params={"part": "nps"})
    assert refused.status == 503
    assert int(refused.headers["Retry-After"]) > 0
    assert await refused.json() == {"error": "1 pages are connected already, try again later"}
    page.close()
    async with asyncio.timeout(SECONDS):
        while stage.hub.pages:  # noqa: ASYNC110 (a poll)
            await asyncio.sleep(0.01)
    await stage.listen("nps")


async def test_stopping_ends_every_stream(stage: Stage) -> None:
    """Pages see the end at once, and connect to another worker."""
    page = await stage.listen("all")
    await stage.hub.stop()
    async with asyncio.timeout(SECONDS):
        assert await page.content.read() in (b"", event.QUIET)
