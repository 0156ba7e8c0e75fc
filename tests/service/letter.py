"""Dead letters against what must be there: each record once, as it came, with its headers."""

from collections.abc import Iterator

from tests.service.traffic import BAD
from tests.service.truth import Place, Record, Truth
from tests.service.worker import Site

HEADERS = ("reason", "detail", "topic", "partition", "offset", "timestamp")
REASONS = {"json", "utf8", "type", "missing", "range", "time"}


def wrong_letters(site: Site, found: list[Record], truth: Truth) -> Iterator[str]:
    """Say what is missing, there twice, there without a reason, or not as it came."""
    letters: dict[Place, list[Record]] = {}
    for letter in found:
        headers = dict(letter.headers)
        place = int(headers["partition"]), int(headers["offset"])
        letters.setdefault(place, []).append(letter)
    for place, (verdict, record) in truth.letters.items():
        copies = letters.pop(place, [])
        if len(copies) != 1:
            yield f"{place}: {len(copies)} letters of a record that is {verdict}"
        elif _faults(copies[0], verdict, record, site.source()):
            yield f"{place}: {copies[0].headers} of a record that is {verdict}: {record}"
    yield from (f"{place}: a letter of a record that counts" for place in letters)


def _faults(letter: Record, verdict: str, record: Record, topic: str) -> bool:
    headers = {name: value.decode() for name, value in letter.headers}
    place = headers["topic"], headers["timestamp"]
    return (
        tuple(name for name, _ in letter.headers) != HEADERS
        or (letter.key, letter.value) != (record.key, record.value)
        or place != (topic, str(record.timestamp))
        or not _told(headers["reason"], headers["detail"], verdict, record.value or b"")
    )


def _told(reason: str, detail: str, verdict: str, value: bytes) -> bool:
    """Whether the reason is the right one, as far as it is known, and the detail says something."""
    if verdict != "dead":
        return reason == verdict and detail.startswith("at: ")
    known = BAD.get(value.decode(errors="replace"))
    if known:
        return reason == known[0] and detail.startswith(known[1])
    return reason in REASONS and bool(detail)
