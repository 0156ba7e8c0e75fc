"""What events of entities cost: tickets, answers that name a response, and both revised.

`python -m bench.entity` prints CPU microseconds per event of stage 1 (read, judge, fold, flush),
the minimum of repetitions, and the memory that an entity takes in its partition's state.
"""

import gc
import random
import sys
import time
import tomllib
import tracemalloc
from collections.abc import Callable, Iterator

import msgspec

from bench.config import toml
from bench.site import batch
from metrics.catalog import METRICS
from stream.agent.fold import FoldShard, Target
from stream.reader import Reader, hash_key
from stream.settings.load import resolve
from stream.transport.batch import TP
from stream.transport.record import RECORDS

RATE_MS = 10  # of event time between two events
FLUSH = 25_000
REPEATS = 5

Fields = dict[str, object]
Values = list[bytes | None]


def answer(rng: random.Random, number: int) -> Fields:
    """Make an answer's own fields."""
    return {"type": "nps", "score": rng.randrange(11), "response_id": f"response-{number:08}"}


def ticket(rng: random.Random, number: int) -> Fields:
    """Make a closure's own fields."""
    seconds, contacts = rng.randrange(3_600), rng.randrange(1, 4)
    return {"ticket_id": f"ticket-{number:08}", "handle_s": seconds, "contacts": contacts}


def plain(rng: random.Random, number: int) -> Fields:
    """Make the fields of an answer that stands alone."""
    return {"type": "nps", "score": rng.randrange(11)}


KINDS: dict[str, tuple[str, Callable[[random.Random, int], Fields]]] = {
    "plain answers": ("survey_answers", plain),
    "answers": ("survey_answers", answer),
    "tickets": ("ticket_closures", ticket),
}


def lines(kind: str, count: int, revised: bool) -> Iterator[bytes]:
    """Write events in order of time; where they are revised, every second is a revision."""
    rng = random.Random(1)
    start = 1_774_569_600_000
    encode = msgspec.json.Encoder().encode
    for number in range(count):
        entity = number // 2 if revised and number % 2 else number
        event = {
            "id": f"event-{number:012}",
            "at": start + number * RATE_MS,
            "customer_id": f"customer-{rng.randrange(200_000):06}",
            "revision": number % 2,
            "dims": {"region": f"r{rng.randrange(20):02}", "product": f"p{rng.randrange(5)}"},
            **KINDS[kind][1](rng, entity),
        }
        yield encode(event)


def shard(kind: str) -> FoldShard:
    """Make the shard of one partition, with every metric."""
    settings = toml(tuple(METRICS)).replace(
        "[topics]", '[topics]\nticket_closures = "ticket.closures"'
    )
    plan = resolve(tomllib.loads(settings), {}).plan()
    source = KINDS[kind][0]
    reader = Reader(source, plan, hash_key("0123456789abcdef"))
    target = Target("g", "partials", 8, "dead", "state")
    return FoldShard(TP(source, 0), reader, plan, target)


def fold(one: FoldShard, values: Values) -> None:
    """Fold and flush all values."""
    for first in range(0, len(values), RECORDS):
        some = values[first : first + RECORDS]
        one.absorb(batch(one.tp, first, some))
        if one.folded_since >= FLUSH:
            one.take()
    one.take()


def cost(kind: str, values: Values) -> float:
    """Measure CPU microseconds per event."""
    best = None
    for _ in range(REPEATS):
        one = shard(kind)
        gc.collect()
        started = time.thread_time_ns()
        fold(one, values)
        spent = time.thread_time_ns() - started
        best = spent if best is None else min(best, spent)
    return (best or 0) / len(values) / 1000


def memory(kind: str, values: Values) -> float:
    """Measure the bytes that an entity takes, by those that forgetting all of them frees."""
    one = shard(kind)
    tracemalloc.start()
    fold(one, values)
    held = one._corrections.entities
    count = len(held)
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    held.__init__(1)  # type: ignore[misc] # as if new
    gc.collect()
    freed = before - tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return freed / count


def main(count: int) -> None:
    """Measure and print."""
    for kind in KINDS:
        for revised in (False, True):
            values: Values = list(lines(kind, count, revised))
            name = f"{kind}, half of them revisions" if revised else kind
            print(f"{name:36} {cost(kind, values):6.2f} us an event")
            if not revised and kind != "plain answers":
                print(f"{'':36} {memory(kind, values):6.0f} bytes an entity")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
