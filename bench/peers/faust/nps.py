"""NPS counts by region over 1 h, each minute: `nps.py BOOTSTRAP IN OUT GROUP STATE_DIR`."""

import sys
from datetime import datetime
from typing import Any

import faust


class Answer(faust.Record):
    """What is read of an answer."""

    at: str
    score: int
    dims: dict[str, str]


def build(bootstrap: str, source: str, answers: str, group: str, home: str) -> faust.App:
    """Make the application."""
    app = faust.App(
        group,
        broker=f"kafka://{bootstrap}",
        store="memory://",
        datadir=home,
        topic_partitions=1,
        web_enabled=False,
        consumer_auto_offset_reset="earliest",
    )
    out = app.topic(answers, value_serializer="raw")

    async def closed(key: Any, sums: list[int]) -> None:
        region, (_, end) = key
        counts = ",".join(map(str, sums))
        await out.send(value=f"{region}|{round(end + 0.1) * 1000}|{counts}".encode())

    sums = app.Table("sums", default=lambda: [0, 0, 0], on_window_close=closed, partitions=1)
    windows = sums.hopping(3600.0, 60.0, expires=86_400.0).relative_to_field(Answer.at)  # type: ignore[arg-type] # a class gives the field

    @app.agent(app.topic(source, value_type=Answer))
    async def count(found: Any) -> None:
        async for answer in found:
            answer.at = datetime.fromisoformat(answer.at).timestamp()
            kind = 0 if answer.score >= 9 else 1 if answer.score >= 7 else 2
            one = [int(number == kind) for number in range(3)]
            region = answer.dims["region"]
            windows[region].apply(lambda a, b: [x + y for x, y in zip(a, b, strict=True)], one)

    return app


if __name__ == "__main__":
    application = build(*sys.argv[1:])
    sys.argv = ["nps", "worker", "-l", "error"]
    application.main()
