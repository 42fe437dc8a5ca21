"""What does the server say of itself? One JSON object a line: no secret, no query, no name of a person."""

from __future__ import annotations

import json
import logging
import re
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

__all__ = ["REQUEST", "JsonLines", "log_settings"]

# The request that is being answered: it is told to whoever asked, and stands in each line that is said meanwhile.
REQUEST: ContextVar[str] = ContextVar("request", default="")

# What stands behind such a word is nobody's business; links that let somebody in are, by their path.
_SECRET = re.compile(
    r"((?:authorization|cookie|password|passwort|secret|token|code|csrf)[\"']?\s*[:=]\s*(?:Bearer\s+)?)[^\s,;&}]+"
    r"|(/invitation/)[\w-]+"
    r"|((?:postgresql|nats|https?)://[^:/\s]+:)[^@\s]+(?=@)",
    re.IGNORECASE,
)


class JsonLines(logging.Formatter):
    """A log line as JSON: time, level, where from, what."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "from": record.name,
            "says": bare(record.getMessage()),
        }
        if request := REQUEST.get():
            line["request"] = request
        if record.exc_info:
            line["error"] = bare(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def bare(text: str) -> str:
    """A text without what would open a door.

    >>> bare("password=hunter2 for eva"), bare("GET /invitation/abc-123")
    ('password=… for eva', 'GET /invitation/…')
    """
    return _SECRET.sub(lambda found: next(part for part in found.groups() if part is not None) + "…", text)


def log_settings() -> dict[str, Any]:
    """What `logging.config.dictConfig` takes: everything to standard error, as JSON lines."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "controller.web.logs.JsonLines"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": "INFO"},
    }
