"""What the demo says: where to look, what will happen, and then what happens."""

import asyncio

from stream.demo.configuration import Place
from stream.demo.narrator import clock, narrate, opening
from stream.demo.script import Script

PLACE = Place("127.0.0.1:1092", "127.0.0.1:1379", 1066)


def test_it_says_where_and_when() -> None:
    """Every address once, and both moments of the outage."""
    script = Script(0)
    text = "\n".join(opening(PLACE, script, "  (6066 is taken)"))
    assert "http://127.0.0.1:1066/#window=1m  (6066 is taken)" in text
    assert "http://127.0.0.1:1066/metrics" in text
    assert "127.0.0.1:1092  values are on cx.metrics" in text
    assert "redis-cli -p 1379" in text
    assert f"{clock(60_000)}  the service in fr will break" in text
    assert f"{clock(150_000)}  it will work again" in text


async def test_it_says_what_happens_in_its_order() -> None:
    """The first values, then the outage, then its end."""
    said: list[str] = []
    await asyncio.wait_for(narrate(Script(0), asyncio.sleep(0), said.append), 5)
    assert [line[10:].partition(", after")[0] for line in said] == [
        "every metric has its values",
        "the service in fr is broken",
        "the service in fr works again",
    ]
