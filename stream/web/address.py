"""The address to listen on, and why one cannot."""

import errno
import socket

from metrics.error import RessentiError
from stream.settings.sink import Web


class AddressError(RessentiError):
    """The HTTP server cannot listen; the text says why, and what to do."""

    def __init__(self, web: Web, error: OSError) -> None:
        super().__init__(_words(web, error))
        self.taken = error.errno == errno.EADDRINUSE


def _words(web: Web, error: OSError) -> str:
    place = f"{web.host}:{web.port}"
    if isinstance(error, socket.gaierror):
        return f"web.host: {web.host} cannot be resolved; correct it"
    match error.errno:
        case errno.EADDRINUSE:
            return f"web.port: {place} is taken; stop what listens there, or choose another port"
        case errno.EADDRNOTAVAIL:
            return f"web.host: {web.host} is no address of this machine; correct it"
        case errno.EACCES:
            return f"web.port: {place} is for the administrator only; choose a port above 1023"
    return f"web: cannot listen on {place} ({error.strerror}); choose another address"
