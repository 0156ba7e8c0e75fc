"""NPS counts by region over 1 h, each minute: `nps.py BOOTSTRAP IN OUT GROUP STATE_DIR`."""

import sys
from datetime import datetime, timedelta
from typing import Any

from quixstreams import Application


def timestamp(value: dict[str, Any], *_: Any) -> int:
    """Read an answer's time."""
    return int(datetime.fromisoformat(value["at"]).timestamp() * 1000)


def first(answer: dict[str, Any]) -> list[int]:
    """Begin with one answer."""
    return add([0, 0, 0], answer)


def add(sums: list[int], answer: dict[str, Any]) -> list[int]:
    """Add an answer to promoters, passives and detractors."""
    score = answer["score"]
    sums[0 if score >= 9 else 1 if score >= 7 else 2] += 1
    return sums


def written(window: dict[str, Any], key: Any, *_: Any) -> str:
    """Write an answer: `region|end|1,2,3`."""
    region = key.decode() if isinstance(key, bytes) else key
    return f"{region}|{window['end']}|{','.join(map(str, window['value']))}"


def main() -> None:
    """Run until it is stopped."""
    bootstrap, source, answers, group, home = sys.argv[1:]
    app = Application(
        broker_address=bootstrap,
        consumer_group=group,
        auto_offset_reset="earliest",
        processing_guarantee="exactly-once",
        state_dir=home,
        commit_interval=1.0,
    )
    frame = app.dataframe(app.topic(source, timestamp_extractor=timestamp))
    hour = timedelta(hours=1)
    windows = frame.hopping_window(hour, timedelta(minutes=1), grace_ms=timedelta(hours=24))
    frame = windows.reduce(reducer=add, initializer=first).final()
    frame = frame.apply(written, metadata=True)
    frame.to_topic(app.topic(answers, value_serializer="str"), key=lambda _: None)
    app.run()


if __name__ == "__main__":
    main()
