"""`ressenti generate`: the events of a made-up company, to files or topics."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from itertools import islice
from pathlib import Path

import click
import msgspec

from metrics import duration, instant
from metrics.duration import DAY
from metrics.error import InvalidEvent
from stream import log
from stream.cli import option
from stream.client import Client
from stream.company import SOURCES, Company, CompanyError, Line, Shares, lines
from stream.ending import until_signal
from stream.feed import Feed
from stream.settings import Settings

TOGETHER = 5_000  # lines written between two steps of the progress bar


class Order(msgspec.Struct, frozen=True):
    """What the command was asked for, by its options."""

    path: Path | None
    out: Path | None
    seed: int
    rate: float
    customers: int
    start: int | None
    span: int | None
    only: tuple[str, ...]
    duplicates: float
    late: float
    broken: float

    def company(self, sources: Iterable[str]) -> Company:
        """Describe the company, with events for these inputs; raises `click.UsageError`."""
        shares = {"duplicates": self.duplicates, "late": self.late, "broken": self.broken}
        try:
            return Company(
                seed=self.seed,
                rate=self.rate,
                customers=self.customers,
                shares=Shares(**shares),
                sources=tuple(sources),
            )
        except CompanyError as error:
            raise click.UsageError(str(error)) from None


def _start(_: click.Context, __: click.Parameter, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return instant.read(_ago(text) or (int(text) if text.isdecimal() else text))
    except InvalidEvent as error:
        raise click.BadParameter(f"{error.detail}, or a duration such as 30d") from None


def _ago(text: str) -> int | None:
    try:
        return _now() - duration.parse(text)
    except duration.DurationError:
        return None


def _share(name: str, meaning: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return click.option(
        f"--{name}",
        type=click.FloatRange(0, 1),
        default=0.0,
        metavar="SHARE",
        help=f"Share of events that {meaning}.",
    )


@click.command(
    epilog="Examples: ressenti generate --start 30d --rate 0.1 --out history; "
    "ressenti generate -c ressenti.toml --rate 50 --broken 0.01"
)
@option.config
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Write files, one <input>.jsonl each, instead of the topics of the configuration.",
)
@click.option("--seed", default=0, show_default=True, help="Another seed, another company.")
@click.option(
    "--rate",
    default=10.0,
    show_default=True,
    help="Events a second, the mean over a week: nights and weekends are quieter.",
)
@click.option("--customers", default=5_000, show_default=True, help="How many customers it has.")
@click.option(
    "--start",
    callback=_start,
    metavar="TIME",
    help="When the first event arrives: RFC 3339, epoch milliseconds, or how long ago, such as "
    "30d. Default: now for topics; for files --for ago.",
)
@click.option(
    "--for",
    "span",
    callback=option.span,
    metavar="DURATION",
    help="For how long events arrive. Default: for ever to topics; to files until now, or 24h.",
)
@click.option(
    "--only",
    multiple=True,
    type=click.Choice(SOURCES),
    metavar="INPUT",
    help=f"Only this input, may be repeated: {', '.join(SOURCES)}.",
)
@_share("duplicates", "are sent twice")
@_share("late", "arrive one hour to three days after they happened")
@_share("broken", "cannot be read")
def generate(**options: object) -> None:
    """Make up the events of a small company: to files, or to the topics of a configuration.

    The same options give the same events, if --start is a time. To topics, events of the past are
    written as fast as the broker takes them, later ones as time goes by; SIGTERM or Ctrl-C ends it.
    """
    order = msgspec.convert(options, Order)
    if order.out and order.path:
        raise click.UsageError("--out and -c: give one of them, files or topics")
    with option.told():
        _to_files(order, order.out) if order.out else _to_topics(order)


def _to_files(order: Order, folder: Path) -> None:
    company = order.company(order.only or SOURCES)
    paths = {source: folder / f"{source}.jsonl" for source in company.sources}
    there = [str(path) for path in paths.values() if path.exists()]
    if there:
        raise click.UsageError(f"--out: {there[0]} is there already; name another folder")
    start, end = _past(order)
    written: Counter[str] = Counter()
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack, option.progress(end - start, "writing") as advance:
        files = {key: stack.enter_context(path.open("wb")) for key, path in paths.items()}
        for batch in _batched(lines(company, start, end), TOGETHER):
            for line in batch:
                files[line.source].write(line.value + b"\n")
            written.update(str(paths[line.source]) for line in batch)
            advance(batch[-1].at - start)
            start = batch[-1].at
    _tell(written)


def _past(order: Order) -> tuple[int, int]:
    """Say when the events of files arrive, [start, end) in ms UTC."""
    now = _now()
    span = order.span or (DAY if order.start is None else now - order.start)
    if span <= 0:
        raise click.UsageError("--start: is not past, so say --for how long")
    start = now - span if order.start is None else order.start
    return start, start + span


def _to_topics(order: Order) -> None:
    settings = option.read(order.path)
    topics = _topics(order, settings)
    company = order.company(topics)
    start = _now() if order.start is None else order.start
    end = instant.END if order.span is None else start + order.span
    log.configure()
    asyncio.run(_feed(settings.kafka.client(), topics, lines(company, start, end), order.span))


async def _feed(
    client: Client, topics: dict[str, str], arriving: Iterator[Line], span: int | None
) -> None:
    feed = Feed(client, topics, until_signal())
    try:
        with _progress(span) as advance:
            await feed.run(arriving, advance)
    finally:
        _tell(feed.written)


def _topics(order: Order, settings: Settings) -> dict[str, str]:
    """Find the topics to write to, by input."""
    topics = settings.topics.inputs()
    unknown = set(order.only) - topics.keys()
    if unknown:
        raise click.UsageError(f"--only: [topics] has no {', '.join(sorted(unknown))}")
    if not topics:
        raise click.UsageError("no topic to write to: list inputs in [topics], or give --out")
    return {source: topics[source] for source in order.only or topics}


def _progress(span: int | None) -> AbstractContextManager[Callable[[int], None]]:
    """Show a bar where there is an end."""
    return nullcontext(lambda _: None) if span is None else option.progress(span, "writing")


def _batched(lines: Iterator[Line], n: int) -> Iterator[Sequence[Line]]:
    while batch := tuple(islice(lines, n)):
        yield batch


def _tell(written: Counter[str]) -> None:
    each = ", ".join(f"{n} to {name}" for name, n in sorted(written.items()))
    click.echo(f"{written.total()} events written{each and f': {each}'}", err=True)


def _now() -> int:
    return time.time_ns() // 1_000_000
