"""The port of the HTTP server: whether a worker could listen there."""

import asyncio

from stream.check.finding import Finding, bad, note, ok
from stream.settings.sink import Web
from stream.web.address import AddressError


async def look(web: Web) -> Finding:
    """Listen there for a moment. A port that is taken is a note: a worker may run already."""
    try:
        server = await asyncio.start_server(lambda _, __: None, web.host, web.port)
    except OSError as error:
        refusal = AddressError(web, error)
        subject, _, text = str(refusal).partition(": ")
        return (note if refusal.taken else bad)(subject, text)
    server.close()
    await server.wait_closed()
    return ok("web.port", f"{web.host}:{web.port} is free" if web.port else "any free port")
