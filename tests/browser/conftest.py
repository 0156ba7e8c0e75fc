"""A real worker, updates on its topic, and a headless Chromium that looks at its page."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright

from metrics.update import Update
from tests.service.kafka import Kafka
from tests.service.press import Press
from tests.service.worker import RESSENTI, Site, Worker, toml

PATIENCE_MS = 30_000
CONFIG: dict[str, Any] = {
    "dimensions": ["region", "product"],
    "groupings": [[], ["region"], ["region", "product"]],
    "windows": {"rolling": ["1h", "24h"], "calendar": ["today"]},
    "topics": {"survey_answers": "", "ticket_closures": ""},
}
Open = Callable[..., Awaitable[Page]]


class Desk:
    """Publishes updates and takes them back in the end."""

    def __init__(self, press: Press) -> None:
        self._press = press
        self._put: dict[str, Update] = {}

    async def put(self, *updates: Update) -> None:
        """Publish updates."""
        self._put |= {one.key(): one for one in updates}
        await self._press.put(updates)

    async def take_back(self, updates: Iterable[Update]) -> None:
        """Take their keys back."""
        await self._press.take_back(*updates)

    async def clear(self) -> None:
        """Take back all that was published."""
        await self.take_back(self._put.values())


@pytest.fixture(scope="session")
def site(kafka: Kafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One installation for all tests of the page; its values are published by the tests alone."""
    with Site(kafka, tmp_path_factory.mktemp("site"), CONFIG) as made:
        asyncio.run(made.create(1, "survey_answers", "ticket_closures"))
        yield made


@pytest.fixture(scope="session")
def started(site: Site) -> Worker:
    """Its worker, ready."""
    return site.worker().wait_ready()


@pytest.fixture
def worker(site: Site, started: Worker) -> Worker:
    """The worker that runs on the port of the page, whichever test started it."""
    running: Worker = next(one for one in reversed(site.workers) if one.port == started.port)
    return running if running.running else again(site, running)


def again(site: Site, ended: Worker, **changes: Any) -> Worker:
    """Start a worker on the port of one that has ended; `changes` are keys it is told otherwise."""
    path = site.file(ended.port)
    path.write_text("\n".join(toml({**site.settings(ended.port), **changes})))
    command = [*RESSENTI, "run", "-c", str(path)]
    worker = Worker(command, site.home / f"again-{len(site.workers)}.log", ended.port)
    site.workers.append(worker)
    return worker.wait_ready()


@pytest.fixture
async def desk(site: Site) -> AsyncIterator[Desk]:
    """Where updates are published; the next test finds none."""
    async with Press(site.kafka, site.updates) as press:
        made = Desk(press)
        yield made
        await made.clear()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium, headless."""
    path = shutil.which("chromium")
    assert path, "no chromium: .ci/services brings it"
    async with async_playwright() as driver:
        chromium = await driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        await chromium.close()


class Watch:
    """What must not happen on a page: errors, and requests to anybody else."""

    def __init__(self, page: Page, home: str) -> None:
        self.faults: list[str] = []
        self.lost_line = False
        """Whether the browser's own words about a lost line are expected."""
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda message: self._console(message.type, message.text))
        page.on("request", lambda request: self._request(request.url, home))

    def _console(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not (self.lost_line and "net::ERR_" in text):
            self.faults.append(text)

    def _request(self, url: str, home: str) -> None:
        if not url.startswith(home):
            self.faults.append(f"a request to {url}")


@pytest.fixture
async def look(browser: Browser, worker: Worker) -> AsyncIterator[Open]:
    """A way to open the page in a window of some size; it must be without fault in the end."""
    watches: list[Watch] = []

    async def open_page(address: str = "", **options: Any) -> Page:
        size = {"width": options.pop("width", 1280), "height": options.pop("height", 900)}
        context = await browser.new_context(viewport=size, **options)  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE_MS)
        page = await context.new_page()
        home = f"http://127.0.0.1:{worker.port}/"
        watches.append(Watch(page, home))
        page.watch = watches[-1]  # type: ignore[attr-defined]
        await page.goto(home + address)
        await page.wait_for_selector("body[data-link=live], body[data-link=stale]")
        return page

    yield open_page
    assert [watch.faults for watch in watches] == [[] for _ in watches]
