"""`ressenti generate` to files, and what it refuses."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from stream.cli import main
from stream.company import SOURCES

HOUR = ("--start", "2026-11-23T12:00:00Z", "--for", "1h", "--rate", "1")
TOML = """
dimensions = ["region"]
groupings = [[]]
[topics]
survey_answers = "survey.answers"
"""


def generate(*options: object) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, ["generate", *map(str, options)])


def test_each_input_has_its_file(tmp_path: Path) -> None:
    """What was written is told on stderr, and nothing is on stdout."""
    done = generate(*HOUR, "--out", tmp_path / "new" / "folder")
    files = {path.stem: path.read_bytes().splitlines() for path in tmp_path.rglob("*.jsonl")}
    assert set(files) == set(SOURCES)
    assert (done.exit_code, done.stdout) == (0, "")
    n = sum(map(len, files.values()))
    assert 3_000 < n < 7_000
    assert done.stderr.startswith(f"{n} events written: {len(files['campaign_events'])} to ")


def test_the_same_options_make_the_same_files(tmp_path: Path) -> None:
    """To the byte; another seed makes others."""
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        generate(*HOUR, "--seed", seed, "--broken", 0.1, "--out", tmp_path / folder)
    a, b, c = (
        {path.name: path.read_bytes() for path in (tmp_path / folder).iterdir()} for folder in "abc"
    )
    assert a == b
    assert all(a[name] != c[name] for name in a)


def test_a_replay_reads_the_files(tmp_path: Path) -> None:
    """At once, by the names of the inputs."""
    generate(*HOUR, "--only", "survey_answers", "--broken", 0.05, "--out", tmp_path)
    (tmp_path / "ressenti.toml").write_text(TOML)
    assert [path.name for path in tmp_path.glob("*.jsonl")] == ["survey_answers.jsonl"]
    file = f"survey_answers={tmp_path / 'survey_answers.jsonl'}"
    done = CliRunner().invoke(main, ["replay", "-c", f"{tmp_path / 'ressenti.toml'}", file])
    nps = next(
        update
        for update in map(json.loads, done.stdout.splitlines())
        if (update["metric"], update["window"]) == ("nps", "1h")
    )
    assert nps["n"] > 500
    assert 0 < nps["value"] < 70
    assert "dead (json)" in done.stderr


def test_a_start_may_be_a_while_ago(tmp_path: Path) -> None:
    """Without --for, files end now; without both they hold a day."""
    ago = generate("--start", "3h", "--rate", 0.1, "--out", tmp_path / "ago")
    day = generate("--rate", 0.1, "--out", tmp_path / "day")
    n, m = (int(done.stderr.partition(" ")[0]) for done in (ago, day))
    assert 300 < n < 2_000
    assert 5_000 < m < 13_000


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--out", "x", "-c", "x.toml"), "--out and -c: give one of them"),
        ((), "no topic to write to"),
        (("--rate", "0", "--out", "x"), "rate: expected more than 0"),
        (("--customers", "1", "--out", "x"), "customers: expected 4 to"),
        (("--late", "0.6", "--broken", "0.6", "--out", "x"), "at most 1 together"),
        (("--late", "2", "--out", "x"), "'--late'"),
        (("--only", "answers", "--out", "x"), "'--only'"),
        (("--start", "yesterday", "--out", "x"), "or a duration such as 30d"),
        (("--start", "20000d", "--out", "x"), "years 2000 to 2099"),
        (("--for", "a while", "--out", "x"), "not a duration"),
        (("--start", "2099-01-01T00:00:00Z", "--out", "x"), "say --for how long"),
    ],
)
def test_what_makes_no_sense_is_refused(
    options: tuple[str, ...], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With exit code 2, a message that says what, and no file."""
    monkeypatch.chdir(tmp_path)
    done = generate(*options)
    assert done.exit_code == 2
    assert words in done.stderr
    assert not list(tmp_path.iterdir())


def test_no_file_is_overwritten(tmp_path: Path) -> None:
    """A file that is there is named and stays as it is."""
    mine = tmp_path / "costs.jsonl"
    mine.write_text("mine")
    done = generate(*HOUR, "--out", tmp_path)
    assert done.exit_code == 2
    assert "costs.jsonl is there already" in done.stderr
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


def test_an_input_without_a_topic_is_refused(tmp_path: Path) -> None:
    """`--only` names inputs that the configuration has."""
    (tmp_path / "ressenti.toml").write_text(TOML)
    done = generate("-c", tmp_path / "ressenti.toml", "--only", "costs")
    assert done.exit_code == 2
    assert "--only: [topics] has no costs" in done.stderr
