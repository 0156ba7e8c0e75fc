"""A replay over files says what the plain batch says: every key, every field, every count."""

import json
import math
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from stream.cli import main
from tests.data import survey
from tests.data.company import Lines, generate
from tests.data.config import DEFAULTS, FORGETFUL, MONTHS, VARIANTS
from tests.data.source import DAY, HOUR, Company, Shares
from tests.reference import batch
from tests.reference.field import stamp

Update = dict[str, Any]
FLOATS = ("value", "margin", "low", "high", "previous", "change")
SKETCHED = 0.01  # what a quantile of durations may be off


@dataclass(frozen=True)
class Case:
    """A configuration over generated files; `as_of` ms or None, `every` as the option takes it."""

    config: str
    company: Company
    as_of: int | None = None
    every: str | None = None


SPRING = 1_774_569_600_000  # 2026-03-27T00:00Z; clocks change on the 29th
NOVEMBER = 1_793_404_800_000  # 2026-10-31T00:00Z; North America's change on the 1st
CASES = {
    "three days over a clock change": Case(DEFAULTS, Company(seed=1, n=1500)),
    "three days, cut in the middle": Case(
        DEFAULTS, Company(seed=2, n=1500, partitions=3), SPRING + DAY + 7 * HOUR + 123_456
    ),
    "a quiet end": Case(DEFAULTS, Company(seed=3, n=600, span=5 * HOUR), SPRING + 2 * DAY),
    "two hours, many a second": Case(DEFAULTS, Company(seed=4, n=2000, span=2 * HOUR)),
    "every variant over a clock change": Case(
        VARIANTS,
        Company(seed=5, n=1500, start=NOVEMBER, span=3 * DAY, lateness=HOUR, partitions=1),
    ),
    "every variant, ids forgotten": Case(
        VARIANTS,
        Company(
            seed=6,
            n=1500,
            lateness=2 * HOUR,
            topics=("survey_answers", "product_usage", "purchases", "campaign_events"),
            shares=Shares(response=0, copied=0.3, echoed=0.3, nameless=0.2),
        ),
    ),
    "nothing but revisions": Case(
        VARIANTS,
        Company(
            seed=11,
            n=1500,
            span=8 * HOUR,
            lateness=8 * HOUR,
            topics=("survey_answers", "ticket_closures"),
            shares=Shares(response=1, revised=0.9, tied=0.3, excluded=0.1, disordered=0.5),
        ),
    ),
    "entities forgotten": Case(
        FORGETFUL,
        Company(
            seed=12,
            n=1500,
            span=DAY,
            lateness=HOUR,
            shares=Shares(response=1, revised=0.8, echoed=0.2),
        ),
    ),
    "entities forgotten, every hour": Case(
        FORGETFUL,
        Company(
            seed=13,
            n=400,
            span=12 * HOUR,
            lateness=HOUR,
            topics=("survey_answers", "ticket_closures"),
            shares=Shares(response=1, revised=0.8, disordered=0.5),
        ),
        every="1h",
    ),
    "a year in units of the calendar": Case(
        MONTHS, Company(seed=7, n=1500, span=300 * DAY, partitions=1)
    ),
    "all is poison": Case(DEFAULTS, Company(seed=8, n=800, shares=Shares(poison=1))),
    "every six hours": Case(DEFAULTS, Company(seed=9, n=500), every="6h"),
    "every 25 minutes at an edge": Case(
        VARIANTS,
        Company(seed=10, n=300, start=NOVEMBER, span=4 * HOUR, lateness=HOUR),
        NOVEMBER + 4 * HOUR,
        "25m",
    ),
}


def replay(config: str, files: Lines, options: Sequence[str], where: Path) -> tuple[str, str]:
    """Run the command; give back what it wrote to stdout and stderr."""
    (where / "ressenti.toml").write_text(config)
    arguments = ["replay", "-c", str(where / "ressenti.toml"), *options]
    for topic, partitions in files.items():
        for number, lines in enumerate(partitions):
            path = where / f"{topic}-{number}.jsonl"
            path.write_bytes(b"".join(line + b"\n" for line in lines))
            arguments.append(f"{topic}={path}")
    done = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    return done.stdout, done.stderr


