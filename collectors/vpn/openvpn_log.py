"""Why does somebody not come in, as OpenVPN tells it in its log? The words are those of its sources, tried against 2.6."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from collectors.plain import plain
from collectors.vpn.journal import Entry

__all__ = ["Said", "log_of"]

What = Literal[
    "certificate",
    "tls-key",
    "login",
    "cipher",
    "cipher-lists",
    "silent",
    "name-twice",
    "source",
    "pool",
    "up",
    "restart",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One line that means something. at: seconds since 1970. who: a certificate's name or an address, '' where unsaid."""

    at: float
    what: What
    text: str
    who: str = ""
    pid: str = ""
    unit: str = ""


_PEER = r"(?:(?P<name>[^/\s]+)/)?(?:\[AF_INET6?\])?(?P<address>[0-9a-fA-F.:]+:\d+)"
_PREFIX = re.compile(rf"{_PEER} (?P<rest>.*)")
_WORDS: tuple[tuple[str, What], ...] = (
    (r"VERIFY ERROR: depth=\d+, error=.*", "certificate"),
    (r"VERIFY (?:KU|EKU|X509NAME|nsCertType) ERROR.*", "certificate"),
    (r"Certificate does not have (?:key usage|extended key usage).*", "certificate"),
    (r"tls-crypt unwrap error: .*", "tls-key"),
    (
        r"TLS Error: (?:cannot locate HMAC in|incoming packet authentication failed|tls-crypt unwrapping failed).*",
        "tls-key",
    ),
    (r"Authenticate/Decrypt packet error: packet HMAC authentication failed.*", "tls-key"),
    (r"TLS Auth Error: .*", "login"),
    (r"AUTH: Received control message: AUTH_FAILED.*", "login"),
    (r"SENT CONTROL \[.*\]: 'AUTH_FAILED.*", "login"),
    (
        r"OPTIONS ERROR: failed to negotiate cipher.*|.*no shared cipher.*|.*Data channel cipher negotiation failed.*",
        "cipher",
    ),
    (r"AUTH: Received control message: AUTH_FAILED,Data channel cipher.*", "cipher"),
    (r"PUSH: No common cipher between server and client\..*", "cipher-lists"),
    (r"TLS Error: TLS key negotiation failed to occur within.*", "silent"),
    (r"RESOLVE: Cannot resolve host address: .*", "silent"),
    (
        r"(?:read|write) (?:UDP|TCP)\S* ?.*(?:Connection refused|No route to host|Network is unreachable|Host is unreachable).*",
        "silent",
    ),
    (r"TCP: connect to .* failed: .*", "silent"),
    (r"MULTI: new connection by client '.*' will cause previous active sessions.*", "name-twice"),
    (r"MULTI: bad source address from client \[.*\], packet dropped", "source"),
    (r"MULTI: no free --ifconfig-pool addresses are available.*", "pool"),
    (r"Initialization Sequence Completed.*", "up"),
    (r".*Inactivity timeout \(--ping-restart\), restarting.*", "restart"),
)
# The last that fits counts: a cipher that nobody shares is told as a login that failed.
_MEANS = tuple((re.compile(pattern), what) for pattern, what in reversed(_WORDS))
_SUBJECT = re.compile(r"\bCN=([^,/]+)")
_CLIENT = re.compile(r"new connection by client '(?P<name>[^']*)'")
_FROM = re.compile(r"from (?:\[AF_INET6?\])?(?P<address>[0-9a-fA-F.:]+):\d+")
_STAMP = re.compile(
    r"(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|\w{3} \w{3} +\d+ \d\d:\d\d:\d\d \d{4})(?: us=\d+)? (?P<rest>.*)"
)


def log_of(entries: Iterable[Entry]) -> tuple[Said, ...]:
    """The lines that mean something, oldest first."""
    return tuple(said for entry in entries for said in _said(entry))


def _said(entry: Entry) -> Iterator[Said]:
    text, who = entry.text, ""
    if match := _STAMP.fullmatch(text):
        text = match["rest"]
    if match := _PREFIX.fullmatch(text):
        text, who = match["rest"], match["name"] or match["address"].rpartition(":")[0]
    what = next((what for pattern, what in _MEANS if pattern.fullmatch(text)), None)
    if what is None:
        return
    if not who and (match := _FROM.search(text)):
        who = match["address"]
    if what == "certificate" and (names := _SUBJECT.findall(text)):
        who = names[-1]
    if match := _CLIENT.search(text):
        who = match["name"]
    yield Said(
        at=entry.at, what=what, text=plain(text, 160), who=plain(who, 80), pid=entry.pid, unit=entry.unit
    )
