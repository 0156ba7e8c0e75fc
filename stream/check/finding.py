"""A finding: one thing that was looked at, and what was seen."""

from typing import Literal, TypeAlias

import msgspec

Level: TypeAlias = Literal["ok", "note", "bad"]


class Finding(msgspec.Struct, frozen=True):
    """One line of the report.

    `bad` keeps a worker from starting or makes values wrong; `note` is advice. `subject` is what
    was looked at, by its key where it has one; `text` says what was seen, and after a semicolon
    what to do.
    """

    level: Level
    subject: str
    text: str


def ok(subject: str, text: str) -> Finding:
    """Make the finding of something that is as it should be."""
    return Finding("ok", subject, text)


def note(subject: str, text: str) -> Finding:
    """Make the finding of something that works, and that one should know."""
    return Finding("note", subject, text)


def bad(subject: str, text: str) -> Finding:
    """Make the finding of something that is wrong."""
    return Finding("bad", subject, text)


def counted(number: int, noun: str) -> str:
    """Write a number of things.

    >>> counted(1, "broker"), counted(1200, "record")
    ('1 broker', '1,200 records')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
