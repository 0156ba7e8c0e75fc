"""The command line as a whole: its help, and how it ends when one has seen enough."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from stream.cli import main

RESSENTI = (sys.executable, "-m", "stream")
ANSWER = '{"at":"2026-11-22T10:00:00Z","type":"nps","score":9}\n'


def commands(group: click.Group) -> Iterator[click.Command]:
    """Every command, those of groups too."""
    for command in group.commands.values():
        yield command
        if isinstance(command, click.Group):
            yield from commands(command)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration for replays."""
    file = tmp_path / "ressenti.toml"
    file.write_text('[topics]\nsurvey_answers = "survey.answers"\n')
    return file


@pytest.mark.parametrize("command", list(commands(main)), ids=lambda command: command.name)
def test_every_command_has_an_example_and_a_line(command: click.Command) -> None:
    """`--help` shows what to type, and the list of commands what each does, uncut."""
    assert command.short_help
    assert isinstance(command, click.Group) or "Example" in (command.epilog or "")


def test_ctrl_c_ends_a_replay_without_a_trace(config: Path, tmp_path: Path) -> None:
    """130, as shells say it; a pipe that nobody writes to keeps the replay waiting."""
    pipe = tmp_path / "answers.jsonl"
    os.mkfifo(pipe)
    child = subprocess.Popen(
        [*RESSENTI, "replay", "-c", config, f"survey_answers={pipe}"], stderr=subprocess.PIPE
    )
    try:
        with pipe.open("w"):  # open at both ends: it reads
            child.send_signal(signal.SIGINT)
            _, stderr = child.communicate(timeout=60)
    finally:
        child.kill()
    assert (child.returncode, stderr) == (130, b"\n")


def test_a_reader_that_has_seen_enough_ends_a_replay_quietly(config: Path, tmp_path: Path) -> None:
    """As in `ressenti replay ... | head -1`: no message, no trace."""
    answers = tmp_path / "answers.jsonl"
    answers.write_text(ANSWER)
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*RESSENTI, "replay", "-c", config, f"survey_answers={answers}"],
        stdout=write,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (1, b"")


def test_a_full_disk_is_told(config: Path, tmp_path: Path) -> None:
    """Values that were not written are no success."""
    answers = tmp_path / "answers.jsonl"
    answers.write_text(ANSWER)
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*RESSENTI, "replay", "-c", config, f"survey_answers={answers}"],
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, b"ressenti: No space left on device\n")


@pytest.mark.parametrize(("shell", "mark"), [("bash", "complete"), ("zsh", "compdef")])
def test_the_shell_gets_a_script(shell: str, mark: str) -> None:
    """The script asks the command itself, which knows its own commands."""
    done = subprocess.run(
        [*RESSENTI, "completion", shell], capture_output=True, text=True, timeout=60, check=True
    )
    assert mark in done.stdout
    assert f"_RESSENTI_COMPLETE={shell}_complete" in done.stdout
    asked = {"_RESSENTI_COMPLETE": "bash_complete", "COMP_WORDS": "ressenti ch", "COMP_CWORD": "1"}
    environ = {**os.environ, **asked}
    told = subprocess.check_output(RESSENTI, env=environ, text=True, timeout=60)
    assert told == "plain,check\n"
