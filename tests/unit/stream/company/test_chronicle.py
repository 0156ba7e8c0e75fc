"""The lines of a company: the same everywhere, whatever stretch of them is asked for."""

import hashlib
import json
from collections import Counter
from itertools import islice, pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.duration import DAY, HOUR, MINUTE, SECOND
from stream.company import SOURCES, Company, Line, Outage, Shares, lines

MONDAY = 1_795_392_000_000  # 2026-11-23T00:00:00Z
NOON = MONDAY + 12 * HOUR
ODD = Shares(duplicates=0.03, late=0.03, broken=0.03)
OUTAGE = (Outage("fr", NOON + 7_500, NOON + 40 * SECOND),)
GOLDEN = "f5d35f8d3407dff5556bb5d079b3d0371ec3db6aee8ab38669f3eb2ccd243a39"


def read(line: Line) -> dict[str, Any]:
    """Return a line's event."""
    event: dict[str, Any] = json.loads(line.value)
    return event


def test_the_bytes_are_the_same_everywhere() -> None:
    """A stretch with everything odd in it has the hash that it had when this was written."""
    company = Company(seed=7, rate=300, shares=ODD, outages=OUTAGE)
    found = hashlib.sha256()
    for line in lines(company, NOON, NOON + 15 * SECOND):
        found.update(b"%d %s %s %s\n" % (line.at, line.source.encode(), line.key, line.value))
    assert found.hexdigest() == GOLDEN


@pytest.mark.parametrize(
    ("rate", "span"), [(6_000, 350), (300, 5 * SECOND), (9, 2 * MINUTE), (0.01, 20 * HOUR)]
)
@settings(max_examples=10)
@given(data=st.data())
def test_stretches_join(rate: float, span: int, data: st.DataObject) -> None:
    """Cut anywhere, the parts are the whole."""
    company = Company(rate=rate, shares=ODD, outages=OUTAGE)
    cuts = sorted(data.draw(st.lists(st.integers(0, span), max_size=3)))
    bounds = [NOON, *(NOON + cut for cut in cuts), NOON + span]
    parts = [line for start, end in pairwise(bounds) for line in lines(company, start, end)]
    assert parts == list(lines(company, NOON, NOON + span))


def test_lines_are_in_order_of_arrival() -> None:
    """No line arrives before the one above it, nor outside the stretch."""
    found = [line.at for line in lines(Company(rate=500, shares=ODD), NOON + 1, NOON + 10 * SECOND)]
    assert found == sorted(found)
    assert found[0] >= NOON + 1
    assert found[-1] < NOON + 10 * SECOND


def test_an_endless_stretch_is_lazy() -> None:
    """The first lines come at once, though the last are a century away."""
    first = list(islice(lines(Company(rate=1_000), NOON, NOON + 36_500 * DAY), 100))
    assert len(first) == 100


@pytest.mark.parametrize("rate", [0.01, 0.2])
def test_the_rate_is_the_mean_of_a_week(rate: float) -> None:
    """Of whole weeks, within 5 %."""
    found = sum(1 for _ in lines(Company(rate=rate), MONDAY, MONDAY + 7 * DAY))
    assert found == pytest.approx(rate * 7 * DAY / SECOND, rel=0.05)


def test_every_input_has_events() -> None:
    """All seven, each at least one in fifty."""
    found = Counter(line.source for line in lines(Company(rate=500), NOON, NOON + 10 * SECOND))
    assert set(found) == set(SOURCES)
    assert min(found.values()) > found.total() / 50


def test_a_company_may_have_some_inputs_only() -> None:
    """Nothing else is told, and the rate is that of those."""
    company = Company(rate=0.5, sources=("purchases", "costs"))
    found = Counter(line.source for line in lines(company, MONDAY, MONDAY + DAY))
    assert set(found) == {"purchases", "costs"}
    assert found.total() == pytest.approx(0.5 * 86_400, rel=0.2)  # a Monday is no mean day


def test_ids_are_unique() -> None:
    """Over inputs, pages, and what an outage brings on top."""
    ids = [
        read(line)["id"] for line in lines(Company(rate=500, outages=OUTAGE), NOON, NOON + MINUTE)
    ]
    assert len(set(ids)) == len(ids)


def test_another_seed_or_rate_shares_no_ids() -> None:
    """So two of them can be written to the same topics, one after the other or at once."""
    companies = (Company(rate=100), Company(rate=200), Company(rate=100, seed=1))
    ids = [{read(line)["id"] for line in lines(c, NOON, NOON + MINUTE)} for c in companies]
    assert len(set.union(*ids)) == sum(map(len, ids))


def test_another_rate_has_the_same_customers() -> None:
    """Who they are, where they live and what they use depends on the seed alone."""
    dims: dict[str, set[str]] = {}
    for rate in (2, 300):
        for line in lines(Company(rate=rate, customers=50), NOON, NOON + 1_800 * SECOND // rate):
            event = read(line)
            dims.setdefault(event.get("customer_id", "none"), set()).add(str(event["dims"]))
    del dims["none"]
    assert len(dims) == 50
    assert {len(found) for found in dims.values()} == {1}


def test_records_are_keyed_as_the_contract_says() -> None:
    """By the customer, else the response, else the id."""
    seen = Counter[str]()
    for line in lines(Company(rate=1_000), NOON, NOON + 5 * SECOND):
        event = read(line)
        field = next(
            name
            for name in ("customer_id", "response_id", "ticket_id", "subscription_id", "id")
            if name in event
        )
        seen[field] += 1
        assert line.key == event[field].encode()
    assert set(seen) == {"customer_id", "response_id", "id"}


def test_every_event_has_its_dimensions() -> None:
    """Region and product, each of them seen."""
    dims = {
        tuple(read(line)["dims"].items())
        for line in lines(Company(rate=500), NOON, NOON + 10 * SECOND)
    }
    assert {len(each) for each in dims} == {2}
    assert len({region for region, _ in dims}) == 4
    assert len({product for _, product in dims}) == 3


def test_copies_are_the_same_bytes_soon_after() -> None:
    """One in ten events comes twice, and no event thrice."""
    found = list(lines(Company(rate=200, shares=Shares(duplicates=0.1)), NOON, NOON + MINUTE))
    times: dict[tuple[str, bytes, bytes], list[int]] = {}
    for line in found:
        times.setdefault((line.source, line.key, line.value), []).append(line.at)
    assert {len(each) for each in times.values()} == {1, 2}
    assert len(found) / len(times) - 1 == pytest.approx(0.1, rel=0.1)
    assert max(each[-1] - each[0] for each in times.values()) < 10 * SECOND
