"""The events of the made-up company are what a worker reads: what is meant to be good, and bad."""

import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from metrics import duration, instant
from metrics.duration import HOUR, MINUTE, SECOND
from metrics.plan import Plan
from metrics.update import Update
from stream.company import SOURCES, Company, Outage, Shares, lines
from stream.reader import Reader, hash_key
from stream.replay import File, Replay
from stream.settings.load import resolve

MONDAY = 1_795_392_000_000  # 2026-11-23T00:00:00Z
NOON = MONDAY + 12 * HOUR
DOWN = (NOON + 2 * MINUTE, NOON + 3 * MINUTE)
CONFIG = """
dimensions = ["region", "product"]
groupings = [["region"]]
[windows]
rolling = ["WINDOW"]
calendar = []
"""
ENTITIES = {"ticket_closures", "subscription_events"}  # late only after more than a year


def plan_of(window: str) -> Plan:
    """Return the plan of an installation with one window."""
    return resolve(tomllib.loads(CONFIG.replace("WINDOW", window)), {}).plan()


def readers(plan: Plan) -> dict[str, Reader]:
    """Return a reader for each input."""
    key = hash_key("a key of the tests only")
    return {source: Reader(source, plan, key) for source in SOURCES}


def replayed(company: Company, span: int, window: str, folder: Path) -> Replay:
    """Replay the company from noon on, one file an input, in windows and every as often."""
    values: dict[str, list[bytes]] = {}
    for line in lines(company, NOON, NOON + span):
        values.setdefault(line.source, []).append(line.value)
    run = Replay(plan_of(window), every=duration.parse(window))
    for source, reader in readers(run.plan).items():
        if source in values:
            path = folder / f"{source}.jsonl"
            path.write_bytes(b"".join(value + b"\n" for value in values[source]))
            run.read(File(reader, path))
    return run


def by_time(updates: Sequence[Update], metric: str, region: str) -> dict[int, Update]:
    """Return a metric's values of a region, where there are any, by the time that they are of."""
    return {
        instant.parse(update.as_of): update
        for update in updates
        if (update.metric, update.variant, update.by) == (metric, "default", {})
        and update.segment == {"region": region}
        and update.n > 10  # at noon itself there is next to nothing
    }


@pytest.mark.parametrize("rate", [0.05, 300])
def test_events_are_read_without_fault(rate: float) -> None:
    """Of every input, sparse or dense, late, twice or in an outage."""
    company = Company(
        rate=rate, shares=Shares(duplicates=0.1, late=0.3), outages=(Outage("us", *DOWN),)
    )
    end = NOON + round(5_000 / rate) * SECOND
    values: dict[str, list[bytes]] = {source: [] for source in SOURCES}
    for line in lines(company, NOON, end):
        values[line.source].append(line.value)
    for source, reader in readers(plan_of("1m")).items():
        taken = reader.read(values[source])
        assert taken.bad == []
        assert len(taken.events) == len(values[source]) > 50


def test_broken_events_are_never_read() -> None:
    """When all are broken every one is a dead letter, for all the reasons that there are."""
    reasons: dict[str, Counter[str]] = {source: Counter() for source in SOURCES}
    known = readers(plan_of("1m"))
    for line in lines(Company(rate=500, shares=Shares(broken=1)), NOON, NOON + 10 * SECOND):
        (bad,) = known[line.source].read([line.value]).bad
        reasons[line.source][bad.reason] += 1
    for found in reasons.values():
        assert {"json", "utf8", "time", "missing", "type"} <= set(found)
    assert {source for source, found in reasons.items() if found["range"]} >= {
        *("survey_answers", "ticket_closures", "product_usage", "purchases", "campaign_events")
    }


def test_shares_are_what_was_asked_for(tmp_path: Path) -> None:
    """The product itself finds 4 % dead, 6 % late and 10 % duplicates, within a tenth."""
    shares = Shares(broken=0.04, late=0.06, duplicates=0.10)
    run = replayed(Company(rate=100, shares=shares), 5 * MINUTE, "1h", tmp_path)
    found: Counter[str] = Counter()
    for source in set(SOURCES) - ENTITIES:
        for outcome, n in run.outcomes[source].items():
            found[outcome.partition(" ")[0]] += n
    once = found.total() - found["duplicate"]
    assert found["dead"] / once == pytest.approx(0.04, rel=0.1)
    assert found["late"] / once == pytest.approx(0.06, rel=0.1)
    assert found["duplicate"] / once == pytest.approx(0.10, rel=0.1)


def test_an_outage_is_seen_where_it_is(tmp_path: Path) -> None:
    """Minute by minute: before, down, after; the region's NPS falls and comes back.

    12:00      12:02      12:03      12:06
    |  content  |  down    |  content  |
    """
    company = Company(
        rate=60, outages=(Outage("fr", *DOWN),), sources=("survey_answers", "ticket_closures")
    )
    run = replayed(company, 6 * MINUTE, "1m", tmp_path)
    updates = list(run.updates())
    nps, elsewhere, aht = (
        {at: update.value or 0.0 for at, update in by_time(updates, metric, region).items()}
        for metric, region in (("nps", "fr"), ("nps", "us"), ("aht", "fr"))
    )
    down = DOWN[1]
    assert nps.pop(down) < -30 < 0 < min(nps.values())
    assert aht.pop(down) > 1.5 * max(aht.values())
    assert min(elsewhere.values()) > -30


def test_nights_are_quiet(tmp_path: Path) -> None:
    """Of a day of answers, the least in an hour is at night and the most by day, local time."""
    company = Company(rate=0.2, sources=("survey_answers",))
    run = replayed(company, 24 * HOUR, "1h", tmp_path)
    n = {at: update.n for at, update in by_time(list(run.updates()), "nps", "fr").items()}
    quiet = min(n, key=n.__getitem__) - NOON - 11 * HOUR  # since midnight in France
    assert len(n) > 20
    assert 0 < quiet <= 7 * HOUR
    assert max(n.values()) > 2 * min(n.values())
