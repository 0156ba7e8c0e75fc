"""A value for every key: what the file says, and what the settings then hold."""

import json
from collections.abc import Mapping
from functools import reduce
from pathlib import Path

from metrics.window import Rolling
from metrics.zone import Zone
from stream.settings import Settings

SPLIT = {"dimensions": ["region", "product"]}
LOGIN = {
    "kafka": {
        "tls": True,
        "tls_cert": "c.pem",
        "tls_key": "k.pem",
        "sasl_mechanism": "PLAIN",
        "sasl_username": "u",
        "sasl_password": "p",
    }
}

# key -> what the file says, what the settings hold, what else must be there
SAMPLES: dict[str, tuple[object, object, Mapping[str, object]]] = {
    "zone": ("Europe/Paris", Zone("Europe/Paris"), {}),
    "week_start": ("sunday", "sunday", {}),
    "dimensions": (["region", "plan"], ("region", "plan"), {}),
    "groupings": ([[], ["product", "region"]], ((), ("product", "region")), SPLIT),
    "kafka.bootstrap": ("a:1, [::1]:9092", "a:1, [::1]:9092", {}),
    "kafka.group": ("cx-2", "cx-2", {}),
    "kafka.delivery": ("at_least_once", "at_least_once", {}),
    "kafka.session_timeout": ("6s", 6_000, {}),
    "kafka.shards": (24, 24, {}),
    "kafka.tls": (True, True, {}),
    "kafka.tls_ca": ("/ca.pem", "/ca.pem", LOGIN),
    "kafka.tls_cert": ("/cert.pem", "/cert.pem", LOGIN),
    "kafka.tls_key": ("/key.pem", "/key.pem", LOGIN),
    "kafka.tls_password": ("{secret", "{secret", LOGIN),
    "kafka.sasl_mechanism": ("SCRAM-SHA-512", "SCRAM-SHA-512", LOGIN),
    "kafka.sasl_username": ("me", "me", LOGIN),
    "kafka.sasl_password": ("[1]", "[1]", LOGIN),
    "topics.survey_answers": ("survey.answers", "survey.answers", {}),
    "topics.ticket_closures": ({"name": "t"}, "t", {}),
    "topics.subscription_events": ({"name": "s", "rekey": False}, "s", {}),
    "topics.product_usage": ("product.usage", "product.usage", {}),
    "topics.purchases": ("purchases", "purchases", {}),
    "topics.campaign_events": ("campaign.events", "campaign.events", {}),
    "topics.costs": ("costs", "costs", {}),
    "topics.metrics": ("m", "m", {}),
    "topics.alerts": ("a", "a", {}),
    "topics.dead_letters": ("d", "d", {}),
    "redis.url": ("rediss://u:p@h:6380/2", "rediss://u:p@h:6380/2", {}),
    "web.host": ("0.0.0.0", "0.0.0.0", {}),
    "web.port": (0, 0, {}),
    "windows.rolling": (["48h", "7d"], (Rolling.parse("2d"), Rolling.parse("7d")), {}),
    "windows.calendar": (["week", "year"], ("week", "year"), {}),
    "windows.allowed_lateness": ("0s", 0, {}),
    "windows.future_skew": ("1m", 60_000, {}),
    "windows.dedupe_for": ("48h", 172_800_000, {}),
    "windows.entities_for": ("30d", 2_592_000_000, {}),
    "windows.responses_for": ("1d", 86_400_000, {}),
    "windows.flush_every": ("500ms", 500, {}),
    "windows.publish_every": ("5s", 5_000, {}),
    "metrics.thin_below": (5, 5, {}),
    "metrics.nps.enabled": (False, False, {}),
    "metrics.nps.variants": (["mean", "promoters"], ("default", "mean", "promoters"), {}),
    "metrics.csat.thresholds": ({"1-5": 4, "-2-2": 1}, {"1-5": 4, "-2-2": 1}, {}),
    "metrics.ces.low_is_good": (True, True, {}),
    "segments.max": (7, 7, {}),
    "segments.allow": (
        [{"region": "fr"}],
        ({"region": "fr"},),
        {**SPLIT, "groupings": [["region"]]},
    ),
    "targets": ({"nps": 40, "csat": 0.8}, {"nps": 40, "csat": 0.8}, {}),
    "targets.aht": (320.5, 320.5, {}),
    "benchmarks": ({"nps": -32}, {"nps": -32}, {}),
    "alerts": ([], (), {}),
    "privacy.hash_key": ("0123456789abcdef", "0123456789abcdef", {}),
    "privacy.min_n": (5, 5, {}),
    "prometheus.metrics": (["nps", "aht"], ("nps", "aht"), {}),
    "prometheus.windows": (["60m", "28d", "today"], ("1h", "28d", "today"), {}),
    "prometheus.groupings": (
        [[], "region"],
        ("all", "region"),
        {
            **SPLIT,
            "groupings": [[], ["region"]],
        },
    ),
    "prometheus.max_series": (100, 100, {}),
}


def nested(key: str, value: object, around: Mapping[str, object]) -> dict[str, object]:
    """Put a value at its key into a table."""
    table = json.loads(json.dumps(around))
    *path, last = key.split(".")
    inner = reduce(lambda outer, name: outer.setdefault(name, {}), path, table)
    inner[last] = value
    assert isinstance(table, dict)
    return table


def toml(value: object) -> str:
    """Write a value as TOML."""
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{json.dumps(k)} = {toml(v)}' for k, v in value.items())} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    return json.dumps(value)


def write(path: Path, table: Mapping[str, object]) -> Path:
    """Write a table as a TOML file."""
    path.write_text("".join(f"{name} = {toml(value)}\n" for name, value in table.items()))
    return path


def look(settings: Settings, key: str) -> object:
    """Find what the settings hold for a key."""
    if key == "metrics.thin_below":
        return settings.metrics.thin_below
    if key.startswith("metrics."):
        _, metric, name = key.split(".")
        return getattr(settings.metrics.chosen[metric], name)
    if key == "targets.aht":
        return settings.targets["aht"]
    found: object = settings
    for name in key.split("."):
        found = getattr(found, name)
    return found


def variable(key: str) -> str:
    """Name the variable of a key."""
    return "RESSENTI_" + key.upper().replace(".", "__")


def text(value: object) -> str:
    """Write a value as a variable has it."""
    return value if isinstance(value, str) else json.dumps(value)
