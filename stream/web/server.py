"""The worker's HTTP server: the live page, its API and events, `/metrics`, `/livez`, `/readyz`."""

import structlog
from aiohttp import web
from prometheus_client import generate_latest

from stream.health import Health
from stream.sink.prometheus import Selection, render
from stream.telemetry import Telemetry
from stream.web import page
from stream.web.api import Api

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

GRACE_S = 2.0  # for answers that are under way when the worker stops

log = structlog.get_logger(__name__)


class Server:
    """Serves one worker: `/metrics` its own shards; `api`, and the page on it, those of all."""

    def __init__(
        self, health: Health, telemetry: Telemetry, selection: Selection, api: Api
    ) -> None:
        self._health = health
        self._telemetry = telemetry
        self._selection = selection
        self._api = api
        app = web.Application()
        app.add_routes(
            [
                web.get("/metrics", self._metrics),
                web.get("/livez", self._live),
                web.get("/readyz", self._ready),
                *page.routes(),
                *api.routes(),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=GRACE_S)

    async def start(self, host: str, port: int) -> None:
        """Listen; raises `OSError` when the address is taken."""
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        log.info("listening", url=f"http://{host}:{port}/")

    async def stop(self) -> None:
        """Close the server, and what it reads from, in seconds."""
        await self._api.stop()
        await self._runner.cleanup()

    async def _metrics(self, _: web.Request) -> web.Response:
        self._observe()
        values = await render(self._health.exported(), self._selection)
        self._telemetry.hidden_series.set(values.hidden)
        telemetry = generate_latest(self._telemetry.registry).decode()
        return web.Response(
            body=(telemetry + values.text).encode(), headers={"Content-Type": CONTENT_TYPE}
        )

    def _observe(self) -> None:
        """Bring the gauges of telemetry up to date."""
        telemetry = self._telemetry
        telemetry.lag.clear()
        for tp, lag in self._health.lags().items():
            telemetry.lag.labels(tp.topic, tp.partition).set(lag)
        telemetry.watermark_lag.set(self._health.watermark_lag())

    async def _live(self, _: web.Request) -> web.Response:
        return _answer(self._health.live())

    async def _ready(self, _: web.Request) -> web.Response:
        return _answer(self._health.ready())


def _answer(faults: list[str]) -> web.Response:
    if faults:
        return web.Response(status=503, text="\n".join(faults) + "\n")
    return web.Response(text="ok\n")
