"""The write that Redis does in one step: newer replaces older, never the other way round."""

from collections.abc import Iterable
from hashlib import sha1
from urllib.parse import quote

from metrics.update import Update, encode
from stream.sink.shown import OPEN_LASTS_MS, Shown

KEYS = "cx:keys"
CHANNEL = "cx:updates"
SUPPRESSED = "ressenti:suppressed:"

FIELDS = (
    *("value", "n", "margin", "low", "high", "status"),
    *("as_of", "revision", "window_start", "window_end"),
)

SCRIPT = f"""
local function stamp(revision, window_end)
  return string.rep('0', 20 - #revision) .. revision .. window_end
end
local offered = stamp(ARGV[1], ARGV[2])
local held = redis.pcall('HMGET', KEYS[1], 'revision', 'window_end')
local there = held[1] and held[2]
if there and stamp(held[1], held[2]) > offered then return -1 end
if KEYS[4] and (redis.call('GET', KEYS[4]) or '') > offered then return -1 end
if ARGV[4] == 'corrects' and not there then return 0 end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
redis.call('DEL', KEYS[1])
if not ARGV[3] then
  redis.call('ZREM', KEYS[2], KEYS[1])
  redis.call('SET', KEYS[4], offered, 'PX', {OPEN_LASTS_MS})
  return 0
end
if KEYS[4] then redis.call('DEL', KEYS[4]) end
redis.call('HSET', KEYS[1], unpack(ARGV, 6))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('ZADD', KEYS[2], now + ARGV[3], KEYS[1])
redis.call('PUBLISH', KEYS[3], ARGV[5])
return 1
"""
"""Writes one value; returns 1 when the hash holds it now, -1 when a newer one is there, else 0.

Keys: the hash, `cx:keys`, `cx:updates`, and where values may be suppressed the place that remembers
which one was, for there is no hash then that could. Arguments: revision and window end; and unless
the value is suppressed: how long it lasts, `corrects` or nothing, the update, the fields.

Revisions are compared as text of equal length: a number in Lua is exact below 2^53 only. All times
are Redis's own, so a worker's clock expires nothing. The hash is written anew, so that a null
leaves no field behind, and whatever else stands at that key goes.
"""

DIGEST = sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()
"""The name under which Redis keeps the script."""


def key(update: Update) -> str:
    """Name the hash of an update: `cx:nps:default:24h:region=fr,product=web;scale=1-10`."""
    segment = _pairs([(name, update.segment[name]) for name in update.grouping]) or "all"
    by = _pairs(sorted(update.by.items()))
    name = f"cx:{update.metric}:{update.variant}:{update.window}:{segment}"
    return f"{name};{by}" if by else name


def _pairs(pairs: Iterable[tuple[str, str]]) -> str:
    return ",".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)


def keys(name: str, suppresses: bool) -> tuple[str, ...]:
    """List the script's keys for the hash of that name."""
    fixed = (name, KEYS, CHANNEL)
    return (*fixed, SUPPRESSED + name) if suppresses else fixed


def arguments(one: Shown) -> list[str | bytes | int]:
    """List the script's arguments for an update."""
    update = one.update
    guard: list[str | bytes | int] = [update.revision, update.window_end]
    if one.suppressed:
        return guard
    fields: list[str | bytes | int] = []
    for name in FIELDS:
        if (value := getattr(update, name)) is not None:
            fields += [name, repr(value) if isinstance(value, float) else value]
    return [*guard, one.lasts_ms, "corrects" if one.corrects else "", encode(update), *fields]
