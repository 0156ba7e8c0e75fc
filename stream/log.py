"""Logging: one line per lifecycle change, readable on a terminal and JSON elsewhere, on stderr."""

import logging
import sys

import structlog


def configure(level: int = logging.INFO) -> None:
    """Send structlog's lines from `level` on to stderr, and the libraries' warnings likewise."""
    form = _terminal() if sys.stderr.isatty() else _json()
    structlog.configure(
        processors=[structlog.processors.add_log_level, *form],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    remove = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.processors.add_log_level],
            processors=[remove, *form],
        )
    )
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[handler], force=True)


def _terminal() -> list[structlog.typing.Processor]:
    """Local time, colours, and lists as one would write them."""
    stamp = structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False)
    return [stamp, _joined, structlog.dev.ConsoleRenderer()]


def _json() -> list[structlog.typing.Processor]:
    """One JSON object a line, with UTC times."""
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
    trace = structlog.processors.format_exc_info
    return [stamp, trace, _ordered, structlog.processors.JSONRenderer(ensure_ascii=False)]


def _ordered(_: object, __: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return {name: line.pop(name) for name in ("timestamp", "level", "event")} | dict(line)


def _joined(_: object, __: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return {
        name: ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
        for name, value in line.items()
    }


def silence() -> None:
    """Log nothing: for commands that tell everything themselves."""
    logging.disable()
    structlog.configure(processors=[_drop])


def _drop(_: object, __: str, ___: structlog.typing.EventDict) -> structlog.typing.EventDict:
    raise structlog.DropEvent
