"""`[[alerts]]`: planned. What is configured but would never fire is a fault, not a surprise."""

from stream.settings.fault import Wrong, later
from stream.settings.kind import Kind, typed

WORDS = "a list of tables"


def _alerts(raw: object, key: str) -> tuple[()]:
    if typed(raw, list, key, WORDS):
        raise Wrong(later(key, "nothing would fire; leave it out"))
    return ()


ALERTS = Kind(WORDS, _alerts)
