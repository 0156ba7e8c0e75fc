"""The many ways to write the same event."""

import json
import random
from datetime import UTC, datetime, timedelta, timezone
from typing import Any


def written(dice: random.Random, instant: int) -> int | float | str:
    """The instant as epoch ms or as text: any offset, with or without digits that are cut off."""
    if dice.random() < 0.3:
        return instant if dice.random() < 0.9 else float(instant)
    zone = timezone(timedelta(minutes=dice.choice((0, 0, 60, 330, -480, -210))))
    moment = datetime.fromtimestamp(instant // 1000, UTC).astimezone(zone)
    digits = f"{instant % 1000:03}" + dice.choice(("", "", "9", "999999", "000001"))
    offset = "Z" if zone.utcoffset(None) == timedelta(0) else moment.strftime("%z")
    if offset != "Z":
        offset = f"{offset[:3]}:{offset[3:]}"
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{digits}{offset}"


def dump(dice: random.Random, event: dict[str, Any]) -> bytes:
    """The line, in any of the ways to write the same JSON."""
    fields = list(event.items())
    dice.shuffle(fields)
    return json.dumps(
        dict(fields),
        ensure_ascii=dice.random() < 0.5,
        separators=(",", ":") if dice.random() < 0.5 else (", ", ": "),
    ).encode()
