"""The log: readable on a terminal, JSON elsewhere, and silent where a command tells all itself."""

import json
import os
import pty
import re
import subprocess
import sys

PROGRAM = """
import logging, structlog
from stream import log
log.{step}()
structlog.get_logger().info("topics created", topics=["a", "b"])
logging.getLogger("aiokafka").warning("no %s", "broker")
logging.getLogger("aiokafka").info("not of interest")
try:
    1 / 0
except ZeroDivisionError:
    structlog.get_logger().exception("failed")
"""


def on_a_terminal(step: str) -> str:
    """What the program writes to a terminal."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", PROGRAM.format(step=step)]
    with subprocess.Popen(command, stderr=theirs, env={**os.environ, "NO_COLOR": "1"}) as child:
        child.wait(60)
        os.close(theirs)
    text = b""
    try:
        while chunk := os.read(ours, 4096):
            text += chunk
    except OSError:  # what a terminal says at its end
        os.close(ours)
    return re.sub(r"\x1b\[\d*m", "", text.decode())


def elsewhere(step: str) -> list[str]:
    """The lines that the program writes to a pipe."""
    command = [sys.executable, "-c", PROGRAM.format(step=step)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == ""
    return done.stderr.splitlines()


def test_elsewhere_every_line_is_json() -> None:
    """Time, level and event come first, in UTC; a trace is part of its line."""
    lines = [json.loads(line) for line in elsewhere("configure")]
    assert [list(line)[:3] for line in lines] == [["timestamp", "level", "event"]] * 3
    assert all(line["timestamp"].endswith("Z") for line in lines)
    assert lines[0]["topics"] == ["a", "b"]
    assert lines[1]["event"] == "no broker"
    assert "ZeroDivisionError" in lines[2]["exception"]


def test_on_a_terminal_a_list_is_written_as_by_hand() -> None:
    """No brackets and quotes of Python's; the time of day stands first."""
    text = on_a_terminal("configure")
    assert re.match(r"\d\d:\d\d:\d\d \[info +\] topics created +topics=", text)
    assert "a, b" in text.splitlines()[0]
    assert "[" not in text.splitlines()[0].partition("topics=")[2]
    assert "no broker" in text
    assert "ZeroDivisionError" in text
    assert "not of interest" not in text


def test_silence_is_silence() -> None:
    """Neither we nor the libraries write a line."""
    assert elsewhere("silence") == []
