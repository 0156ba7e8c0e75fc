"""Errors of the core.

RessentiError
├── InvalidEvent  an event that can never be processed: to the dead letters, with its reason
└── ConfigError   every fault of a configuration, together (stream.settings)
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
