"""How is Request Tracker spoken to? REST 2 of version 5, with a token."""

from __future__ import annotations

from pathlib import Path

from controller.desks.wire import Answer, Wire, checked_secret

__all__ = ["Answer", "RtWire"]


class RtWire(Wire):
    """One Request Tracker."""

    def __init__(self, url: str, token: str, *, ca: Path | None = None, deadline: float = 30.0) -> None:
        headers = {"Authorization": f"token {checked_secret(token, url)}"}
        super().__init__(url, headers, base="/REST/2.0", ca=ca, deadline=deadline)
