"""The page of messages, `docs/errors.md`: made of the cases, and the golden file of their tests.

Renew it with `python -m tests.golden.renew`, and read what has changed.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from tests.golden.case import CONFIG, Case, Said

FILE = Path(__file__).parents[2] / "docs" / "errors.md"

FINE = re.compile(r"(^ok   .*\n)+", re.MULTILINE)

HEAD = """\
# Messages

<!-- Made by `python -m tests.golden.renew`: change the cases in tests/golden. -->

What the commands say when something is wrong, to the letter, and what to do about it. Data go to
stdout, errors to stderr. A command ends with 0 when it is done, with 1 when it failed, and with 2
when the command line or the configuration is wrong.

`ressenti check -c FILE` looks at everything that a worker needs before one is started; what is
fine is left out below (`...`) but for the last case.
"""


def section(case: Case, said: Said) -> str:
    """Write one case."""
    parts = [f"### {case.title}", ""]
    if case.config:
        parts += ["```toml", f"# {CONFIG}", case.config.rstrip("\n"), "```", ""]
    parts += ["```console", *_typed(case), "```", ""]
    stdout = said.stdout if case.whole else FINE.sub("...\n", said.stdout)
    for name, text in (("stdout", stdout), ("stderr", said.stderr)):
        if text:
            parts += [f"On {name}:", "", "```text", text.rstrip("\n"), "```", ""]
    return "\n".join([*parts, f"It ends with {said.code}.", ""])


def _typed(case: Case) -> Iterable[str]:
    yield from (f"$ export {name}={value}" for name, value in case.environ.items())
    yield f"$ ressenti {case.command}"


def page(chapters: Iterable[tuple[str, Iterable[str]]]) -> str:
    """Write the whole page: chapters, each with its sections."""
    parts = [HEAD]
    for title, sections in chapters:
        parts += [f"## {title}\n", *sections]
    return "\n".join(parts)


def sections() -> dict[str, str]:
    """Read the page as it is: its sections by title."""
    found = re.split(r"^(?=##)", FILE.read_text(), flags=re.MULTILINE)
    return {
        text.partition("\n")[0].removeprefix("### "): text.rstrip("\n") + "\n"
        for text in found
        if text.startswith("### ")
    }
