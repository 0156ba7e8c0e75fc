"""Faults: what systems send when they are broken. Every one of them is a dead letter."""

import re

from stream.company.dice import pick

OWN = {  # what only the events of an input can have wrong
    "survey_answers": (r'"score":\d+', '"score":11'),
    "ticket_closures": (r'"contacts":\d+', '"contacts":0'),
    "subscription_events": (r'"amount":\d+', '"amount":"12.90"'),
    "product_usage": (r'"session_s":[\d.]+', '"session_s":-1'),
    "purchases": (r'"currency":"[A-Z]+"', '"currency":"euro"'),
    "campaign_events": (r'"kind":"\w+"', '"kind":"seen"'),
    "costs": (r'"amount":\d+', '"amount":"much"'),
}
EVERY = (
    (r'"at":"\d{4}', '"at":"9999'),  # a broken clock
    (r'("at":"[^"]*)Z"', r'\1"'),  # a time without its offset
    (r'"at":', '"when":'),
    (r'"dims":.*\}\}', '"dims":"none"}'),
    (r"^\{", '{"ratio":NaN,'),
    (r"\}$", ""),
)


def spoil(source: str, event: str, thrown: float) -> bytes:
    """Break an event of an input, in a way that the throw decides."""
    ways = (None, None, OWN[source], OWN[source], *EVERY)
    way = pick(ways, thrown)
    if way is None:
        return event.encode()[:-1] + b',"note":"\xff"}'  # not UTF-8
    pattern, wrong = way
    spoiled, n = re.subn(pattern, wrong, event, count=1)
    return (spoiled if n else event[: len(event) // 2]).encode()
