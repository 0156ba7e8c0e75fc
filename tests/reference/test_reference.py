"""The reference on cases small enough for pencil and paper."""

import json
from math import sqrt
from typing import Any

import pytest

from tests.reference import Outcome, batch

CONFIG: dict[str, Any] = {
    "dimensions": ["region"],
    "groupings": [[], ["region"]],
    "windows": {"rolling": ["1h"], "calendar": ["today"]},
    "targets": {"nps": 40},
}


def answer(at: str, score: int = 10, **more: Any) -> bytes:
    """An NPS answer of the 27th of March 2026; `at` is its time of day."""
    event = {"at": f"2026-03-27T{at}Z", "type": "nps", "score": score} | more
    return json.dumps(event).encode()


def run(*lines: bytes | None, as_of: str | None = None, **change: Any) -> Outcome:
    """The outcome of one partition of survey answers."""
    return batch(CONFIG | change, {"survey_answers": [list(lines)]}, as_of)


def verdicts(outcome: Outcome) -> dict[str, int]:
    """Counts that are not 0."""
    return {name: n for name, n in outcome.counters["survey_answers"].items() if n}


def test_nps_with_its_interval_by_hand() -> None:
    """2 promoters, 1 passive, 1 detractor: 25; p = 2.75/7, d = 1.75/7."""
    lines = [answer("10:00:00", score) for score in (10, 9, 7, 6)]
    update = run(*lines).updates['["nps","default","1h",{},{}]']
    p, d = 2.75 / 7, 1.75 / 7
    margin = 100 * 1.959963984540054 * sqrt((p + d - (p - d) ** 2) / 7)
    assert update["value"] == 25.0
    assert update["n"] == 4
    assert update["parts"] == {"promoters": 2, "passives": 1, "detractors": 1}
    assert update["margin"] == pytest.approx(margin)
    assert update["low"] == pytest.approx(100 * (p - d) - margin)
    assert update["high"] == pytest.approx(100 * (p - d) + margin)
    assert update["status"] == "thin"
    assert (update["target"], update["benchmark"]) == (40, None)
    assert (update["previous"], update["change"]) == (None, None)


def test_the_interval_is_clipped_but_the_margin_is_not() -> None:
    """Ten promoters: the interval of 76.9 and 29.4 would end above 100."""
    update = run(*[answer("10:00:00")] * 10).updates['["nps","default","1h",{},{}]']
    assert update["high"] == 100
    assert update["margin"] == pytest.approx(29.4, abs=0.05)


def test_windows_are_half_open_and_the_previous_one_touches() -> None:
    """As-of 11:00:05: the hour is [10:00:10, 11:00:10); 10:00:10 is in, 10:00:09.999 before."""
    lines = [answer("10:00:09.999", 0), answer("10:00:10", 10), answer("11:00:05", 10)]
    update = run(*lines, windows={"rolling": ["1h"], "allowed_lateness": "2h"}).updates[
        '["nps","default","1h",{},{}]'
    ]
    assert update["window_start"] == "2026-03-27T10:00:10.000Z"
    assert update["window_end"] == "2026-03-27T11:00:10.000Z"
    assert (update["value"], update["n"]) == (100.0, 2)
    assert (update["previous"], update["change"]) == (-100.0, 200.0)


def test_a_key_without_data_now_stays_with_null() -> None:
    """The region was heard of three hours ago: no data is not zero."""
    lines = [answer("07:00:00", dims={"region": "fr"}), answer("10:00:00")]
    update = run(*lines).updates['["nps","default","1h",{"region":"fr"},{}]']
    assert (update["value"], update["n"], update["status"]) == (None, 0, "no_data")
    assert update["parts"] == {"promoters": 0, "passives": 0, "detractors": 0}
    assert update["margin"] is update["low"] is update["high"] is None


def test_verdicts_in_their_order() -> None:
    """Dead before future before duplicate before late before excluded."""
    outcome = run(
        answer("10:00:00", id="a"),
        answer("10:30:00"),  # the watermark
        answer("10:20:00"),  # 10 minutes behind: still folded
        answer("10:19:59.999"),  # late
        answer("10:00:00", id="a"),  # duplicate, though late, too
        answer("09:00:00", id="a", ingested_at="2026-03-27T08:54:59.999Z"),  # future first
        answer("10:31:00", id="b", ingested_at="2026-03-27T10:26:00Z"),  # 5 minutes: allowed
        answer("10:31:00", 11, ingested_at="2026-03-27T10:00:00Z"),  # dead first
        answer("10:31:00", excluded=True),
        None,
    )
    assert verdicts(outcome) == {
        "dead": 1,
        "future": 1,
        "duplicate": 1,
        "late": 1,
        "excluded": 1,
        "folded": 4,
        "tombstone": 1,
    }


