"""`ressenti completion`: a script that makes the shell complete commands and options."""

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")
WHERE = """\
Example, in ~/.bashrc: eval "$(ressenti completion bash)"

In ~/.zshrc: eval "$(ressenti completion zsh)"

As ~/.config/fish/completions/ressenti.fish: ressenti completion fish
"""


@click.command(epilog=WHERE, short_help="Print a script for completion in the shell.")
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print a script that makes SHELL complete commands and options of ressenti."""
    found = get_completion_class(shell)
    if found:
        root = ctx.find_root().command
        click.echo(found(root, {}, "ressenti", "_RESSENTI_COMPLETE").source())
