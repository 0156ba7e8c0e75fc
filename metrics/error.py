"""Errors of the core.

RessentiError
├── InvalidEvent     an event that can never be processed: to the dead letters, with its reason
├── ConfigError      every fault of a configuration, together (stream.settings)
├── SinkUnavailable  a sink does not answer: try again
└── SinkRejected     a sink refuses what it got: trying again is no use
"""


class RessentiError(Exception):
    """Anything that this project raises on purpose."""


class InvalidEvent(RessentiError):
    """An event that can never be processed.

    `reason` is one word (`json utf8 type missing range time`); `detail` the field and what was
    expected, never the value.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class SinkUnavailable(RessentiError):
    """A sink does not answer; what was to be written will be tried again."""


class SinkRejected(RessentiError):
    """A sink refuses what it got; trying again is no use."""
