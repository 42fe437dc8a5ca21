"""Why can a text of telephony (SIP, SDP) not be read? One error for all of its readers."""

from __future__ import annotations

__all__ = ["Unreadable"]


class Unreadable(ValueError):  # noqa: N818 - it says what the text is, and is met by every reader of it.
    """The text is not what its standard says.

    reason: in words, without anything of the text that would not fit on one line. offset: where, in bytes from the
    begin of what was to be read.
    """

    def __init__(self, reason: str, offset: int = 0) -> None:
        super().__init__(f"{reason} (at {offset})")
        self.reason = reason
        self.offset = offset
