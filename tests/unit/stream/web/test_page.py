"""The page's files: served with care, and nothing from anywhere else."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from stream.web import page

FILES = sorted(path for path in page.FOLDER.iterdir() if path.is_file())
LONGEST = 300
Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """A client of a server of the page alone."""
    app = web.Application()
    app.add_routes(page.routes())
    async with TestClient(TestServer(app)) as made:
        yield made


def addresses(text: str) -> set[str]:
    """What a file of the page asks the server for, beside the API."""
    return {*re.findall(r'(?:src|href)="(/page/[^"]+)"', text)}


async def test_every_file_that_the_page_names_is_served(client: Client) -> None:
    """From `/` on: scripts, styles, the icon, and what scripts import."""
    text = await (await client.get("/")).text()
    names = addresses(text) | {
        f"/page/{name}"
        for path in FILES
        for name in re.findall(r'from "\./(.+?)"', path.read_text())
    }
    assert len(names) > 8
    for name in names:
        answer = await client.get(name)
        assert answer.status == 200, name
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_the_policy_lets_nothing_in_from_outside(client: Client) -> None:
    """Scripts and styles are our own files; nothing inline, nobody frames the page."""
    policy = (await client.get("/")).headers["Content-Security-Policy"]
    parts = dict(part.split(" ", 1) for part in policy.split("; "))
    assert parts["default-src"] == "'none'"
    assert parts["frame-ancestors"] == "'none'"
    assert {parts[f"{kind}-src"] for kind in ("script", "style", "img", "connect")} == {"'self'"}


async def test_a_file_that_is_known_is_not_sent_again(client: Client) -> None:
    """The tag is answered with 304, another tag with the file."""
    first = await client.get("/page/page.js")
    tag = first.headers["ETag"]
    assert first.headers["Cache-Control"] == "no-cache"
    again = await client.get("/page/page.js", headers={"If-None-Match": tag})
    assert (again.status, await again.read()) == (304, b"")
    assert (await client.get("/page/page.js", headers={"If-None-Match": '"x"'})).status == 200


@pytest.mark.parametrize("name", ["/page/", "/page/../server.py", "/page/%2e%2e/server.py"])
async def test_nothing_else_is_served(client: Client, name: str) -> None:
    """There is no way out of the folder."""
    assert (await client.get(name)).status == 404


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_files_are_ours_and_of_a_page_s_length(path: Path) -> None:
    """No address of another host, no inline code or style, no file longer than 300 lines."""
    text = path.read_text()
    assert {*re.findall(r"https?://[^\s\"']+", text)} <= {"http://www.w3.org/2000/svg"}
    assert not re.search(r"\bstyle=|\bon[a-z]+=\"|<style|javascript:", text)
    assert len(text.splitlines()) <= LONGEST
