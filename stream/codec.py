"""The codec: bytes to events, each value on its own; only the bad ones leave.

A batch is read as columns in one sweep. Where the sweep meets anything unusual it is repeated in
smaller pieces and at last value by value, so that a poison record costs its neighbours nothing.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import repeat
from operator import itemgetter
from typing import Any

import msgspec
import numpy as np

from metrics import instant
from metrics.error import InvalidEvent
from metrics.event import EVENTS, LONGEST, Event, SurveyAnswer, whole
from metrics.instant import Ats
from metrics.scale import DEFAULTS, FAMILY, Rules, Scale, name
from metrics.segment import Leaf

PIECE = 64  # values swept again together after a batch with a bad one
NONE = "(none)"
MOST_CELLS = 10_000  # combinations of kind, type, scale and score that are remembered
_FIELD = re.compile(r" - at `\$\.(\w+)(.*)`")
_EXPECTED = re.compile(r"^Expected (.*?)(?:, got `(\w+)`)?(?: - at .*)?$")
_LIMIT = re.compile(" of length | [<>]= ")
_MISSING = re.compile(r"^Object missing required field `(\w+)`")


class Bad(msgspec.Struct, frozen=True):
    """A value that can never be processed: its place in the batch, and why."""

    row: int
    reason: str
    detail: str


class Decoded(msgspec.Struct):
    """A batch as read: a column entry for each event, `rows` saying which value it was."""

    events: list[Event]
    ats: Ats
    cells: list[str | None]
    rows: list[int]
    bad: list[Bad]
    tombstones: int


class Codec:
    """Reads the values of one input; `rules` says how survey scores are read, by family.

    Where an own field stands in for one of the `dimensions`, it is as long as one at most.
    """

    def __init__(self, source: str, rules: dict[str, Rules], dimensions: Sequence[str]) -> None:
        self._decode: Callable[[Any], Event] = msgspec.json.Decoder(EVENTS[source]).decode
        self._rules = rules
        self._own = [name for name in EVENTS[source].OWN if name in dimensions]
        self._sweep = self._answers if source == "survey_answers" else self._events
        self._cells: dict[tuple[object, ...], str | None] = {}

    def decode(self, values: Sequence[bytes | None]) -> Decoded:
        """Read a batch; whatever is in it, nothing is raised."""
        decoded = Decoded([], np.empty(0, np.int64), [], [], [], 0)
        self._read(values, 0, decoded)
        return decoded

    def _read(self, values: Sequence[bytes | None], first: int, into: Decoded) -> None:
        try:
            events, ats, cells = self._sweep(values)
        except Exception as error:  # whatever a value does, it must not stop its partition
            if len(values) == 1:
                self._refuse(values[0], first, error, into)
                return
            size = PIECE if len(values) > PIECE else 1
            for start in range(0, len(values), size):
                self._read(values[start : start + size], first + start, into)
            return
        into.events += events
        into.ats = np.concatenate((into.ats, ats))
        into.cells += cells
        into.rows += range(first, first + len(values))

    @staticmethod
    def _refuse(value: bytes | None, row: int, error: Exception, into: Decoded) -> None:
        if value is None:
            into.tombstones += 1
        else:
            into.bad.append(Bad(row, *_reason(value, error)))

    def _sweep_bytes(self, values: Sequence[bytes | None]) -> list[Event]:
        if not all(map(bytes.isascii, values)):  # type: ignore[arg-type] # None raises, as it should
            for value in values:
                value.decode()  # type: ignore[union-attr] # msgspec does not look at skipped fields
        events = list(map(self._decode, values))
        for field in self._own:
            for event in events:
                _check_length(event, field)
        return events

    def _events(self, values: Sequence[bytes | None]) -> tuple[list[Event], Ats, list[str | None]]:
        events = self._sweep_bytes(values)
        for event in events:
            event.check()
        ats = np.array([event.at for event in events], np.int64)
        return events, ats, [None] * len(events)

    def _answers(
        self, values: Sequence[bytes | None]
    ) -> tuple[list[SurveyAnswer], Ats, list[str | None]]:
        # hot path: columns instead of a call per event, see bench/worker.py
        events: list[SurveyAnswer] = self._sweep_bytes(values)  # type: ignore[assignment]
        ats = _times(events)
        for revision in {event.revision for event in events}:
            whole("revision", revision, 0)
        scores = [event.score for event in events]
        known = self._cells
        keys = zip(
            [event.kind for event in events],
            [event.type for event in events],
            [event.scale for event in events],
            scores,
            map(type, scores),
            strict=True,
        )
        try:
            return events, ats, [known[key] for key in keys]
        except KeyError:
            return events, ats, [self._cell(event) for event in events]

    def _cell(self, answer: SurveyAnswer) -> str | None:
        """Check an answer, and find the cell that it counts in; None if it has no score."""
        score = answer.score
        key = (answer.kind, answer.type, answer.scale, score, type(score))
        if key not in self._cells:
            if len(self._cells) > MOST_CELLS:
                self._cells.clear()
            self._cells[key] = self._checked(answer)
        return self._cells[key]

    def _checked(self, answer: SurveyAnswer) -> str | None:
        kind = "answered" if answer.kind is None else answer.kind
        if kind not in SurveyAnswer.KINDS:
            raise InvalidEvent("range", f"kind: expected one of {', '.join(SurveyAnswer.KINDS)}")
        if answer.type is None and kind != "comment":
            raise InvalidEvent("missing", "type: required")
        if answer.type is not None and answer.type not in FAMILY:
            raise InvalidEvent("range", f"type: expected one of {', '.join(FAMILY)}")
        if kind == "answered":
            return _scored(answer, self._scale(answer))
        if answer.score is not None:
            raise InvalidEvent("range", "score: expected only on answered events")
        if answer.type is not None:
            self._scale(answer)
        return None

    def _scale(self, answer: SurveyAnswer) -> Scale:
        family, given = FAMILY[answer.type or ""], answer.scale
        if given is None:
            return DEFAULTS[family]
        scale = _integer("scale", given[0]), _integer("scale", given[1])
        if not scale[0] < scale[1] or not self._rules[family].known(scale):
            raise InvalidEvent("range", f"scale: expected one that has a rule for {answer.type}")
        return scale


def _check_length(event: Event, field: str) -> None:
    value = getattr(event, field)
    if value is not None and len(value) > LONGEST and field not in (event.dims or ()):
        raise InvalidEvent("range", f"{field}: expected a value in range")


def _scored(answer: SurveyAnswer, scale: Scale) -> str:
    """Name the cell of an answer's score."""
    if answer.score is None:
        raise InvalidEvent("missing", "score: required on answered events")
    score = _integer("score", answer.score, answer.type == "fcr")
    if not scale[0] <= score <= scale[1]:
        raise InvalidEvent("range", f"score: expected {scale[0]} to {scale[1]}")
    return f"{FAMILY[answer.type or '']}/{name(scale)}/{score}"


