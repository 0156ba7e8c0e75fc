"""A replay over files says what the plain batch says: every key, every field, every count."""

import json
import math
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from stream.cli import main
from tests.data import survey
from tests.data.case import CASES, DEFAULTS
from tests.data.company import Lines, generate
from tests.reference import batch
from tests.reference.field import stamp

Update = dict[str, Any]
FLOATS = ("value", "margin", "low", "high", "previous", "change")
SKETCHED = 0.01  # what a quantile of durations may be off


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


def test_revisions_grow_with_what_is_known_and_with_nothing_after_as_of(tmp_path: Path) -> None:
    """A reader that keeps the greatest (`revision`, `window_end`) ends with the last value.

    21st 23:00   score 3 ── day:2026-11-21 is -100 at 01:00
    22nd 01:30   revised to 9 ────────────── it is 100 at 02:00, its window's end is the same
    22nd 12:00   after as-of
    """
    answer = {"type": "nps", "response_id": "r"}
    lines = [
        json.dumps({**answer, "at": f"2026-11-{at}:00Z", "score": score, "revision": revision})
        for at, score, revision in (("21T23:00", 3, 0), ("22T01:30", 9, 1), ("22T12:00", 9, 2))
    ]
    config = '[topics]\nsurvey_answers = "a"\n[windows]\ncalendar = ["today"]\n'
    options = ["--every", "1h", "--as-of", "2026-11-22T02:00:00Z"]
    for held in (lines, lines[:2]):
        found = {"survey_answers": [[line.encode() for line in held]]}
        told = replay(config, found, options, tmp_path)[0].splitlines()
        said = [
            (update["revision"], update["window_end"], update["value"])
            for update in map(json.loads, told)
            if update["window"] == "day:2026-11-21" and update["metric"] == "nps"
        ]
        assert [value for _, _, value in said] == [-100.0, -100.0, 100.0]
        assert max(said) == said[-1]
        assert max(said)[0] == 2
