"""Survey answers to measure with: 165 bytes each, 10,000 a second of event time.

20 regions x 5 products, 200,000 customers, three types of survey. An answer lies on the partition
of its customer, as the contract wants it.
"""

import random
from collections.abc import Iterator, Sequence
from itertools import islice

import msgspec

from metrics import duration, instant

RATE = 10_000  # events a second of event time
CUSTOMERS = 200_000
STEPS, STEP = 12, 5 * duration.DAY  # in which the past is told
SCORES = {"nps": range(11), "csat": range(1, 6), "ces": range(1, 8)}


class Answer(msgspec.Struct):
    """One answer, as it is written."""

    id: str
    at: str
    customer_id: str
    type: str
    score: int
    channel: str
    dims: dict[str, str]


def answers(count: int, end: int, seed: int = 1, rate: float = RATE) -> Iterator[tuple[int, bytes]]:
    """Yield (customer, value) in order of time, the last one at `end` (milliseconds UTC).

    `rate` is by the second of event time; ids of another `seed` are others.
    """
    rng = random.Random(seed)
    encode = msgspec.json.Encoder().encode
    types = list(SCORES)
    for number in range(count):
        customer = rng.randrange(CUSTOMERS)
        type_ = types[number % 3]
        dims = {"region": f"r{rng.randrange(20):02}", "product": f"p{rng.randrange(5)}"}
        at = end - int((count - 1 - number) * 1000 / rate)
        answer = Answer(
            f"{seed:04}-{number:012}",
            instant.format(at),
            f"customer-{customer:06}",
            type_,
            rng.choice(SCORES[type_]),
            "email",
            dims,
        )
        yield customer, encode(answer)


def past(count: int, end: int, spread: int) -> Iterator[tuple[list[list[bytes]], int]]:
    """Yield the answers of 60 days, five days at a time, by partition, and when they end."""
    found = answers(count, end, seed=2, rate=count * duration.SECOND / (STEPS * STEP))
    for step in reversed(range(STEPS)):
        yield partitions(islice(found, count // STEPS), spread), end - step * STEP


def partitions(found: Iterator[tuple[int, bytes]], count: int) -> list[list[bytes]]:
    """Spread answers over partitions by their customers."""
    spread: list[list[bytes]] = [[] for _ in range(count)]
    for customer, value in found:
        spread[customer % count].append(value)
    return spread


def size(values: Sequence[bytes]) -> float:
    """Return the mean number of bytes."""
    return sum(map(len, values)) / len(values)