def compact(update: Update) -> str:
    """The contract's key of an update."""
    key = [update[name] for name in ("metric", "variant", "window", "segment", "by")]
    return json.dumps(key, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def pictures(stdout: str) -> dict[str, dict[str, Update]]:
    """Printed updates by as-of and key, in the order of printing."""
    found: dict[str, dict[str, Update]] = {}
    for line in stdout.splitlines():
        update = json.loads(line)
        picture = found.setdefault(update["as_of"], {})
        assert compact(update) not in picture
        picture[compact(update)] = update
    return found


def counters(stderr: str) -> dict[str, Counter[str]]:
    """Counts of lines by topic and verdict, as the command told them; all reasons are one."""
    found: dict[str, Counter[str]] = {}
    for topic, told in re.findall(r"^(\w+): (.*)$", stderr, re.MULTILINE):
        counts = found.setdefault(topic, Counter())
        for n, verdict in re.findall(r"(\d+) (\w+)", told):
            counts[verdict] += int(n)
    return found


def differences(got: Update, expected: Update) -> Iterator[str]:
    """Fields in which two updates differ: numbers by more than they may, the rest at all."""
    sketched = expected["metric"] == "aht" and expected["variant"] == "quantile"
    allowed = SKETCHED if sketched else 1e-9
    scale = max(abs(expected["value"] or 0), abs(expected["previous"] or 0))
    for name, value in expected.items():
        if name not in FLOATS:
            if got[name] != value:
                yield f"{name}: {got[name]!r}, expected {value!r}"
        elif (got[name] is None) != (value is None) or not math.isclose(
            got[name] or 0,
            value or 0,
            rel_tol=allowed,
            abs_tol=(2 * allowed if sketched else 1e-11) * scale if name == "change" else 1e-12,
        ):
            yield f"{name}: {got[name]!r}, expected {value!r}"


def assert_same(got: dict[str, Update], expected: dict[str, Update]) -> None:
    """The same keys in key order, the same content."""
    assert list(got) == sorted(got)
    extra, missing = sorted(set(got) - set(expected)), sorted(set(expected) - set(got))
    assert not extra, f"{len(extra)} of {len(got)} too many: {extra[:5]}"
    assert not missing, f"{len(missing)} of {len(expected)} missing: {missing[:5]}"
    faults = {
        key: list(differences(got[key], expected[key]))
        for key in expected
        if any(differences(got[key], expected[key]))
    }
    assert not faults, f"{len(faults)} of {len(expected)}: {dict(list(faults.items())[:5])}"


@pytest.mark.parametrize("name", CASES)
def test_replay_is_the_plain_batch(name: str, tmp_path: Path) -> None:
    """Keys, order, every field and every count agree, at as-of and at every tick before."""
    case = CASES[name]
    files = generate(case.company)
    options = [] if case.as_of is None else ["--as-of", str(case.as_of)]
    options += ["--every", case.every] if case.every else []
    expected = batch(tomllib.loads(case.config), files, case.as_of, case.every)
    stdout, stderr = replay(case.config, files, options, tmp_path)
    got = pictures(stdout)
    wanted = {**expected.ticks, expected.as_of or 0: expected.updates}
    assert list(map(stamp, got)) == [at for at, picture in sorted(wanted.items()) if picture]
    for as_of, picture in got.items():
        assert_same(picture, wanted[stamp(as_of)])
    told = counters(stderr)
    for topic, counts in expected.counters.items():
        assert {verdict: told[topic][verdict] for verdict in counts} == counts


@pytest.mark.shared
@pytest.mark.parametrize("shape", [{}, {"number": 3, "seed": 1, "doubled": True}])
def test_replay_of_the_real_survey_is_the_plain_batch(
    shape: dict[str, Any], tmp_path: Path
) -> None:
    """In file order, and shuffled, doubled and in pieces."""
    files = {"survey_answers": survey.partitions(survey.path(), **shape)}
    expected = batch(tomllib.loads(SURVEY), files)
    (got,) = pictures(replay(SURVEY, files, [], tmp_path)[0]).values()
    assert_same(got, expected.updates)


SURVEY = f"""
zone = "{survey.ZONE}"
dimensions = ["strata", "airline"]
groupings = [[], ["strata"], ["strata", "airline"]]
[topics]
survey_answers = "survey.answers"
[windows]
rolling = ["24h", "30d"]
calendar = ["today", "week", "month"]
allowed_lateness = "40d"
dedupe_for = "60d"
"""


def test_the_comparison_sees_small_differences() -> None:
    """A value off by a billionth part, a count off by one, a null for a zero."""
    (update,) = (
        update
        for key, update in batch(
            tomllib.loads(DEFAULTS), {"survey_answers": [[ANSWER]]}
        ).updates.items()
        if key == '["nps","default","24h",{},{}]'
    )
    assert not list(differences(update, update))
    assert list(differences(update | {"value": 100 * (1 + 2e-9)}, update))
    assert list(differences(update | {"n": 2}, update))
    assert list(differences(update | {"previous": 0.0}, update))


ANSWER = b'{"at": "2026-03-27T10:00:00Z", "type": "nps", "score": 9}'
