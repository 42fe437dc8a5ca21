"""What do we say over SIP? Our requests, and our answers to the server's, as a phone writes them (RFC 3261, section 8.1)."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from ipaddress import ip_address

from agent.start import SipWay
from collectors.voip import digest
from collectors.voip.digest import Challenge
from collectors.voip.headers import Headers
from collectors.voip.message import Request, Response, Unreadable

__all__ = ["Dialogue", "Pen", "hidden", "place"]

_AGENT = "Secondline"
_ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS"
# With the rest of an answer to a challenge, passwords could be tried on it.
_RESPONSE = re.compile(rb'(response|cnonce)="[^"]*"', re.IGNORECASE)


def hidden(wire: bytes) -> bytes:
    """A message as it may be kept: without what passwords could be tried on.

    >>> hidden(b'Authorization: Digest nonce="1", response="abc"')
    b'Authorization: Digest nonce="1", response="-"'
    """
    return _RESPONSE.sub(rb'\1="-"', wire)


def place(address: tuple[str, int]) -> str:
    """An address and port as a URI has them.

    >>> place(("2001:db8::1", 5060)), place(("192.0.2.1", 5060))
    ('[2001:db8::1]:5060', '192.0.2.1:5060')
    """
    host, port = address
    return f"[{host}]:{port}" if ip_address(host).version == 6 else f"{host}:{port}"


@dataclass(slots=True, kw_only=True)
class Dialogue:
    """What several requests have in common. to_tag: '' until an answer gave one. route: as it must be written."""

    target: str
    to: str
    call_id: str = field(default_factory=lambda: secrets.token_hex(12))
    tag: str = field(default_factory=lambda: secrets.token_hex(6))
    to_tag: str = ""
    number: int = 0
    route: tuple[str, ...] = ()


class Pen:
    """Writes for one account from one place; keeps the challenge, whose nonce serves several requests."""

    def __init__(self, way: SipWay, here: tuple[str, int]) -> None:
        self._way, self._here = way, here
        self._asked: Challenge | None = None
        self._count = 0

    @property
    def registrar(self) -> str:
        return self._uri("")

    @property
    def account(self) -> str:
        return f"<sip:{self._way.user or 'secondline'}@{self._way.domain}>"

    @property
    def allow(self) -> str:
        return _ALLOW

    @property
    def contact(self) -> str:
        kind = "" if self._way.transport == "udp" else f";transport={self._way.transport}"
        return f"<sip:{self._way.user or 'secondline'}@{place(self._here)}{kind}>"

    def uri(self, number: str) -> str:
        return self._uri(f"{number}@")

    def _uri(self, who: str) -> str:
        kind = "" if self._way.transport == "udp" else f";transport={self._way.transport}"
        return f"sip:{who}{self._way.domain}{kind}"

    def request(
        self,
        method: str,
        dialogue: Dialogue,
        *more: tuple[str, str],
        body: bytes = b"",
        number: int | None = None,
        branch: str = "",
    ) -> Request:
        """The next request of a dialogue; number and branch: those of another one, for ACK and CANCEL."""
        if number is None:
            dialogue.number += 1
            number = dialogue.number
        to = dialogue.to + (f";tag={dialogue.to_tag}" if dialogue.to_tag else "")
        fields = [
            ("via", self._via(branch or f"z9hG4bK{secrets.token_hex(8)}")),
            ("max-forwards", "70"),
            *(("route", one) for one in dialogue.route),
            ("from", f"{self.account};tag={dialogue.tag}"),
            ("to", to),
            ("call-id", dialogue.call_id),
            ("cseq", f"{number} {method}"),
            *more,
            ("user-agent", _AGENT),
        ]
        if self._asked is not None and method not in {"ACK", "CANCEL"}:
            fields.append(self._authorization(method, dialogue.target))
        if body:
            fields.append(("content-type", "application/sdp"))
        return Request(method=method, uri=dialogue.target, headers=Headers(tuple(fields)), body=body)

    def _via(self, branch: str) -> str:
        return f"SIP/2.0/{self._way.transport.upper()} {place(self._here)};branch={branch};rport"

    def can_answer(self, response: Response) -> bool:
        """Take up a challenge (401, 407). False where there is no account, or no challenge that we can answer."""
        if not (self._way.user and self._way.secret):
            return False
        name = "proxy-authenticate" if response.code == 407 else "www-authenticate"
        found = []
        for value in response.headers.every(name):
            try:
                challenge = digest.challenge_of(value, proxy=response.code == 407)
            except Unreadable:
                continue
            if challenge is not None:
                found.append(challenge)
        best = digest.best(tuple(found))
        if best is None:
            return False
        if self._asked is None or best.nonce != self._asked.nonce:
            self._count = 0
        self._asked = best
        return True

    def forget(self) -> None:
        """Answer no challenge before it is made again."""
        self._asked, self._count = None, 0

    def _authorization(self, method: str, uri: str) -> tuple[str, str]:
        asked = self._asked
        if asked is None:
            raise ValueError("nobody asked who we are")
        self._count += 1
        value = digest.answer(
            asked,
            user=self._way.user,
            password=self._way.secret,
            method=method,
            uri=uri,
            cnonce=secrets.token_hex(8),
            count=self._count,
        )
        return ("proxy-authorization" if asked.proxy else "authorization"), value

    def reply(self, asked: Request, code: int, reason: str) -> Response:
        """Our answer to a request of the server's."""
        kept = tuple(
            (name, value)
            for name, value in asked.headers.fields
            if name in {"via", "from", "to", "call-id", "cseq", "record-route"}
        )
        return Response(code=code, reason=reason, headers=Headers((*kept, ("allow", _ALLOW))))
