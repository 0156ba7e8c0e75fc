"""The configuration of the demo's worker, as a file would hold it."""

import json
import secrets
import tomllib

import msgspec

from stream.settings import Settings
from stream.settings.load import resolve

TEXT = """\
dimensions = ["region", "product"]
groupings = [[], ["region"], ["region", "product"]]

[kafka]
bootstrap = {bootstrap}
group = "{group}"
delivery = "{delivery}"
session_timeout = "6s"
shards = 2

[topics]
{topics}

[redis]
url = "redis://{redis}/0"

[web]
port = {port}

[windows]
rolling = ["1m", "1h", "24h", "30d"]
calendar = ["today"]
flush_every = "1s"

[targets]
nps = 40

[privacy]
hash_key = "{hash_key}"
"""

TOPICS = {
    "survey_answers": "survey.answers",
    "ticket_closures": "ticket.closures",
    "subscription_events": "subscription.events",
    "product_usage": "product.usage",
    "purchases": "purchases",
    "campaign_events": "campaign.events",
    "costs": "costs",
    "metrics": "cx.metrics",
    "alerts": "cx.alerts",
    "dead_letters": "cx.dead-letters",
}


class Place(msgspec.Struct, frozen=True):
    """Where the demo's worker reads, writes and listens; `prefix` is that of every topic."""

    bootstrap: str
    redis: str
    port: int
    group: str = "ressenti-demo"
    prefix: str = ""
    delivery: str = "exactly_once"


def text(place: Place) -> str:
    """Write the file; the key that customers are hashed with is another one each time."""
    topics = "\n".join(f'{key} = "{place.prefix}{name}"' for key, name in TOPICS.items())
    filled = {
        **msgspec.structs.asdict(place),
        "bootstrap": json.dumps(place.bootstrap),  # a string of TOML is written alike
        "topics": topics,
        "hash_key": secrets.token_hex(16),
    }
    return TEXT.format_map(filled)


def settings(place: Place) -> Settings:
    """Read the file as every other one is read; the environment of the demo's user is left out."""
    return resolve(tomllib.loads(text(place)), {})
