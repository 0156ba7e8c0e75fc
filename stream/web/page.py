"""The live page: its files, kept in memory, and the headers that keep it to itself."""

import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
from aiohttp import hdrs, web

FOLDER = Path(__file__).parent / "page"
TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
SECURITY = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

Handler = Callable[[web.Request], Awaitable[web.Response]]


class File(msgspec.Struct, frozen=True):
    """A file of the page."""

    body: bytes
    content_type: str

    @property
    def tag(self) -> str:
        """Tells this text from any other."""
        return hashlib.sha256(self.body).hexdigest()[:16]


def routes() -> list[web.RouteDef]:
    """Serve each file under its name, the first page at `/`."""
    files = {path.name: path for path in sorted(FOLDER.iterdir()) if path.suffix in TYPES}
    return [
        web.get("/" if name == "index.html" else f"/page/{name}", _handler(_load(path)))
        for name, path in files.items()
    ]


def _load(path: Path) -> File:
    return File(path.read_bytes(), TYPES[path.suffix])


def _handler(file: File) -> Handler:
    tag = file.tag

    async def serve(request: web.Request) -> web.Response:
        headers = {**SECURITY, hdrs.CACHE_CONTROL: "no-cache", hdrs.ETAG: f'"{tag}"'}
        if any(known.value in (tag, "*") for known in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        return web.Response(
            body=file.body, content_type=file.content_type, charset="utf-8", headers=headers
        )

    return serve
