"""The topics: whether the sources are there and fit, and ours as they must be."""

from collections.abc import Iterator, Sequence

from stream.check.finding import Finding, bad, counted, note, ok
from stream.layout import record_bytes
from stream.topic import Difference, Found, Topic

CLOCKS = {
    "CreateTime": "future events are told by the worker's clock: keep it synchronised",
    "LogAppendTime": "future events are told by the brokers' clock",
}
MISSING = "does not exist, or is not ours to see; create it, correct its name, or allow DESCRIBE"


def source(subject: str, name: str, found: Found | None) -> Iterator[Finding]:
    """Look at a source topic; None: it is not there."""
    if found is None:
        yield bad(subject, f"{name} {MISSING}")
        return
    partitions = counted(found.partitions, "partition")
    settings = found.settings
    if settings is None:
        yield ok(subject, f"{name}, {partitions}")
        yield note(subject, "its settings are not ours to read; allow DESCRIBE_CONFIGS")
        return
    size = f"records of up to {record_bytes(found):,} bytes"
    yield ok(subject, f"{name}, {partitions}, {size}")
    stamped = settings.get("message.timestamp.type", "CreateTime")
    yield ok(subject, f"message.timestamp.type={stamped}: {CLOCKS.get(stamped, 'unknown')}")
    if "compact" in settings.get("cleanup.policy", ""):
        yield note(
            subject,
            "is compacted: of events with one key all but the newest are lost before a worker that "
            "is behind reads them; use cleanup.policy=delete",
        )


def ours(wanted: Sequence[Topic], differences: Sequence[Difference]) -> Iterator[Finding]:
    """Look at our own topics, in the words of `ressenti topics plan`."""
    missing = [difference.topic.name for difference in differences if difference.missing]
    differing = [difference for difference in differences if not difference.missing]
    for difference in differing:
        yield bad("topics", str(difference))
    if missing:
        listed = f"{counted(len(missing), 'topic')} to be created: {', '.join(missing)}"
        yield note("topics", f"{listed}; `ressenti topics apply` does, or the first worker")
    if not differences:
        yield ok("topics", f"{counted(len(wanted), 'topic')} of ours, all as they must be")
