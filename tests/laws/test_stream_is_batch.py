"""Stream = batch: whatever happens on the way, what is published is what a plain replay prints.

lines ──fold──► flush ──► partials ──merge──► publish ──► updates     =     replay(lines)
        any order, any batches, any partitions, each line twice, responses and tickets revised,
        crashes of either stage at any moment, checkpoints at any moment
"""

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics import duration
from metrics.calendar import Calendar
from metrics.plan import Plan
from metrics.update import encode
from metrics.zone import Zone
from stream.reader import Reader
from stream.replay import File, Replay
from stream.transport.batch import TP
from tests.data import plan as plans
from tests.data.journal import KEY, Journal, content

START = 1_774_569_600_000  # 2026-03-27T00:00Z; Paris changes its clocks on the 29th
LENGTH = 4 * duration.DAY
PLANS = [
    plans.whole(
        Calendar(Zone(zone)),
        *("1h", "24h", "7d", "today", "week", "month"),
        allowed_lateness=LENGTH,
        dedupe_for=LENGTH,
        thin_below=3,
        targets={"nps": 40.0},
    )
    for zone in ("UTC", "Europe/Paris", "America/St_Johns")
]

Fields = dict[str, Any]


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Fields]:
    """Fields that events of an input have beside those of all."""
    return st.fixed_dictionaries(fields)


NAMES = st.sampled_from(["ann", "ben", "cem", "dia", "eve"])
SCALES = {"nps": [(0, 10), (1, 10)], "csat": [(1, 5), (1, 7)], "ces": [(1, 7), (1, 5)]}
ANSWERS = st.sampled_from(
    [
        {"type": kind, "scale": scale, "score": score}
        for kind, scales in SCALES.items()
        for scale in scales
        for score in range(scale[0], scale[1] + 1)
    ]
)
REVISION = st.sampled_from([None, 0, 1, 1, 2.0])
FIELDS: dict[str, st.SearchStrategy[Fields]] = {
    "survey_answers": st.builds(
        lambda answer, revised: {**answer, **revised},
        ANSWERS,
        some(
            survey_id=st.none() | st.just("s"),
            response_id=st.sampled_from([None, "r0", "r1", "r2"]),
            revision=REVISION,
            excluded=st.sampled_from([None, None, None, True]),
        ),
    ),
    "ticket_closures": some(
        ticket_id=st.sampled_from("0123"),
        revision=REVISION,
        kind=st.sampled_from(["closed", "closed", "closed", "opened", "reopened"]),
        outcome=st.sampled_from(["resolved", "resolved", "abandoned", "merged"]),
        handle_s=st.none() | st.integers(0, 86_400) | st.floats(0, 86_400),
        contacts=st.none() | st.integers(1, 2),
    ),
    "product_usage": some(event=st.just("opened")),
    "purchases": some(amount=st.integers(1, 99), currency=st.just("EUR")),
    "campaign_events": some(kind=st.sampled_from(["sent", "clicked"]), campaign_id=NAMES),
    "subscription_events": some(subscription_id=NAMES, kind=st.sampled_from(["started", "paused"])),
}


class Line(NamedTuple):
    """An event as it is written; `entity` is what it revises, if anything."""

    source: str
    entity: str | None
    text: bytes


def line(source: str, event: Fields) -> Line:
    """Write an event; without an id of its own only if it revises an entity."""
    entity = event.get("ticket_id") or event.get("response_id")
    if entity is None or event.get("kind") == "opened":
        event = {**event, "id": event["id"] or f"e{event['number']}"}
    return Line(source, entity, msgspec.json.encode(event))


