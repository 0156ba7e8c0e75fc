"""The peers: how each is installed, started, and what its answers look like."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / ".cache" / "peers"
OPENED = ("java.base/java.util", "java.base/java.lang", "java.base/java.time")  # for Flink


class Run(msgspec.Struct, frozen=True):
    """What a peer is told: where the broker is, what to read, where to answer, its own names."""

    bootstrap: str
    source: str
    answers: str
    group: str
    home: Path


Command = Callable[[Run], Sequence[str | Path]]
Read = Callable[[bytes | None, bytes | None], tuple[str, str] | None]
"""Reads an answer from a record's key and value; None for a record that is none."""


class Peer(msgspec.Struct, frozen=True):
    """One candidate; `sizes` are the two numbers of events that it is given."""

    name: str
    folder: str
    guarantee: str
    command: Command
    sizes: tuple[int, int]
    now: bool = False
    """Whether it answers as of now, each second, and not for each minute of event time."""
    partitions: int = 4

    def install(self) -> None:
        """Fetch what it needs into the cache, once; raises `CalledProcessError`."""
        if (HERE / self.folder / "pom.xml").exists():
            _java(self.folder)
        elif (HERE / self.folder / "requirements.txt").exists():
            _python(self.folder)


def read(key: bytes | None, value: bytes | None) -> tuple[str, str] | None:
    """Read `region|end` and `1,2,3`, from key and value or all from the value."""
    if value is None:
        return None
    text = value.decode() if key is None else f"{key.decode()}|{value.decode()}"
    place, _, counts = text.rpartition("|")
    return place, counts


class _Update(msgspec.Struct):
    metric: str
    variant: str
    window: str
    segment: dict[str, str]
    parts: dict[str, int]


def read_update(key: bytes | None, value: bytes | None) -> tuple[str, str] | None:
    """Read one of our updates: the region, and its parts."""
    if value is None:
        return None
    update = msgspec.json.decode(value, type=_Update)
    counts = (update.parts[name] for name in ("promoters", "passives", "detractors"))
    return update.segment["region"], ",".join(map(str, counts))


def _java(folder: str) -> None:
    libraries, classes = CACHE / folder / "libs", CACHE / folder / "classes"
    if not (CACHE / folder / ".fetched").exists():
        goal = ["dependency:copy-dependencies", "-DincludeScope=runtime"]
        command = ["mvn", "-q", "-B", *goal, f"-DoutputDirectory={libraries}"]
        subprocess.run(command, cwd=HERE / folder, check=True, timeout=900)
        (CACHE / folder / ".fetched").touch()
    source = HERE / folder / "Nps.java"
    compiled = ["javac", "-cp", f"{libraries}/*", "-d", str(classes), str(source)]
    subprocess.run(compiled, check=True, timeout=300)


def _python(folder: str) -> None:
    home = CACHE / folder / "venv"
    if not (CACHE / folder / ".fetched").exists():
        shutil.rmtree(home, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", home], check=True, timeout=120)
        wanted = str(HERE / folder / "requirements.txt")
        command = [f"{home}/bin/pip", "install", "--quiet", "-r", wanted]
        subprocess.run(command, check=True, timeout=900)
        (CACHE / folder / ".fetched").touch()


def _jvm(folder: str, *last: str) -> Command:
    opened = [f"--add-opens={name}=ALL-UNNAMED" for name in OPENED]
    path = f"{CACHE / folder / 'classes'}:{CACHE / folder / 'libs'}/*"
    quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"

    def command(run: Run) -> Sequence[str | Path]:
        told = [run.bootstrap, run.source, run.answers, run.group, str(run.home / run.group)]
        return [
            "java",
            "-Xmx1g",
            "-XX:+UseSerialGC",
            quiet,
            *opened,
            "-cp",
            path,
            "Nps",
            *told,
            *last,
        ]

    return command


def _script(folder: str) -> Command:
    def command(run: Run) -> Sequence[str | Path]:
        told = [run.bootstrap, run.source, run.answers, run.group, str(run.home / run.group)]
        return [CACHE / folder / "venv" / "bin" / "python", HERE / folder / "nps.py", *told]

    return command


def _ours(run: Run) -> Sequence[str | Path]:
    run.home.joinpath(f"{run.group}.toml").write_text(
        OURS.format(run=run, off="".join(f"[metrics.{name}]\nenabled = false\n" for name in OFF))
    )
    return [sys.executable, "-m", "stream", "run", "-c", run.home / f"{run.group}.toml"]


OFF = ("csat", "ces", "fcr", "aht", "active_users")
OURS = """\
dimensions = ["region"]
groupings = [["region"]]
[kafka]
bootstrap = "{run.bootstrap}"
group = "{run.group}"
shards = 4
[topics]
survey_answers = "{run.source}"
metrics = "{run.answers}"
alerts = "{run.group}.alerts"
dead_letters = "{run.group}.letters"
[windows]
rolling = ["1h"]
calendar = []
[web]
port = 0
[privacy]
hash_key = "only-for-measurements"
{off}"""

FULL = (200_000, 1_000_000)
PEERS = (
    Peer("ressenti", "", "exactly once, duplicates removed by id", _ours, FULL, now=True),
    Peer(
        *("Kafka Streams, hopping", "kafka_streams", "exactly once (EOS v2)"),
        *(_jvm("kafka_streams", "hopping"), (20_000, 100_000)),
    ),
    Peer(
        *("Kafka Streams, one-minute panes", "kafka_streams", "exactly once (EOS v2)"),
        *(_jvm("kafka_streams", "panes"), FULL),
    ),
    Peer("Flink SQL, HOP", "flink", "exactly once (checkpoints of 1 s)", _jvm("flink"), FULL),
    Peer("Quix Streams", "quix", "exactly once", _script("quix"), (5_000, 20_000)),
    Peer("Bytewax", "bytewax", "at least once", _script("bytewax"), (5_000, 20_000)),
    Peer(
        *("Faust, hopping table", "faust", "at least once", _script("faust"), (500, 2_000)),
        partitions=1,  # of several, Faust 0.15.3 says only those windows that it closes first
    ),
)
