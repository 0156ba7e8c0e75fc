"""The command `ressenti`: one file per subcommand. Errors go to stderr, data to stdout."""

import click

from stream.cli.catalog import catalog
from stream.cli.check import check
from stream.cli.completion import completion
from stream.cli.demo import demo
from stream.cli.generate import generate
from stream.cli.group import Group
from stream.cli.replay import replay
from stream.cli.run import run
from stream.cli.topics import topics

EXAMPLE = """\
Example: ressenti check -c ressenti.toml && ressenti run -c ressenti.toml

Completion in the shell: ressenti completion -h
"""


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]}, epilog=EXAMPLE)
@click.version_option(package_name="ressenti", message="%(prog)s %(version)s")
def main() -> None:
    """Rolling and calendar-window customer-experience metrics from Kafka, exact to the event."""


main.add_command(demo)
main.add_command(run)
main.add_command(check)
main.add_command(topics)
main.add_command(replay)
main.add_command(generate)
main.add_command(catalog)
main.add_command(completion)
