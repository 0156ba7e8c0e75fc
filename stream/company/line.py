"""A line: one event as it arrives."""

import msgspec


class Line(msgspec.Struct, frozen=True, gc=False):
    """One event as it arrives."""

    source: str
    """The input's key in `[topics]`."""
    at: int
    """When it arrives, ms UTC."""
    key: bytes
    """The key of its record: the customer, else what the event is about, else its id."""
    value: bytes
