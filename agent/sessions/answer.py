"""What does a line mean that a script leaves? Objects, or the error in which it ended, as `bootstrap.ps1` writes them. Pure."""

from __future__ import annotations

import json

from agent.sessions.wsman_faults import script_error
from collectors.silence import Kind, Unanswered

__all__ = ["MARK", "understood"]

MARK = b"secondline="


def understood(line: bytes, digest: str = "") -> bytes:
    """The objects of a marked line, as JSON. Raises Unanswered.

    digest: of the script that was meant, where the host has its own copy and says which one it ran.
    """
    try:
        said = json.loads(line.removeprefix(MARK))
    except (ValueError, RecursionError):
        raise Unanswered(Kind.UNPARSABLE, "the answer is no JSON") from None
    if digest and (not isinstance(said, dict) or said.get("script") != digest):
        # What it says may be right, but not to our question.
        detail = "the endpoint has another edition of this question: register it anew"
        raise Unanswered(Kind.NOT_THERE, detail)
    match said:
        case {"answer": list(found)}:
            return json.dumps(found, ensure_ascii=False).encode("utf-8", "backslashreplace")
        case {"error": dict(error)}:
            raise script_error(error)
        case _:
            raise Unanswered(Kind.UNPARSABLE, "the answer holds neither objects nor an error")
