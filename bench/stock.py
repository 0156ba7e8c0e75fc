"""Stock Faust: the same count in a tumbling table, an agent that sees one event at a time.

`python -m bench.stock BOOTSTRAP TOPIC EVENTS` counts answers by region, type and score in windows
of 10 s, and prints the CPU seconds, all threads, from the first event to the last. It is at least
once; nothing is rolled up, removed by id or published.
"""

import os
import sys
import tempfile
import time
from typing import Any

import faust


class Answer(faust.Record):
    """What is read of an answer."""

    type: str
    score: int
    dims: dict[str, str]


def build(bootstrap: str, topic: str, events: int) -> faust.App:
    """Make the application as Faust's documentation would."""
    app = faust.App(
        f"stock-{os.getpid()}",
        broker=f"kafka://{bootstrap}",
        store="memory://",
        datadir=tempfile.mkdtemp(),
        topic_partitions=8,
        web_enabled=False,
        consumer_auto_offset_reset="earliest",
    )
    counts = app.Table("counts", default=int, partitions=8).tumbling(10.0, expires=3600.0)

    @app.agent(app.topic(topic, value_type=Answer))
    async def count(answers: Any) -> None:
        started, left = 0.0, events
        async for answer in answers:
            if left == events:
                started = time.process_time()
            counts[f"{answer.dims['region']}/{answer.type}/{answer.score}"] += 1
            left -= 1
            if not left:  # Faust takes sys.stdout for its log
                print(time.process_time() - started, file=sys.__stdout__, flush=True)

    return app


if __name__ == "__main__":
    application = build(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    sys.argv = ["stock", "worker", "-l", "error"]
    application.main()
