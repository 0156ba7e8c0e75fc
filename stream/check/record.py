"""What a sample says: whether its events would count, and its records have the keys they need."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec

from metrics.admission import Admission
from metrics.outcome import judge
from metrics.plan import Plan
from stream.check.finding import Finding, bad, counted, note, ok
from stream.check.sample import Record, Sample
from stream.reader import Reader

ENTITY = {
    "survey_answers": "response_id",
    "ticket_closures": "ticket_id",
    "subscription_events": "subscription_id",
}
"""What is corrected by later events, and by which field it is known."""

ADVICE = {
    "dead": "correct the producers: what cannot be read is not counted but goes to dead letters",
    "future": "correct the producers' clocks, or raise windows.future_skew",
    "late": "raise windows.allowed_lateness if events that are so far behind are to count",
    "duplicate": "give each event an id of its own: a second one with the same id is dropped",
}


class Keyed(msgspec.Struct):
    """The fields of an event that its record's key may be."""

    customer_id: str | None = None
    response_id: str | None = None
    ticket_id: str | None = None
    subscription_id: str | None = None
    id: str | None = None


_decode = msgspec.json.Decoder(Keyed).decode


def outcomes(key: str, plan: Plan, reader: Reader, sample: Sample) -> Finding:
    """Say what would become of the events; bad when most of them could not be read."""
    found: Counter[str] = Counter()
    why: Counter[str] = Counter()
    for records in sample.values():
        taken = reader.read([record.value for record in records])
        limits = [records[row].timestamp + plan.future_skew for row in taken.rows]
        outcome = judge(Admission(plan.bounds(key)), taken.columns, limits)
        verdict = outcome.verdict
        found.update(folded=len(outcome.folded), excluded=len(outcome.excluded))
        found.update(late=len(verdict.late), duplicate=len(verdict.duplicate))
        found.update(future=len(verdict.future), dead=len(taken.bad), tombstone=taken.tombstones)
        why.update(f"{bad.reason}: {bad.detail}" for bad in taken.bad)
    return _summed(f"topics.{key}", found, why)


def _summed(subject: str, found: Counter[str], why: Counter[str]) -> Finding:
    total = found.total()
    told = ", ".join(f"{n:,} {name}" for name, n in found.items() if n)
    reasons = "; ".join(f"{n} {reason}" for reason, n in why.most_common(3))
    text = f"of the {counted(total, 'newest record')} {told}{reasons and f' ({reasons})'}"
    advice = [words for name, words in ADVICE.items() if found[name]]
    if not advice:
        return ok(subject, text)
    level = bad if found["dead"] > total / 2 else note
    return level(subject, "; ".join([text, *advice]))


def keys(key: str, partitions: int, sample: Sample) -> Iterator[Finding]:
    """Compare the records' keys with those that the input's events need."""
    kinds = Counter(
        kind
        for records in sample.values()
        for record in records
        if (kind := _kind(record, key)) is not None
    )
    subject, wrong = f"topics.{key}", {kind: n for kind, n in kinds.most_common() if kind}
    if kinds and not wrong:
        yield ok(subject, f"record keys are {_words(key)}, as they must be")
    elif kinds and partitions == 1:
        yield ok(subject, f"record keys are not {_words(key)}; with one partition that is no harm")
    elif kinds:
        yield _otherwise(key, kinds.total(), wrong)


def _otherwise(key: str, total: int, wrong: dict[str, int]) -> Finding:
    told = ", ".join(f"{n:,} {kind}" for kind, n in wrong.items())
    text = f"of {counted(total, 'record key')} {told}, instead of {_words(key)}"
    remedy = f"let producers set that key, or name a topic whose records have it in topics.{key}"
    if key in ENTITY:
        harm = "corrections and copies on another partition count as new"
        return bad(f"topics.{key}", f"{text}: {harm}; {remedy}")
    return note(f"topics.{key}", f"{text}: copies on another partition count as new; {remedy}")


def _words(key: str) -> str:
    return ", else ".join(_needed(key))


def _needed(key: str) -> Sequence[str]:
    return [name for name in ("customer_id", ENTITY.get(key), "id") if name]


def _kind(record: Record, source: str) -> str | None:
    """Say what a record is keyed by: empty if as needed, None where nothing can be said."""
    try:
        event = _decode(record.value or b"")
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    fields = {name: value for name in _needed(source) if (value := getattr(event, name))}
    if not fields:
        return ""
    if record.key is None:
        return "missing"
    text = record.key.decode(errors="replace")
    for place, (name, value) in enumerate(fields.items()):
        if text in (value, json.dumps(value), json.dumps(value, ensure_ascii=False)):
            return name if place else ""
    return "something else"
