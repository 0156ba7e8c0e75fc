"""`ressenti topics`: what topics an installation needs, and making those that are missing."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from stream import broker, log
from stream.cli import option
from stream.cli.group import Group
from stream.client import Client
from stream.layout import topic_names, wanted
from stream.settings import Settings
from stream.topic import Difference, Topic, compare


class Plan(msgspec.Struct, frozen=True):
    """How the cluster differs from what an installation needs."""

    wanted: Sequence[Topic]
    differences: Sequence[Difference]
    absent: Sequence[str]
    """Source topics that are not there: they are not ours to make."""

    @property
    def missing(self) -> list[Topic]:
        """The topics that we can create."""
        return [difference.topic for difference in self.differences if difference.missing]

    @property
    def left(self) -> list[Difference]:
        """What only a person can change."""
        return [difference for difference in self.differences if not difference.missing]


@click.group(cls=Group, short_help="Show and make the topics that a worker needs.")
def topics() -> None:
    """Show which topics an installation needs, and make those that are missing."""


@topics.command(
    epilog="Example: ressenti topics plan -c ressenti.toml",
    short_help="Show what would be made, and what differs.",
)
@option.config
def plan(path: Path | None) -> None:
    """Show what `apply` would create, and what differs; change nothing.

    Exits with 1 if there is something that only a person can put right.
    """
    settings = option.read(path, needs=("topics",))
    log.silence()
    with option.told():
        found = asyncio.run(_plan(settings, settings.kafka.client()))
    _show(found, "create")
    _end(found)


@topics.command(
    epilog="Example: ressenti topics apply -c ressenti.toml",
    short_help="Create what is missing; change and delete nothing.",
)
@option.config
def apply(path: Path | None) -> None:
    """Create the topics that are missing; never change or delete one.

    Exits with 1 if there is something left that only a person can put right.
    """
    settings = option.read(path, needs=("topics",))
    log.silence()
    with option.told():
        found = asyncio.run(_apply(settings, settings.kafka.client()))
    _show(found, "created")
    _end(found)


async def _plan(settings: Settings, client: Client) -> Plan:
    names = topic_names(settings)
    there = await broker.describe(client, names.sources)
    needed = wanted(settings, there)
    found = await broker.describe(client, {topic.name for topic in needed})
    absent = [name for name in names.sources if name not in there]
    return Plan(needed, compare(needed, found), absent)


async def _apply(settings: Settings, client: Client) -> Plan:
    found = await _plan(settings, client)
    await broker.create(client, found.missing)
    return found


def _show(found: Plan, verb: str) -> None:
    width = max(len(topic.name) for topic in found.wanted)
    for topic in found.wanted:
        if topic in found.missing:
            click.echo(f"{verb:<8} {topic.name:<{width}}  {_described(topic)}")
        elif topic not in [difference.topic for difference in found.left]:
            click.echo(f"{'ok':<8} {topic.name}")
    for difference in found.left:
        click.echo(f"{'differs':<8} {difference.topic.name:<{width}}  {difference.problem}")
    for name in found.absent:
        click.echo(f"{'absent':<8} {name:<{width}}  a source topic")


def _described(topic: Topic) -> str:
    settings = " ".join(f"{key}={value}" for key, value in topic.settings().items())
    return f"partitions={topic.partitions} {settings}"


def _end(found: Plan) -> None:
    """Tell what is left for a person, if anything is, and end with 1."""
    left = [str(difference) for difference in found.left]
    if found.absent:
        left.append(str(broker.missing_sources(found.absent)))
    if left:
        option.fail("\n  ".join(["left for you to do:", *left]))
