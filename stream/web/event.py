"""`/events`: updates as they come, as server-sent events.

A message is one update; `event: removed` names a key that has no value any more, as the record key
on the topic. What came in a second is written at once, the newest of each key, encoded once for all
who ask for the same. A quiet second is a comment, so a page can tell silence from a lost line.

Nothing is kept for a page: one whose socket has not taken the last write when the next is due is
dropped; it connects again and reads the values anew.
"""

import asyncio
import socket
from collections.abc import Iterable
from contextlib import suppress

import msgspec
from aiohttp import web

from stream.live.board import Change
from stream.live.query import Query, Segment, Series

EVERY_S = 1.0
PATIENCE_S = 3.0  # for one write
SEND_BUFFER = 128 * 1024  # of the kernel, per page: a few seconds of updates
MOST = 1_000  # pages at once
HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
}
HELLO = b"retry: 2000\n: ressenti\n\n"
QUIET = b":\n\n"

_encode = msgspec.json.encode


class Behind(Exception):
    """A page does not read as fast as updates come."""


class Full(Exception):
    """As many pages are connected as there may be; the text says how many."""


class Turn:
    """One write to come, and the one after it: pages walk along, each at its own pace."""

    __slots__ = ("due", "following", "text")

    def __init__(self) -> None:
        self.due = asyncio.Event()
        self.text = QUIET
        self.following: Turn | None = None

    def pass_on(self, text: bytes) -> "Turn":
        """Have this written, and give the next turn."""
        self.text, self.following = text, Turn()
        self.due.set()
        return self.following


class Channel:
    """The pages that ask for the same."""

    def __init__(self, query: Query) -> None:
        self.query = query
        self.pages = 0
        self.turn = Turn()

    def text(self, changes: dict[Series, dict[Segment, bytes]]) -> bytes:
        """Write the changes that are asked for as messages."""
        only = self.query.only()
        parts: list[bytes] = []
        for series, segments in changes.items():
            if not self.query.takes(series):
                continue
            if only is None:
                parts += (text for one, text in segments.items() if self.query.covers(one))
            elif only in segments:
                parts.append(segments[only])
        return b"".join(parts) or QUIET


class Hub:
    """Brings changes to pages, once a second."""

    def __init__(self) -> None:
        self._channels: dict[Query, Channel] = {}
        self._changes: dict[Series, dict[Segment, bytes]] = {}
        self._task: asyncio.Task[None] | None = None

    @property
    def pages(self) -> int:
        """How many pages are connected."""
        return sum(channel.pages for channel in self._channels.values())

    def note(self, change: Change) -> None:
        """Take a change for the next turn; without pages nothing is kept."""
        if self._channels:
            self._changes.setdefault(change.series, {})[change.segment] = _message(change)

    async def stop(self) -> None:
        """End all streams."""
        if self._task is not None:
            self._task.cancel()
        for channel in self._channels.values():
            channel.turn.due.set()
        self._channels.clear()

    async def serve(self, request: web.Request, query: Query) -> web.StreamResponse:
        """Stream what is asked for until the page goes, is dropped, or the hub stops.

        Raises `Full`.
        """
        if self.pages >= MOST:
            raise Full(f"{MOST:,} pages are connected already, try again later")
        response = web.StreamResponse(headers=HEADERS)
        channel = self._join(query)
        try:
            await _prepare(request, response)
            await self._write(request, response, channel)
        except (Behind, TimeoutError):
            if request.transport is not None:
                request.transport.abort()
        except OSError:
            pass  # the page is gone
        finally:
            self._leave(channel)
        return response

    async def _write(
        self, request: web.Request, response: web.StreamResponse, channel: Channel
    ) -> None:
        turn: Turn | None = channel.turn
        await response.write(HELLO)
        while turn is not None:
            await turn.due.wait()
            if turn.following is None:
                return  # the hub has stopped
            if request.transport is None or request.transport.get_write_buffer_size():
                raise Behind
            async with asyncio.timeout(PATIENCE_S):
                await response.write(turn.text)
            turn = turn.following

    def _join(self, query: Query) -> Channel:
        channel = self._channels.setdefault(query, Channel(query))
        channel.pages += 1
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return channel

    def _leave(self, channel: Channel) -> None:
        channel.pages -= 1
        if not channel.pages and self._channels.get(channel.query) is channel:
            del self._channels[channel.query]

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due = max(due + EVERY_S, loop.time())
            await asyncio.sleep(due - loop.time())
            changes, self._changes = self._changes, {}
            for channel in list(self._channels.values()):
                channel.turn = channel.turn.pass_on(channel.text(changes))
                await asyncio.sleep(0)


async def _prepare(request: web.Request, response: web.StreamResponse) -> None:
    if request.transport is not None:
        line: socket.socket = request.transport.get_extra_info("socket")
        with suppress(OSError):
            line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    await response.prepare(request)


def _message(change: Change) -> bytes:
    if change.text is None:
        return b"event: removed\ndata: %s\n\n" % _key(change.series, change.segment)
    return b"data: %s\n\n" % change.text


def _key(series: Series, segment: Iterable[tuple[str, str]]) -> bytes:
    parts = [series.metric, series.variant, series.window, dict(segment), dict(series.by)]
    return _encode(parts)
