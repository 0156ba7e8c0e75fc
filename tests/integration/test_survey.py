"""A real survey through a real broker and a real worker meets every published value."""

import random
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from tests.data import survey
from tests.reference import batch
from tests.service.judge import Judge, differences
from tests.service.kafka import Kafka
from tests.service.worker import Site, replay

pytestmark = pytest.mark.shared
CONFIG: dict[str, Any] = {
    **survey.CONFIG,
    "windows": {
        "rolling": ["30d"],
        "calendar": ["today", "month", "year"],
        "allowed_lateness": "30d",  # the file is in no order of time
        "dedupe_for": "30d",
    },
}
SHAPES: dict[str, dict[str, Any]] = {
    "file order": {},
    "doubled": {"doubled": True},
    "shuffled": {"seed": 1},
    "doubled and shuffled on six partitions": {"number": 6, "seed": 2, "doubled": True},
}
NPS = {
    ("year:2017", "{}"): (39.839766933721776, 2746),
    ("month:2017-05", "{}"): (39.839766933721776, 2746),
    ("year:2017", '{"strata":"1"}'): (45.752302968270214, 977),
    ("year:2017", '{"strata":"2"}'): (32.634730538922156, 1002),
    ("year:2017", '{"strata":"3"}'): (41.720990873533246, 767),
    ("day:2017-05-05", "{}"): (38.297872340425535, None),
    ("day:2017-05-06", "{}"): (30.158730158730158, None),
    ("day:2017-05-13", "{}"): (17.94871794871795, None),
    ("day:2017-05-16", "{}"): (59.64912280701754, None),
    ("day:2017-05-30", "{}"): (43.18181818181818, None),
}


def meets(updates: Mapping[str, dict[str, Any]]) -> None:
    """Hold updates to the values that are known of the survey."""
    for (window, segment), (value, n) in NPS.items():
        update = updates[f'["nps","default","{window}",{segment},{{}}]']
        assert update["value"] == pytest.approx(value, rel=1e-15)
        assert n is None or update["n"] == n
    nps = updates['["nps","default","year:2017",{},{}]']
    assert nps["parts"] == {"promoters": 1436, "passives": 968, "detractors": 342}
    assert nps["margin"] == pytest.approx(2.6139288428661565, rel=1e-12)
    assert (nps["low"] + nps["high"]) / 2 == pytest.approx(39.79628955983994, rel=1e-12)
    csat = updates['["csat","default","year:2017",{},{}]']
    assert csat["parts"] == {"satisfied": 2206, "answered": 2688}
    assert csat["value"] == pytest.approx(0.8206845238095238, rel=1e-15)
    assert csat["low"] == pytest.approx(0.8057279245860398, rel=1e-12)
    assert csat["high"] == pytest.approx(0.8347258414969341, rel=1e-12)
    ces = updates['["ces","default","year:2017",{},{"scale":"1-5"}]']
    assert ces["parts"] == {"easy": 2290, "answered": 2683}
    assert ces["value"] == pytest.approx(0.853522176667909, rel=1e-15)
    assert '["ces","default","year:2017",{},{}]' not in updates


def now() -> int:
    """This moment, in milliseconds."""
    return time.time_ns() // 1_000_000


@pytest.mark.parametrize("shape", SHAPES)
async def test_a_worker_meets_the_survey(kafka: Kafka, tmp_path: Path, shape: str) -> None:
    """In any order, on any number of partitions, each event once or twice: the batch's values."""
    lines = survey.partitions(survey.path(), **SHAPES[shape])
    with Site(kafka, tmp_path, CONFIG) as site:
        await site.create(len(lines))
        await send(site, lines)
        site.worker().wait_ready()
        truth = batch(CONFIG, {"survey_answers": lines}, now()).updates
        async with Judge(kafka, site.updates) as judge:
            assert not await judge.settle(truth, 40)
        meets(judge.best)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_replay_meets_the_survey(kafka: Kafka, tmp_path: Path, shape: str) -> None:
    """The same through `ressenti replay`, each partition a file."""
    lines = survey.partitions(survey.path(), **SHAPES[shape])
    arguments = ["--as-of", "2018-02-01T00:00:00Z"]
    for number, some in enumerate(lines):
        path = tmp_path / f"{number}.jsonl"
        path.write_bytes(b"\n".join(some) + b"\n")
        arguments.append(f"survey_answers={path}")
    printed = replay(Site(kafka, tmp_path, CONFIG).file(), *arguments)
    truth = batch(CONFIG, {"survey_answers": lines}, arguments[1]).updates
    updates = dict(zip(truth, printed, strict=True))
    assert not list(differences(updates, truth))
    meets(updates)


async def send(site: Site, partitions: list[list[bytes]]) -> None:
    """Write the lines of each partition in record batches of random sizes, from 1 to 500."""
    dice = random.Random(len(partitions))
    async with AIOKafkaProducer(bootstrap_servers=site.kafka.bootstrap) as client:
        for number, lines in enumerate(partitions):
            left = list(reversed(lines))
            while left:
                batch = client.create_batch()
                for _ in range(min(len(left), dice.choice((1, 3, 50, 500)))):
                    if batch.append(key=None, value=left[-1], timestamp=None) is None:
                        break
                    left.pop()
                await client.send_batch(batch, site.source(), partition=number)
        await client.flush()
