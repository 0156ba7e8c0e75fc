"""A real airport survey as survey answers, with all that is broken in it.

Every interview gives up to three events: NPS (NETPRO, 0-10), CSAT (Q7ALL, 1-5: the default scale)
and CES (Q14FIND, sent with its true scale 1-5, so its values stand under `by.scale` = `1-5`).
What the file says is sent: code 11 of NETPRO, 0 and 6 of Q14FIND as numbers, `Blank` of Q7ALL as
that text; all of them must end as dead letters. An empty cell was not asked: no event.
"""

import csv
import json
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

ZONE = "America/Los_Angeles"
QUESTIONS = {"nps": "NETPRO", "csat": "Q7ALL", "ces": "Q14FIND"}
DIMENSIONS = {
    "strata": "STRATA",
    "area": "BAREA",
    "airline": "AIRLINE",
    "destination": "DESTGEO",
    "language": "LANG",
}
Interview = tuple[str, list[bytes]]


def path() -> Path:
    """Where the survey stands, beside the project; tests that need it go without if it is not."""
    return Path(__file__).parents[3] / "shared" / "data" / "sfo-survey-2017.csv"


def interviews(source: Path) -> list[Interview]:
    """Each interview's id with its event lines, in file order."""
    with source.open(encoding="utf-8", newline="") as file:
        return [(row["RESPNUM"], list(answers(row))) for row in csv.DictReader(file)]


def answers(row: dict[str, str]) -> Iterator[bytes]:
    """The lines of one interview."""
    for sort, column in QUESTIONS.items():
        cell = row[column]
        if cell == "":
            continue
        event = {
            "id": f"{row['RESPNUM']}-{sort}",
            "at": instant(row),
            "customer_id": row["RESPNUM"],
            "survey_id": "airport-2017",
            "response_id": row["RESPNUM"],
            "type": sort,
            "score": int(cell) if cell.isdigit() else cell,
            **({"scale": [1, 5]} if sort == "ces" else {}),
            "dims": {name: row[column] for name, column in DIMENSIONS.items()},
        }
        yield json.dumps(event).encode()


def instant(row: dict[str, str]) -> str:
    """An instant of the interview's local day, spread over all of it by the interview's number."""
    second = int(row["RESPNUM"]) * 7919 % 86_400  # a prime: neighbours land far apart
    day = datetime(2017, 5, int(row["INTDATE"]), tzinfo=ZoneInfo(ZONE))
    return (day + timedelta(seconds=second)).isoformat()


def partitions(
    source: Path, number: int = 1, seed: int | None = None, doubled: bool = False
) -> list[list[bytes]]:
    """The lines, cut by interview; shuffled when a seed is given; each twice when doubled."""
    cut: list[list[bytes]] = [[] for _ in range(number)]
    for name, lines in interviews(source):
        cut[int(name) % number] += lines * (2 if doubled else 1)
    if seed is not None:
        order = random.Random(seed)
        for lines in cut:
            order.shuffle(lines)
    return cut


CONFIG = {
    "zone": ZONE,
    "dimensions": list(DIMENSIONS),
    "groupings": [[], ["strata"]],
    "topics": {"survey_answers": "survey.answers"},
    "windows": {
        "rolling": ["30d"],
        "calendar": ["today", "month"],
        "allowed_lateness": "40d",  # the file is in no order of time
        "dedupe_for": "60d",
    },
}
"""A configuration under which every interview counts, in any order."""
