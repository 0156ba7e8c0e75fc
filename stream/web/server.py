"""The worker's HTTP server: `/metrics`, `/livez`, `/readyz`."""

import time

import structlog
from aiohttp import web
from prometheus_client import generate_latest

from stream.agent.fold import FoldShard
from stream.health import Health
from stream.sink.prometheus import Selection, render
from stream.telemetry import Telemetry

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

log = structlog.get_logger(__name__)


class Server:
    """Serves one worker."""

    def __init__(self, health: Health, telemetry: Telemetry, selection: Selection) -> None:
        self._health = health
        self._telemetry = telemetry
        self._selection = selection
        app = web.Application()
        app.add_routes(
            [
                web.get("/metrics", self._metrics),
                web.get("/livez", self._live),
                web.get("/readyz", self._ready),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None)

    async def start(self, host: str, port: int) -> None:
        """Listen; raises `OSError` when the address is taken."""
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        log.info("listening", url=f"http://{host}:{port}/")

    async def stop(self) -> None:
        """Close the server."""
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
        marks = [
            shard.watermark
            for held in self._health.owner.held.values()
            if isinstance(shard := held.shard, FoldShard)
            and shard.waiting
            and shard.watermark is not None
        ]
        telemetry.watermark_lag.set(time.time() - min(marks) / 1000 if marks else 0)

    async def _live(self, _: web.Request) -> web.Response:
        return _answer(self._health.live())

    async def _ready(self, _: web.Request) -> web.Response:
        return _answer(self._health.ready())


def _answer(faults: list[str]) -> web.Response:
    if faults:
        return web.Response(status=503, text="\n".join(faults) + "\n")
    return web.Response(text="ok\n")
