"""The configuration reference, made from the records themselves: `docs/configuration.md`.

`python -m stream.document` renews it; a test fails when the file differs.
"""

from collections.abc import Iterator, Mapping

import msgspec

from metrics import duration
from metrics.catalog import METRICS
from metrics.metric import Metric
from stream.settings.kind import DURATION, DURATION_OR_NONE
from stream.settings.metric import STANDARD, THIN_BELOW, metric_keys
from stream.settings.root import Settings
from stream.settings.section import Entry, Key, entries

EXAMPLE = """\
zone = "Europe/Paris"
dimensions = ["region", "product"]
groupings = [[], ["region"], ["region", "product"]]

[kafka]
bootstrap = "127.0.0.1:9092"
group = "ressenti"

[topics]
survey_answers = "survey.answers"
ticket_closures = { name = "ticket.closures" }

[redis]
url = "redis://127.0.0.1:6379/0"

[windows]
rolling = ["1h", "24h", "30d"]
calendar = ["today", "week"]

[metrics.nps]
variants = ["mean", "promoters"]

[metrics.csat]
thresholds = { "1-5" = 4 }

[targets]
nps = 40

[prometheus]
windows = ["24h", "today"]
"""

INTRODUCTION = f"""\
# Configuration

<!-- Made by `python -m stream.document`: change it there. -->

One TOML file (`-c FILE`), every key of which can also be a variable of the environment:
`RESSENTI_` and the key in capitals, with `__` where it has a dot. `kafka.bootstrap` is
`RESSENTI_KAFKA__BOOTSTRAP`, `metrics.nps.variants` is `RESSENTI_METRICS__NPS__VARIANTS`.
Lists and tables are JSON there: `["mean","promoters"]`. A variable wins over the file and replaces
what it names, whole. A *secret* can be in a file of its own: `RESSENTI_PRIVACY__HASH_KEY_FILE`
names it, and a newline at its end is no part of it.

Everything is read once, at the start. All faults are reported together, each with its key, what is
expected and the nearest name, and never with a value; a command then exits with 2.

```toml
{EXAMPLE}```

Durations are a whole number and one of `ms s m h d`.
"""

HEAD = "\n| key | type | default | meaning |\n|---|---|---|---|"


def render() -> str:
    """Write the reference, as Markdown."""
    tops = [entry for entry in entries(Settings) if not entry.section and entry.name != "metrics"]
    parts = [INTRODUCTION, HEAD.strip("\n"), *(_row(entry.name, entry) for entry in tops)]
    for entry in entries(Settings):
        if entry.section:
            parts += _section(entry.name, entry.section)
        elif entry.name == "metrics":
            parts += _metrics()
    return "\n".join(parts) + "\n"


def _section(name: str, section: type[msgspec.Struct]) -> Iterator[str]:
    yield f"\n## `[{name}]`\n"
    yield str(section.__doc__).partition("\n\n")[0].replace("\n", " ")
    yield HEAD
    yield from (_row(f"{name}.{entry.name}", entry) for entry in entries(section))


def _metrics() -> Iterator[str]:
    yield "\n## `[metrics]`\n"
    yield "What to compute of the catalog. Without configuration everything is, as it stands here."
    yield HEAD
    yield _line("metrics.thin_below", THIN_BELOW, "30")
    for name, (key, owners) in _metric_keys().items():
        only = "" if len(owners) == len(METRICS) else f" Of {_names(owners)} only."
        told = Key(key.kind, key.meaning + only)
        yield _line(f"metrics.<metric>.{name}", told, _metric_default(name))
    yield "\n| metric | variants | without configuration |\n|---|---|---|"
    for metric in METRICS.values():
        plain = _names(STANDARD[metric.name].variants)
        yield f"| `{metric.name}` | {_variants(metric)} | {plain} |"


def _metric_keys() -> dict[str, tuple[Key, list[str]]]:
    """Give every key that a metric's table may have, and the metrics that have it."""
    found: dict[str, tuple[Key, list[str]]] = {}
    for metric in METRICS.values():
        for name, key in metric_keys(metric).items():
            found.setdefault(name, (key, []))[1].append(metric.name)
    return found


def _metric_default(name: str) -> str:
    return {"variants": "see below", "enabled": "true", "low_is_good": "false"}.get(name, "{}")


def _variants(metric: Metric) -> str:
    return _names(variant.name for variant in metric.variants)


def _names(names: Iterator[str] | list[str] | tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _row(name: str, entry: Entry) -> str:
    return _line(name, entry.key, _default(entry)) if entry.key else ""


def _line(name: str, key: Key, default: str) -> str:
    words = key.kind.words + (", *secret*" if key.kind.is_secret else "")
    shown = default if default in {"none", "see below"} else f"`{default}`"
    return f"| `{name}` | {words} | {shown} | {key.meaning} |"


def _default(entry: Entry) -> str:
    """Write a default as TOML has it."""
    value = entry.default
    if entry.key and entry.key.kind in (DURATION, DURATION_OR_NONE) and isinstance(value, int):
        return f'"{duration.name(value)}"'
    return "none" if value is None or value == "" else _toml(value)


def _toml(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, bool | int):
        return str(value).lower()
    return f'"{getattr(value, "name", value)}"'
