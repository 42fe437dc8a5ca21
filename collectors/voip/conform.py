"""What is wrong in a SIP message that can be read? Its fields, held to RFC 3261 as the torture tests of RFC 4475 do.

A server may still get along with such a message. Where calls fail, it is worth knowing who sends it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime

from collectors.voip.message import Message, Request
from collectors.voip.unreadable import Unreadable
from collectors.voip.uri import uri_of

__all__ = ["flaws"]

_NEEDED = ("via", "from", "to", "call-id", "cseq")
_SINGLE = (*_NEEDED[1:], "max-forwards", "content-type", "expires", "min-expires", "date")
# Section 8.1.1.5: less than 2**31. Section 20.19: seconds up to 2**32-1. Section 20.22: 0 to 255.
_LIMITS = {"max-forwards": 255, "expires": 2**32 - 1, "min-expires": 2**32 - 1, "retry-after": 2**32 - 1}


def flaws(message: Message) -> Iterator[str]:
    """Each as 'what:where': missing, twice, unreadable, too-large, other-method, no-branch, date, uri."""
    for name in _NEEDED:
        if message.headers.first(name) is None:
            yield f"missing:{name}"
    if isinstance(message, Request) and message.headers.first("max-forwards") is None:
        yield "missing:max-forwards"
    for name in _SINGLE:
        if len(message.headers.every(name)) > 1:
            yield f"twice:{name}"
    yield from _unreadable(message)
    yield from _numbers(message)
    if isinstance(message, Request):
        yield from _target(message.uri)
    date = message.headers.first("date")
    if date is not None and not _date_is_right(date):
        yield "date:date"


def _unreadable(message: Message) -> Iterator[str]:
    headers = message.headers
    if headers.first("via") is not None:
        if _fails(lambda: message.via):
            yield "unreadable:via"
        elif any(via.branch == "z9hG4bK" for via in message.via):
            yield "no-branch:via"
    for name in ("from", "to", "contact", "route", "record-route"):
        if headers.first(name) is not None and _fails(_reader(message, name)):
            yield f"unreadable:{name}"
    if headers.first("cseq") is not None:
        if _fails(lambda: message.cseq):
            yield "unreadable:cseq"
        else:
            if message.cseq.number >= 2**31:
                yield "too-large:cseq"
            if isinstance(message, Request) and message.cseq.method != message.method:
                yield "other-method:cseq"


def _reader(message: Message, name: str) -> Callable[[], object]:
    return lambda: message.addresses(name)


def _fails(reading: Callable[[], object]) -> bool:
    try:
        reading()
    except Unreadable:
        return True
    return False


def _numbers(message: Message) -> Iterator[str]:
    for name, most in _LIMITS.items():
        try:
            number = message.number(name)
        except Unreadable:
            yield f"unreadable:{name}"
        else:
            if number is not None and number > most:
                yield f"too-large:{name}"


def _target(uri: str) -> Iterator[str]:
    """A Request-URI stands without brackets, and without header fields in it (section 19.1.1)."""
    try:
        if uri_of(uri).headers:
            yield "uri:request"
    except Unreadable:
        yield "uri:request"


def _date_is_right(value: str) -> bool:
    """RFC 1123, and in no other zone than GMT (section 20.17)."""
    try:
        parsedate_to_datetime(value)
    except ValueError:
        return False
    return value.endswith(" GMT")
