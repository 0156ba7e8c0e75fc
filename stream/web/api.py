"""The JSON API: the values of all workers, what they are of, and how this worker is doing.

Values are read from the updates topic, from the first time that anybody asks. Until all that was
published before is read, the answer is 503: a part of the values would look like all of them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import TypeVar

import msgspec
from aiohttp import hdrs, web

from metrics.plan import Plan
from stream.live.board import Board, Held
from stream.live.follower import Follower
from stream.live.query import Query, Segment, Series
from stream.settings.taken import RANKED, SEARCHED
from stream.web.describe import catalog
from stream.web.event import Full, Hub
from stream.web.parameter import BadRequest, Terms, whole, word
from stream.web.ranking import MOST, ORDERS, Ranking, Wanted
from stream.web.status import Reporter

PATIENCE_S = 10.0  # for the values to be read
AT_ONCE = 500  # updates in one write
LISTED = 200  # segments in one answer
HEADERS = {
    hdrs.CACHE_CONTROL: "no-store",
    hdrs.CONTENT_TYPE: "application/json",
    "X-Content-Type-Options": "nosniff",
}

T = TypeVar("T")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def answer(body: bytes, status: int = 200) -> web.Response:
    """Answer with JSON."""
    return web.Response(body=body, status=status, headers=HEADERS)


def refusal(status: int, reason: str) -> web.Response:
    """Answer why not, as JSON."""
    response = answer(msgspec.json.encode({"error": reason}), status)
    if status == web.HTTPServiceUnavailable.status_code:
        response.headers[hdrs.RETRY_AFTER] = "2"
    return response


class NotYet(Exception):
    """Not all values are read."""


class Api:
    """Answers for one installation, as `plan` computes it from `topics`, by their keys."""

    def __init__(
        self, plan: Plan, topics: Mapping[str, str], follower: Follower, reporter: Reporter
    ) -> None:
        self._plan = plan
        self._topics = topics
        self._terms = Terms.of(plan)
        self._better = {one.metric.name: one.metric.higher_is_better for one in plan.choices}
        self._follower = follower
        self._reporter = reporter
        self._hub = Hub()
        self._ranking = Ranking(follower.board)
        follower.watchers.append(self._hub.note)

    def routes(self) -> list[web.RouteDef]:
        """List what is served."""
        return [
            web.get("/api/values", guarded(self._values), allow_head=False),  # it is streamed
            web.get("/api/catalog", guarded(self._catalog)),
            web.get("/api/segments", guarded(self._segments)),
            web.get("/api/ranking", guarded(self._ranked)),
            web.get("/api/alerts", self._alerts),
            web.get("/api/status", self._status),
            web.get("/events", guarded(self._events), allow_head=False),
        ]

    async def stop(self) -> None:
        """End the streams and stop following."""
        await self._hub.stop()
        await self._follower.stop()

    async def _board(self) -> Board:
        """Begin to follow, and give the board once it is whole. Raises `NotYet`."""
        self._follower.start()
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._follower.caught_up.wait()
        except TimeoutError:
            raise NotYet from None
        return self._follower.board

    async def _values(self, request: web.Request) -> web.StreamResponse:
        query = self._terms.query(request.query)
        board = await self._board()
        response = web.StreamResponse(headers=HEADERS)
        await response.prepare(request)
        opening = b"["
        for text in _texts(board.select(query)):
            await response.write(opening + text)
            opening = b","
            await asyncio.sleep(0)
        await response.write_eof(b"]" if opening == b"," else b"[]")
        return response

    async def _catalog(self, request: web.Request) -> web.Response:
        self._follower.start()  # whoever asks will want values next
        return answer(catalog(self._plan, self._topics, self._follower.board.closed()))

    async def _alerts(self, request: web.Request) -> web.Response:
        return answer(b"[]")  # there is nothing yet that could raise one

    async def _status(self, request: web.Request) -> web.Response:
        self._follower.start()  # a page asks this until the values are there
        return answer(self._reporter.answer(self._follower, self._hub.pages))

    async def _events(self, request: web.Request) -> web.StreamResponse:
        query = self._terms.query(request.query)
        await self._board()
        return await self._hub.serve(request, query)

    async def _segments(self, request: web.Request) -> web.Response:
        """List segments, those that `search` is a part of, at most `limit`."""
        given = request.query
        query = self._terms.segments(given, SEARCHED)
        limit = whole(given, "limit", 50, LISTED)
        words = given.get("search", "").casefold().split()
        found = (await self._board()).segments(query)
        matching = [one for one in found if _matches(one, words)] if words else found
        body = {
            "segments": len(found),
            "matching": len(matching),
            "rows": [dict(one) for one in matching[:limit]],
        }
        return answer(msgspec.json.encode(body))

    async def _ranked(self, request: web.Request) -> web.Response:
        """Rank the segments of a grouping by one metric; `metric` and `window` must be named."""
        given = request.query
        query = self._terms.query(given, RANKED)
        order = word(given, "order", ORDERS, "change")
        limit = whole(given, "limit", 20, MOST)
        wanted = self._wanted(query, order)
        await self._board()
        return answer(await self._ranking.answer(wanted, limit))

    def _wanted(self, query: Query, order: str) -> Wanted:
        metric, window = _one("metric", query.metrics), _one("window", query.windows)
        variant = _one("variant", query.variants or frozenset(["default"]))
        (grouping,) = _only("grouping", query.groupings or frozenset([()]))
        by = tuple((one.name, _one(one.name, one.values)) for one in query.by)
        series = Series(metric, variant, window, by)
        return Wanted(series, grouping, order, self._better[metric])


def guarded(handler: Handler) -> Handler:
    """Have a handler say what is wrong as JSON, and when to try again."""

    async def serve(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except BadRequest as error:
            return refusal(400, str(error))
        except NotYet:
            return refusal(503, "the values are still being read, try again")
        except Full as error:
            return refusal(503, str(error))

    return serve


def _texts(held: Iterator[Held]) -> Iterator[bytes]:
    """Join updates, some at a time."""
    part: list[bytes] = []
    for one in held:
        part.append(one.text)
        if len(part) == AT_ONCE:
            yield b",".join(part)
            part = []
    if part:
        yield b",".join(part)


def _matches(segment: Segment, words: list[str]) -> bool:
    text = " ".join(value for _, value in segment).casefold()
    return all(word in text for word in words)


def _one(name: str, values: frozenset[str] | None) -> str:
    return next(iter(_only(name, values)))


def _only(name: str, values: frozenset[T] | None) -> frozenset[T]:
    if values is None or len(values) != 1:
        raise BadRequest(f"{name} is to be given once, for a ranking is of one {name}")
    return values
