"""A group of commands: the nearest name for a wrong one, and a quiet end by Ctrl-C."""

from difflib import get_close_matches
from typing import Any

import click

INTERRUPTED = 130  # 128 + SIGINT, as shells say it


class Group(click.Group):
    """As click has it, and kinder to who mistypes or has seen enough."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; for one that is not there, tell the nearest."""
        name, names = args[0], self.list_commands(ctx)
        if name not in names and not name.startswith("-") and not ctx.resilient_parsing:
            near = get_close_matches(name.lower(), names, n=1)
            listed = f"expected one of {', '.join(names)}"
            ctx.fail(f"No such command {name!r}, {f'did you mean {near[0]}?' if near else listed}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; Ctrl-C ends it without a trace."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo(err=True)
            ctx.exit(INTERRUPTED)
