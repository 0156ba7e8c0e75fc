"""What a reader sees of a kill: how long values stand still when one of two workers is killed.

`python -m bench.stall` sends answers at a steady rate, probes among them (`bench.probe`), and asks
both workers' `/metrics` every 100 ms, as Prometheus would. It kills one worker (SIGKILL), waits
until the other must have taken its partitions over, starts a new one, and does it again. Printed is
how long after the kill the other worker had claimed everything, and values that stood still
advanced again. Most of it is the session timeout: so long the group waits for a silent worker.
"""

import argparse
import asyncio
import os
import re
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import msgspec

from bench.probe import EXPOSED, PARTITIONS, POLL, Seen, Sighting, look, nothing, schedule, send
from bench.process import worker
from bench.sse import going
from metrics import duration
from tests.service.kafka import Kafka

TOPIC = "survey.answers"
LONG = 3_600.0  # seconds of events: more than are sent
SETTLE = 10.0  # seconds from a start to the next kill
TAKEN = 20.0  # seconds after the session in which all must be taken over
_CLAIMS = re.compile(r"^ressenti_claims_total (\d+)", re.MULTILINE)


class Kill(msgspec.Struct, frozen=True):
    """A kill, and until when one looked at what came of it; seconds UTC."""

    at: float
    until: float
    claims: list[Sighting]
    """How many claims of the survivor were seen when."""

    def claimed(self) -> float:
        """Say how long after the kill the survivor had claimed everything, in seconds."""
        before = max(n for at, n in self.claims if at <= self.at)
        after = (at for at, n in self.claims if at > self.at and n > before)
        return next(after) - self.at

    def stalls(self, seen: Seen, least: float) -> Iterator[float]:
        """Yield how long after the kill values advanced that stood still for `least` seconds."""
        for number, sightings in enumerate(seen):
            times = [at for at in advances(sightings) if at <= self.until]
            gap, end = max((end - at, end) for at, end in pairwise(times) if end > self.at)
            if self.until - times[-1] > least:
                raise TimeoutError(f"probe {number} stands still since {times[-1] - self.at} s")
            if gap > least:
                yield end - self.at


def advances(sightings: Sequence[Sighting]) -> Iterator[float]:
    """Yield the times at which n was greater than ever before, whoever showed it."""
    most = 0
    for at, n in sorted(sightings):
        if n > most:
            most = n
            yield at


class Member(msgspec.Struct, frozen=True):
    """A worker: its process, how many claims were seen when, and the task that asks it."""

    pid: int
    claims: list[Sighting]
    asking: asyncio.Task[None]


class Workers:
    """The workers of a group, each asked for its values until it is killed."""

    def __init__(self, kafka: Kafka, home: Path, session: str, stack: ExitStack) -> None:
        self.seen = nothing()
        self._variables = {**EXPOSED, "KAFKA__SESSION_TIMEOUT": session}
        self._where = kafka.bootstrap, home, "stall"
        self._stack = stack
        self._members: list[Member] = []

    async def join(self) -> None:
        """Start one more, until it is ready."""
        starting = worker(*self._where, self._variables)
        process, port = await asyncio.to_thread(self._stack.enter_context, starting)
        claims: list[Sighting] = []
        asking = asyncio.create_task(self._ask(port, claims))
        self._members.append(Member(process.pid, claims, asking))

    async def _ask(self, port: int, claims: list[Sighting]) -> None:
        while True:
            started = time.time()
            text = await asyncio.to_thread(look, port, self.seen)
            claims += ((time.time(), int(n)) for n in _CLAIMS.findall(text))
            await asyncio.sleep(max(0.0, started + POLL - time.time()))

    async def kill(self, seconds: float) -> Kill:
        """Kill the older of two, and look at what comes of it for some seconds."""
        killed = self._members.pop(0)
        at = time.time()
        os.kill(killed.pid, signal.SIGKILL)
        killed.asking.cancel()
        await asyncio.sleep(seconds)
        (survivor,) = self._members
        return Kill(at, time.time(), survivor.claims)

    def leave(self) -> None:
        """Ask nobody any more."""
        for member in self._members:
            member.asking.cancel()


async def measure(workers: Workers, kills: int, session: float) -> list[Kill]:
    """Kill again and again, while events come in."""
    found = []
    for _ in range(kills):
        await workers.join()
        await asyncio.sleep(SETTLE)
        found.append(await workers.kill(session + TAKEN))
        stalls = [f"{stall:.1f} s" for stall in found[-1].stalls(workers.seen, session / 2)]
        said = f"claimed after {found[-1].claimed():.1f} s, values after {', '.join(stalls)}"
        print(said, file=sys.stderr, flush=True)
    return found


def table(session: float, kills: Sequence[Kill], seen: Seen) -> Iterator[str]:
    """Write the result as a table in Markdown."""
    claims = [kill.claimed() for kill in kills]
    stalls = [stall for kill in kills for stall in kill.stalls(seen, session / 2)]
    yield "| after a kill | times | p50 | most | p50 without the session |"
    yield "|---|---|---|---|---|"
    for name, found in (("all is claimed", claims), ("values that stood still advance", stalls)):
        middle = statistics.median(found)
        cells = (middle, max(found), middle - session)
        yield f"| {name} | {len(found)} | {' | '.join(f'{cell:.1f} s' for cell in cells)} |"


async def run(kafka: Kafka, home: Path, options: argparse.Namespace) -> Iterator[str]:
    """Measure, and give the table."""
    session = duration.parse(options.session) / 1000
    await kafka.create_topic(TOPIC, PARTITIONS)
    with ExitStack() as stack:
        workers = Workers(kafka, home, options.session, stack)
        await workers.join()
        sent: list[list[float]] = [[] for _ in range(PARTITIONS)]
        events = schedule(options.rate, LONG, time.time(), sent)
        sending = asyncio.create_task(send(kafka.bootstrap, TOPIC, events))
        async with going(sending):
            kills = await measure(workers, options.kills, session)
        workers.leave()
    return table(session, kills, workers.seen)


async def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--rate", type=int, default=2_000, help="events a second")
    parser.add_argument("--session", default="10s", help="[kafka] session_timeout")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Kafka(Path(folder)) as kafka:
        found = await run(kafka, Path(folder), options)
    print("\n".join(found))


if __name__ == "__main__":
    asyncio.run(main())
