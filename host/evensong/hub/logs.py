"""What the daemon writes to standard error: lines for people on a terminal, JSON objects for a log collector.

Secrets never reach it: the only one, the Nexus token, is a `SecretStr` from settings to request header.
"""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime

import structlog

from evensong.clock import Clock
from evensong.config import LogSettings


def configure(settings: LogSettings, clock: Clock) -> None:
    """For the whole process; time stamps are the given clock's, UTC."""
    human = settings.format == "human" or (settings.format == "auto" and sys.stderr.isatty())

    def stamp(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        now = datetime.fromtimestamp(clock.utc_ms() / 1000, UTC)
        return {"time": now.isoformat(timespec="milliseconds"), **event}

    def shorten(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        return {key: value for key, value in event.items() if value is not None}

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            shorten,
            stamp,
            structlog.dev.ConsoleRenderer(timestamp_key="time", colors=sys.stderr.isatty())
            if human
            else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, settings.level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
