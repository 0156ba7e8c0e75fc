"""The command `ressenti`: one file per subcommand. Errors go to stderr, data to stdout."""

import click

from stream.cli.catalog import catalog
from stream.cli.demo import demo
from stream.cli.generate import generate
from stream.cli.replay import replay
from stream.cli.run import run


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ressenti")
def main() -> None:
    """Rolling and calendar-window customer-experience metrics from Kafka, exact to the event."""


main.add_command(demo)
main.add_command(run)
main.add_command(replay)
main.add_command(generate)
main.add_command(catalog)
