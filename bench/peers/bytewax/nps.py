"""NPS counts by region over 1 h, each minute: `nps.py BOOTSTRAP IN OUT GROUP STATE_DIR`."""

import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import bytewax.operators as op
import bytewax.operators.windowing as win
from bytewax.connectors.kafka import KafkaSinkMessage, KafkaSource, KafkaSourceMessage
from bytewax.connectors.kafka import operators as kop
from bytewax.dataflow import Dataflow
from bytewax.testing import run_main

Answer = tuple[datetime, int]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse(message: KafkaSourceMessage[Any, Any]) -> tuple[str, Answer]:
    """Read an answer: its region, time and score."""
    answer = json.loads(message.value)
    return answer["dims"]["region"], (datetime.fromisoformat(answer["at"]), answer["score"])


def add(sums: list[int], answer: Answer) -> list[int]:
    """Add an answer to promoters, passives and detractors."""
    sums[0 if answer[1] >= 9 else 1 if answer[1] >= 7 else 2] += 1
    return sums


def both(one: list[int], other: list[int]) -> list[int]:
    """Add two sums up."""
    return [a + b for a, b in zip(one, other, strict=True)]


def written(closed: tuple[str, tuple[int, list[int]]]) -> KafkaSinkMessage[None, bytes]:
    """Write an answer: `region|end|1,2,3`; windows are numbered by their starts."""
    region, (number, sums) = closed
    end = (number + 60) * 60_000
    return KafkaSinkMessage(None, f"{region}|{end}|{','.join(map(str, sums))}".encode())


def build(bootstrap: str, source: str, answers: str) -> Dataflow:
    """Make the dataflow."""
    flow = Dataflow("nps")
    read = op.input("read", flow, KafkaSource([bootstrap], [source], tail=True, batch_size=1000))
    keyed = op.map("parse", read, parse)
    hour = win.SlidingWindower(
        length=timedelta(hours=1), offset=timedelta(minutes=1), align_to=EPOCH
    )
    clock = win.EventClock(
        ts_getter=lambda answer: answer[0], wait_for_system_duration=timedelta(seconds=10)
    )
    closed = win.fold_window("count", keyed, clock, hour, lambda: [0, 0, 0], add, both)
    kop.output("write", op.map("written", closed.down, written), brokers=[bootstrap], topic=answers)
    return flow


if __name__ == "__main__":
    run_main(build(*sys.argv[1:4]))
