"""On which server does the database lie, when it is not a file in the home? And what both kinds share."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

__all__ = ["PATIENCE", "Server", "to_json"]

# How long a writer waits for another one, in seconds.
PATIENCE = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """PostgreSQL's. url: postgresql://USER@HOST/DATABASE, without a password. ca: who signs its certificate."""

    url: str
    password: str = field(default="", repr=False)
    ca: str = ""


def to_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
