"""`[topics]`: which topics are read and written."""

from collections.abc import Iterator
from typing import Annotated

import msgspec

from stream.settings.fault import Fault, Wrong, later, wrong
from stream.settings.kafka import TOPIC_NAME
from stream.settings.kind import FLAG, Kind, Secret, Variable, decode, matching, read_table, typed
from stream.settings.section import Key

INPUTS = (
    "survey_answers",
    "ticket_closures",
    "subscription_events",
    "product_usage",
    "purchases",
    "campaign_events",
    "costs",
)
OUTPUTS = ("metrics", "alerts", "dead_letters")

NAME = matching(TOPIC_NAME, "1 to 249 letters, digits, dots, dashes, underscores")
WORDS = "a topic's name, or { name = ... }"
DESCRIBED = {"name": NAME, "rekey": FLAG}


def _input(raw: object, key: str) -> str:
    """Read an input's topic: a name, or a table with one, which a variable has as JSON."""
    if isinstance(raw, str) and raw.startswith("{"):
        raw = decode(Variable(Secret(raw)), key, WORDS)
    if not isinstance(raw, dict):
        return str(NAME.read(typed(raw, str, key, WORDS), key))
    found = read_table(DESCRIBED, raw, key)
    if found.get("rekey"):
        raise Wrong(later(f"{key}.rekey", "give the topic's records the keys that are needed"))
    if "name" not in found:
        raise wrong(f"{key}.name", "is missing", NAME.words)
    return str(found["name"])


INPUT = Kind(WORDS, _input, is_text=True)


def _meaning(events: str) -> Key:
    return Key(INPUT, f"Topic of {events}; absent: not read.")


class Topics(msgspec.Struct, frozen=True):
    """Topics by what is in them. An input that is not listed is not read."""

    survey_answers: Annotated[str | None, _meaning("survey answers")] = None
    ticket_closures: Annotated[str | None, _meaning("tickets opened, closed and reopened")] = None
    subscription_events: Annotated[str | None, _meaning("changes of subscriptions")] = None
    product_usage: Annotated[str | None, _meaning("uses of the product")] = None
    purchases: Annotated[str | None, _meaning("orders and refunds")] = None
    campaign_events: Annotated[str | None, _meaning("campaign touches")] = None
    costs: Annotated[str | None, _meaning("costs")] = None
    metrics: Annotated[str, Key(NAME, "Topic that updates go to; compacted.")] = "cx.metrics"
    alerts: Annotated[str, Key(NAME, "Topic that alerts go to.")] = "cx.alerts"
    dead_letters: Annotated[
        str, Key(NAME, "Topic of events that cannot be counted; it holds them as they came.")
    ] = "cx.dead-letters"

    def inputs(self) -> dict[str, str]:
        """Give the topic of each input that is read, by the input's key."""
        return self._named(INPUTS)

    def outputs(self) -> dict[str, str]:
        """Give the topics that are written, by key."""
        return self._named(OUTPUTS)

    def _named(self, keys: tuple[str, ...]) -> dict[str, str]:
        return {key: getattr(self, key) for key in keys if getattr(self, key) is not None}


def check(topics: Topics) -> Iterator[Fault]:
    """Find topics that are named twice."""
    first: dict[str, str] = {}
    for key, topic in {**topics.inputs(), **topics.outputs()}.items():
        other = first.setdefault(topic, key)
        if other != key:
            yield Fault(f"topics.{key}", f"is the same topic as topics.{other}")


def check_inputs(topics: Topics) -> Iterator[Fault]:
    """Find that nothing would be read."""
    if not topics.inputs():
        yield Fault("topics", f"lists no input, expected one or more of {', '.join(INPUTS)}")
