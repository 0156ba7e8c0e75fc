"""`ressenti replay`: the same numbers from files, without a broker."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from metrics import instant
from metrics.error import InvalidEvent
from metrics.update import encode
from stream.cli import option
from stream.reader import Hashes, Reader, hash_key
from stream.replay import File, Replay
from stream.settings import Settings

KEY = "a replay needs no secret, as no hash leaves it"


def _instant(_: click.Context, __: click.Parameter, texts: Sequence[str]) -> list[int]:
    try:
        return [instant.read(int(text) if text.isdecimal() else text) for text in texts]
    except InvalidEvent as error:
        raise click.BadParameter(error.detail) from None


@click.command(epilog="Example: ressenti replay -c ressenti.toml survey_answers=answers.jsonl")
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
        for as_of in as_ofs or (None,):
            run = Replay(settings.plan(), as_of, every)
            with option.progress(_size(inputs), "reading") as advance:
                for file in inputs:
                    run.read(file, advance)
            _print(run)


def _files(settings: Settings, texts: Sequence[str]) -> list[File]:
    """Read `TOPIC=FILE`: TOPIC is an input's key, or its configured topic."""
    plan = settings.plan()
    hashes = Hashes(hash_key(settings.privacy.hash_key or KEY))
    sources = {name: key for key, name in settings.topics.inputs().items()}
    readers: dict[str, Reader] = {}
    found = []
    for text in texts:
        topic, _, path = text.partition("=")
        source = sources.get(topic, topic)
        if source not in sources.values() or not path:
            known = ", ".join([*sources.values(), *sources])
            raise click.UsageError(f"{text!r}: expected TOPIC=FILE, TOPIC being one of {known}")
        if source not in readers:
            readers[source] = Reader(source, plan, hashes)
        found.append(File(readers[source], Path(path)))
    return found


def _size(files: Sequence[File]) -> int:
    return sum(file.path.stat().st_size for file in files)


def _print(run: Replay) -> None:
    write = sys.stdout.buffer.write
    for update in run.updates():
        write(encode(update) + b"\n")
    sys.stdout.flush()
    for source, counted in sorted(run.outcomes.items()):
        told = ", ".join(f"{n} {outcome}" for outcome, n in sorted(counted.items()) if n)
        click.echo(f"{source}: {told or 'nothing'}", err=True)
