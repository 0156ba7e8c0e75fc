"""`[privacy]`: what keeps customers from being recognised."""

from collections.abc import Iterator
from typing import Annotated

import msgspec

from stream.settings.fault import Fault
from stream.settings.kind import Secret, secret, whole
from stream.settings.section import Key

SHORTEST = 16
KEY_WORDS = f"at least {SHORTEST} characters"


class Privacy(msgspec.Struct, frozen=True):
    """Hashing and suppression."""

    hash_key: Annotated[
        Secret,
        Key(
            secret(KEY_WORDS, lambda text: len(text) >= SHORTEST),
            "Secret key of the hashes that stand for customers, needed by `run`: at least 16 "
            "characters, the same for all workers. With another key customers count as new.",
        ),
    ] = Secret()
    min_n: Annotated[
        int,
        Key(whole(0, 1_000_000_000), "Values of fewer samples are suppressed in all outputs."),
    ] = 0


def check_hash_key(privacy: Privacy) -> Iterator[Fault]:
    """Find that there is no key."""
    if not privacy.hash_key:
        problem = f"is missing, expected {KEY_WORDS}"
        remedy = "best in a file that RESSENTI_PRIVACY__HASH_KEY_FILE names"
        yield Fault("privacy.hash_key", f"{problem}, {remedy}")