def _times(answers: Sequence[SurveyAnswer]) -> Ats:
    try:
        return instant.read_all([answer.at for answer in answers])
    except InvalidEvent as error:
        raise InvalidEvent(error.reason, f"at: {error.detail}") from None


def _integer(field: str, value: bool | float, yes_or_no: bool = False) -> int:
    if isinstance(value, bool) and not yes_or_no:
        raise InvalidEvent("type", f"{field}: expected a whole number")
    if value != value // 1:
        raise InvalidEvent("type", f"{field}: expected a whole number")
    return int(value)


def _reason(value: bytes, error: Exception) -> tuple[str, str]:
    """Say why a value cannot be read: reason, and detail without anything of the value."""
    if isinstance(error, InvalidEvent):
        return error.reason, error.detail
    try:
        value.decode()
    except UnicodeDecodeError:
        return "utf8", "expected UTF-8"
    if not isinstance(error, msgspec.ValidationError):
        return "json", "expected one JSON object"
    text = str(error)
    if found := _MISSING.match(text):
        return "missing", f"{found[1]}: required"
    place = _FIELD.search(text)
    field = f"{place[1]}: " if place else ""
    found = _EXPECTED.match(text)
    if not found or _LIMIT.search(text):
        return "range", f"{field}expected a value in range"
    is_absent = found[2] == "null" and place is not None and not place[2]
    reason = "missing" if is_absent else "type"
    return reason, f"{field}expected {found[1].replace('`', '')}"


class Leaves:
    """Finds the leaf of events: their values of the configured dimensions, in that order."""

    def __init__(self, dimensions: Sequence[str]) -> None:
        self._dimensions = tuple(dimensions)
        self._get: Callable[[Any], Leaf] | None = None
        if len(dimensions) > 1:
            self._get = itemgetter(*dimensions)

    def of(self, events: Sequence[Event]) -> Sequence[Leaf]:
        """Return the leaf of each event."""
        if not self._dimensions:
            return list(repeat((), len(events)))
        if self._get:
            try:  # hot path: most events name every dimension
                return list(map(self._get, [event.dims for event in events]))
            except (KeyError, TypeError):
                pass
        return [tuple(self._values(event)) for event in events]

    def _values(self, event: Event) -> Iterator[str]:
        dims = event.dims or {}
        for dimension in self._dimensions:
            value = dims.get(dimension)
            if value is None and dimension in event.OWN:
                own = getattr(event, dimension)
                value = _default(event, dimension) if own is None else own
            yield NONE if value is None else value


def _default(event: Event, dimension: str) -> str | None:
    return event.KINDS[0] if dimension == "kind" else None