def test_future_late_and_dead_do_not_move_the_watermark_but_excluded_do() -> None:
    """After an excluded answer at 10:30, one of 10:19 is late; its id was not remembered."""
    outcome = run(
        answer("10:00:00"),
        answer("23:00:00", ingested_at="2026-03-27T10:00:00Z"),
        answer("23:00:00", 11),
        answer("10:30:00", excluded=True, id="x"),
        answer("10:19:00", id="y"),
        answer("10:30:00", id="y"),
        answer("10:30:00", id="x"),
    )
    assert verdicts(outcome) == {
        "dead": 1,
        "future": 1,
        "late": 1,
        "excluded": 1,
        "duplicate": 1,
        "folded": 2,
    }
    assert outcome.updates['["nps","default","1h",{},{}]']["as_of"] == "2026-03-27T10:30:00.000Z"


def test_an_id_is_forgotten_after_dedupe_for() -> None:
    """Exactly dedupe_for is remembered, a millisecond more is not; partitions do not share ids."""
    windows = {"dedupe_for": "1h", "allowed_lateness": "2h"}
    first, again = answer("10:00:00", id="a"), answer("10:00:00", id="a")
    outcome = run(first, answer("11:00:00"), again, windows=windows)
    assert verdicts(outcome) == {"duplicate": 1, "folded": 2}
    outcome = run(first, answer("11:00:00.001"), again, windows=windows)
    assert verdicts(outcome) == {"folded": 3}
    outcome = batch(CONFIG, {"survey_answers": [[first], [again]]})
    assert verdicts(outcome) == {"folded": 2}


def test_events_after_as_of_do_not_exist() -> None:
    """They move no watermark and are counted nowhere."""
    lines = [answer("12:00:00", id="a"), answer("10:00:00"), answer("10:00:00.001", 0)]
    outcome = run(*lines, as_of="2026-03-27T10:00:00Z")
    assert verdicts(outcome) == {"folded": 1}
    assert outcome.updates['["nps","default","1h",{},{}]']["value"] == 100.0


def test_a_closed_day_is_named_and_compared_with_the_day_before() -> None:
    """The 27th has closed on the 28th; the open day compares with the 27th up to its hour."""
    lines = [answer("08:00:00", 0), answer("20:00:00", 10)]
    outcome = run(*lines, as_of="2026-03-28T09:00:00Z")
    closed = outcome.updates['["nps","default","day:2026-03-27",{},{}]']
    assert (closed["value"], closed["n"], closed["previous"]) == (0.0, 2, None)
    opened = outcome.updates['["nps","default","today",{},{}]']
    assert (opened["value"], opened["previous"]) == (None, -100.0)


def test_scales_never_mix() -> None:
    """1-10 stands under its name; on it a 6 still detracts."""
    outcome = run(answer("10:00:00", 10), answer("10:00:00", 6, scale=[1, 10]))
    assert outcome.updates['["nps","default","1h",{},{}]']["n"] == 1
    assert outcome.updates['["nps","default","1h",{},{"scale":"1-10"}]']["value"] == -100.0


@pytest.mark.parametrize(
    ("sort", "low", "high", "least"),
    [
        ("csat", 0, 1, 1),
        ("csat", 1, 3, 3),
        ("csat", 1, 5, 4),
        ("csat", 1, 7, 6),
        ("csat", 1, 10, 8),
        ("ces", 1, 5, 4),
        ("ces", 1, 7, 5),
        ("ces", 1, 10, 8),
    ],
)
def test_good_scores_by_scale(sort: str, low: int, high: int, least: int) -> None:
    """One answer of every score: the good ones are those from the rule's least up."""
    scores = range(low, high + 1)
    lines = [answer("10:00:00", score, type=sort, scale=[low, high]) for score in scores]
    outcome = run(*lines)
    default = (sort, low, high) in (("csat", 1, 5), ("ces", 1, 7))
    by = "{}" if default else f'{{"scale":"{low}-{high}"}}'
    update = outcome.updates[f'["{sort}","default","1h",{{}},{by}]']
    assert update["value"] == pytest.approx((high - least + 1) / len(scores))


def closure(name: str, **more: Any) -> bytes:
    """A closed ticket."""
    return json.dumps({"at": "2026-03-27T10:00:00Z", "ticket_id": name} | more).encode()