@st.composite
def lines(draw: st.DrawFn, regions: Sequence[str] = ("fr", "de")) -> list[Line]:
    """Events of every input, as lines in order of time; some at the same time."""
    at = st.integers(START, START + LENGTH - 1) | st.sampled_from([START, START + LENGTH // 2])
    ats = sorted(draw(st.lists(at, min_size=1, max_size=25)))
    sources = draw(st.lists(st.sampled_from(list(FIELDS)), min_size=1, max_size=3))
    made = []
    for number, at_ in enumerate(ats):
        source = draw(st.sampled_from(sources))
        event = {
            "at": at_,
            "number": number,
            "id": draw(st.sampled_from([None, f"e{number}"])),
            "customer_id": draw(NAMES),
            "dims": draw(st.dictionaries(st.just("region"), st.sampled_from(regions))),
            "channel": "web",
            **draw(FIELDS[source]),
        }
        made.append(line(source, event))
    return made


@st.composite
def placed(draw: st.DrawFn, made: list[Line]) -> dict[TP, list[bytes]]:
    """The lines in any order over any partitions, some twice, some broken ones between them.

    The events of one entity are on one partition.
    """
    found: dict[TP, list[bytes]] = {}
    homes: dict[str, int] = {}
    for source, entity, text in draw(st.permutations(made)):
        home = draw(st.integers(0, 1))
        home = homes.setdefault(entity, home) if entity else home
        held = found.setdefault(TP(source, home), [])
        held.append(text)
        if draw(st.booleans()):
            held.append(text[:-1])
    for held in found.values():
        held.extend(draw(st.lists(st.sampled_from(held), max_size=10)))
    return found


DEEDS = [
    *("absorb", "absorb", "flush", "flush", "crash_fold"),
    *("merge", "merge", "publish", "checkpoint", "crash_merge", "crash_publishing"),
]
DEED = st.tuples(st.sampled_from(DEEDS), st.integers(0, 5), st.integers(1, 6))


async def act(journal: Journal, deeds: list[tuple[str, int, int]]) -> None:
    """Let a worker do this and that, and crash now and then; time goes on from the last deed."""
    tps = list(journal.sources)
    for deed, which, much in deeds:
        tp, number = tps[which % len(tps)], which % len(journal.merges)
        journal.elapsed += much * duration.HOUR
        now = START + min(journal.elapsed, LENGTH)
        match deed:
            case "absorb":
                journal.absorb(tp, much)
            case "flush":
                journal.flush(tp, now)
            case "merge":
                await journal.merge(number, much)
            case "publish":
                await journal.publish(number, now, late=much < 3)
            case "checkpoint":
                await journal.checkpoint(number)
            case "crash_fold":
                journal.crash_fold(tp)
            case "crash_merge":
                journal.crash_merge(number)
            case "crash_publishing":
                await journal.publish(number, now, much // 2)
                journal.crash_merge(number)


def replayed(plan: Plan, files: dict[TP, list[bytes]], as_of: int) -> dict[str, Fields]:
    """What a plain replay prints, by key."""
    run = Replay(plan, as_of)
    with tempfile.TemporaryDirectory() as folder:
        for tp, held in files.items():
            path = Path(folder, "lines")
            path.write_bytes(b"".join(text + b"\n" for text in held))
            run.read(File(Reader(tp.topic, plan, KEY), path))
    return {update.key(): content(encode(update)) for update in run.updates()}


def in_order(made: list[Line]) -> dict[TP, list[bytes]]:
    """The lines, each once, in one partition of each input."""
    return {
        TP(source, 0): [text for topic, _, text in made if topic == source]
        for source in {one.source for one in made}
    }


def assert_same(got: dict[str, Fields], expected: dict[str, Fields]) -> None:
    """The same content by key.

    A key that a correction left empty says so where it had a value: published, or by event time.
    """
    either = got | expected
    emptied = {key: either[key] for key in got.keys() ^ expected.keys()}
    assert all(one["status"] == "no_data" for one in emptied.values()), emptied
    assert all(one["value"] is None and one["n"] == 0 for one in emptied.values()), emptied
    both = got.keys() & expected.keys()
    assert {key: got[key] for key in both} == {key: expected[key] for key in both}


async def work(journal: Journal, deeds: list[tuple[str, int, int]], end: int) -> None:
    """Do this and that, and at last all that is left."""
    await act(journal, deeds)
    await journal.finish(end)


SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=100, suppress_health_check=SLOW)
@given(data=st.data(), made=lines(), plan=st.sampled_from(PLANS))
def test_a_stream_gives_what_a_replay_gives(
    data: st.DataObject, made: list[Line], plan: Plan
) -> None:
    """Order, batches, partitions, copies, broken lines and crashes leave no trace in values."""
    end = START + LENGTH + data.draw(st.integers(0, 3 * duration.DAY), "quiet for")
    journal = Journal(plan, data.draw(placed(made)))
    deeds = data.draw(st.lists(DEED, min_size=20, max_size=80))
    asyncio.run(work(journal, deeds, end))
    assert_same(journal.contents(), replayed(plan, in_order(made), end))


FORGETFUL = msgspec.structs.replace(
    PLANS[0], responses_for=4 * duration.HOUR, entities_for=6 * duration.HOUR
)


@settings(max_examples=100, suppress_health_check=SLOW)
@given(data=st.data(), made=lines())
def test_what_is_forgotten_does_not_depend_on_batches_or_crashes(
    data: st.DataObject, made: list[Line]
) -> None:
    """Of the same lines in the same order the same entities are revised, and the others new."""
    files = data.draw(placed(made))
    end = START + LENGTH + duration.DAY
    journal = Journal(FORGETFUL, files)
    deeds = data.draw(st.lists(DEED, min_size=20, max_size=80))
    asyncio.run(work(journal, deeds, end))
    assert_same(journal.contents(), replayed(FORGETFUL, files, end))


USERS = 5_000  # above what is counted exactly


def test_many_customers_of_one_slice_pass_both_stages() -> None:
    """A delta that is a sketch already is the same sketch at the other end, in every window."""
    rows = [
        msgspec.json.encode({"at": START + number % 9_000, "customer_id": str(number)})
        for number in range(USERS)
    ]
    plan = PLANS[0]
    half = USERS // 2
    journal = Journal(
        plan, {TP("product_usage", 0): rows[:half], TP("product_usage", 1): rows[half:]}
    )
    asyncio.run(journal.finish(START + 10_000))
    expected = replayed(plan, {TP("product_usage", 0): rows}, START + 10_000)
    assert journal.contents() == expected
    value = expected['["active_users","default","24h",{},{}]']
    assert value["margin"] is not None
    assert value["n"] == pytest.approx(USERS, rel=0.03)
