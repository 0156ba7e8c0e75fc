"""`[[alerts]]`: planned. What is configured but would never fire is a fault, not a surprise."""

from stream.settings.fault import Fault, Wrong
from stream.settings.kind import Kind, typed
from stream.settings.metric import LATER

WORDS = "a list of tables"


def _alerts(raw: object, key: str) -> tuple[()]:
    if typed(raw, list, key, WORDS):
        raise Wrong(Fault(key, f"{LATER}: nothing would fire; leave it out"))
    return ()


ALERTS = Kind(WORDS, _alerts)