def test_tickets_by_hand() -> None:
    """120 s over 3 contacts, 30 s over 1, 10 s unknown: 160 / 5; fcr 1 of 2."""
    lines = [
        closure("a", contacts=3, handle_s=120),
        closure("b", contacts=1, talk_s=20, wrap_s=10),
        closure("c", handle_s=10),
        closure("d", contacts=1, outcome="abandoned", handle_s=999),
        closure("e", contacts=1, outcome="spam"),
        closure("f", kind="opened", customer_id="z"),
    ]
    updates = batch(CONFIG, {"ticket_closures": [lines]}).updates
    aht = updates['["aht","default","1h",{},{}]']
    assert aht["value"] == 32.0
    assert aht["parts"] == {"handle_ms": 160_000, "contacts": 5, "tickets": 3}
    squares = (120 - 96) ** 2 + (30 - 32) ** 2 + (10 - 32) ** 2
    assert aht["margin"] == pytest.approx(1.959963984540054 * sqrt(1.5 * squares) / 5)
    median = updates['["aht","quantile","1h",{},{"quantile":"0.5"}]']
    assert (median["value"], median["n"], median["margin"]) == (30.0, 3, None)
    assert updates['["aht","quantile","1h",{},{"quantile":"0.9"}]']["value"] == 120.0
    fcr = updates['["fcr","default","1h",{},{}]']
    assert fcr["parts"] == {"first_contact": 1, "closed": 2}
    assert updates['["active_users","default","30d",{},{"source":"ticket_closures"}]']["n"] == 1


def test_a_customer_of_two_topics_is_one() -> None:
    """Active users are distinct over all inputs, and within each."""
    at = "2026-03-27T10:00:00Z"
    order = {"at": at, "customer_id": "z", "amount": 1, "currency": "EUR"}
    inputs = {
        "product_usage": [[json.dumps({"at": at, "customer_id": name}).encode() for name in "zyz"]],
        "purchases": [
            [
                json.dumps(order).encode(),
                json.dumps(order | {"kind": "refund", "customer_id": "r"}).encode(),
            ]
        ],
    }
    updates = batch(CONFIG, inputs).updates
    counts = {by: updates[f'["active_users","default","24h",{{}},{by}]']["n"] for by in SOURCES}
    assert list(counts.values()) == [2, 2, 1]
    assert '["active_users","default","1h",{},{}]' in updates
    assert updates['["active_users","default","7d",{},{}]']["margin"] is None


SOURCES = ("{}", '{"source":"product_usage"}', '{"source":"purchases"}')


def test_variants_are_printed_when_configured_only() -> None:
    """Mean 7.5 of 10 and 5; half of the answers are promoters; the median is the lower one."""
    lines = [answer("10:00:00", 10), answer("10:00:00", 5)]
    assert not [key for key in run(*lines).updates if "mean" in key]
    metrics = {"nps": {"variants": ["mean", "quantile", "promoters"]}}
    updates = run(*lines, metrics=metrics).updates
    mean = updates['["nps","mean","1h",{},{}]']
    assert (mean["value"], mean["parts"], mean["target"]) == (7.5, {"sum": 15, "count": 2}, None)
    assert mean["margin"] == pytest.approx(1.959963984540054 * sqrt(12.5 / 2))
    assert updates['["nps","promoters","1h",{},{}]']["value"] == 0.5
    assert updates['["nps","quantile","1h",{},{"quantile":"0.5"}]']["value"] == 5


def test_ticks_stand_at_multiples_of_local_midnight() -> None:
    """Every 6 h in Kolkata (+5:30): 06:30 and 12:30 UTC lie between the first event and as-of."""
    lines = [answer("06:00:00"), answer("13:00:00", 0)]
    inputs = {"survey_answers": [lines]}
    outcome = batch(CONFIG | {"zone": "Asia/Kolkata"}, inputs, every="6h")
    stamps = [
        update["as_of"]
        for updates in outcome.ticks.values()
        for key, update in updates.items()
        if key == '["nps","default","today",{},{}]'
    ]
    assert stamps == ["2026-03-27T06:30:00.000Z", "2026-03-27T12:30:00.000Z"]


def test_nothing_in_nothing_out() -> None:
    """Without an accepted event there is no as-of and no update."""
    outcome = run(answer("10:00:00", 11))
    assert (outcome.as_of, outcome.updates) == (None, {})
    assert verdicts(outcome) == {"dead": 1}
