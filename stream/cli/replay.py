"""`ressenti replay`: the same numbers from files, without a broker."""

import sys
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

import click

from metrics import instant
from metrics.error import InvalidEvent
from metrics.update import encode
from stream.cli import option
from stream.reader import Reader, hash_key
from stream.replay import File, Replay
from stream.settings import Settings
from stream.settings.topic import INPUTS

KEY = "a replay needs no secret, as no hash leaves it"


def _instant(_: click.Context, __: click.Parameter, texts: Sequence[str]) -> list[int]:
    try:
        return [instant.read(int(text) if text.isdecimal() else text) for text in texts]
    except InvalidEvent as error:
        raise click.BadParameter(f"{error.detail}, such as 2026-11-22T10:00:00Z") from None


@click.command(
    epilog="Example: ressenti replay -c ressenti.toml survey_answers=answers.jsonl",
    short_help="Compute the same values from files, without Kafka.",
)
@option.config
@click.option(
    "--as-of",
    "as_ofs",
    multiple=True,
    callback=_instant,
    metavar="TIME",
    help="Values as of this time (RFC 3339 or epoch milliseconds); may be repeated.",
)
@click.option(
    "--every",
    callback=option.span,
    metavar="DURATION",
    help="Also at each multiple of this, counted from local midnight of 1970-01-01.",
)
@click.argument("files", nargs=-1, required=True, metavar="TOPIC=FILE.jsonl ...")
def replay(path: Path | None, as_ofs: list[int], every: int | None, files: tuple[str, ...]) -> None:
    """Compute values from JSON Lines files, each one a partition of TOPIC, and print updates."""
    settings = option.read(path)
    inputs = _files(settings, files)
    with option.told():
        for file in inputs:
            file.path.stat()  # a name that is wrong is told before the rest is read
        for as_of in as_ofs or (None,):
            run = Replay(settings.plan(), as_of, every)
            with option.progress(_size(inputs), "reading") as advance:
                for file in inputs:
                    run.read(file, advance)
            _print(run)


def _files(settings: Settings, texts: Sequence[str]) -> list[File]:
    """Read `TOPIC=FILE`: TOPIC is an input's key, or its topic where it has one."""
    plan = settings.plan()
    key = hash_key(settings.privacy.hash_key or KEY)
    sources = {name: key for key, name in settings.topics.inputs().items()}
    readers: dict[str, Reader] = {}
    found = []
    for text in texts:
        topic, _, path = text.partition("=")
        source = sources.get(topic, topic)
        if source not in INPUTS or not path:
            raise click.UsageError(_misread(text, topic, path, [*INPUTS, *sources]))
        if source not in readers:
            readers[source] = Reader(source, plan, key)
        found.append(File(readers[source], Path(path)))
    return found


def _size(files: Sequence[File]) -> int:
    return sum(file.path.stat().st_size for file in files)


def _misread(text: str, topic: str, path: str, known: Sequence[str]) -> str:
    """Say what is wrong with a `TOPIC=FILE`, given the topics that there are."""
    if topic in known:
        return f"{text!r}: expected TOPIC=FILE, such as {topic}={path or 'events.jsonl'}"
    near = get_close_matches(topic, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"expected one of {', '.join(known)}"
    return f"{text!r}: unknown TOPIC, {hint}"


def _print(run: Replay) -> None:
    write = sys.stdout.buffer.write
    for update in run.updates():
        write(encode(update) + b"\n")
    sys.stdout.flush()
    for source, counted in sorted(run.outcomes.items()):
        told = ", ".join(f"{n} {outcome}" for outcome, n in sorted(counted.items()) if n)
        click.echo(f"{source}: {told or 'nothing'}", err=True)
