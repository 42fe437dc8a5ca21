"""How does an HTTP request log in by Kerberos? When the host asks for it, by a proof of its own, bound to this channel.

Nothing else is ever tried: a host that offers NTLM alone is not logged in to (RFC 4559, MS-WSMV 3.1.4.1).
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

import requests
from requests.auth import AuthBase

from agent.sessions.spnego import end_point
from agent.sessions.tickets import Proof, Tickets
from agent.sessions.wsman_line import Dialler, Watch
from collectors.silence import Kind, Phase, Unanswered

__all__ = ["KerberosLogin"]

# The schemes, and whether SPNEGO is around Kerberos there.
_SCHEMES = (("Negotiate", True), ("Kerberos", False))


class KerberosLogin(AuthBase):
    """Answers the host's 401 once a request."""

    def __init__(self, tickets: Tickets, dialler: Dialler, watch: Watch) -> None:
        self._tickets, self._dialler, self._watch = tickets, dialler, watch

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.register_hook("response", self._answered)
        return request

    def _answered(self, response: requests.Response, **words: Any) -> requests.Response:  # noqa: ANN401 - the library's.
        if response.status_code != requests.codes.unauthorized:
            return response
        # The line is free for what comes next, or to be closed, only when all of this has been read.
        _ = response.content
        offered = self._dialler.offered
        scheme, is_wrapped = next((one for one in _SCHEMES if one[0].lower() in offered), ("", False))
        if not scheme:
            names = ", ".join(sorted(offered)) or "nothing"
            detail = f"the host lets nobody log in by Kerberos, only by {names}"
            raise Unanswered(Kind.REFUSED, detail, phase=Phase.GREET)
        proof = self._prove()
        request = response.request.copy()
        token = base64.b64encode(proof.token(is_wrapped=is_wrapped)).decode("ascii")
        request.headers["Authorization"] = f"{scheme} {token}"
        again: requests.Response = response.connection.send(request, **words)
        _ = again.content
        again.history.append(response)
        again.request = request
        is_let_in = again.status_code != requests.codes.unauthorized
        proof.judge(_token_of(again, scheme), is_let_in=is_let_in)
        return again

    def _prove(self) -> Proof:
        try:
            return self._tickets.prove(end_point(self._dialler.certificate), self._watch.patience())
        except PermissionError as error:
            self._dialler.held = error
            raise


def _token_of(response: requests.Response, scheme: str) -> bytes:
    """The token beside a scheme in an answer's header; b'' where there is none. Raises Unanswered."""
    for one in response.headers.get("WWW-Authenticate", "").split(","):
        name, _, token = one.strip().partition(" ")
        if name.lower() == scheme.lower() and token:
            try:
                return base64.b64decode(token.strip(), validate=True)
            except binascii.Error:
                break
        elif name.lower() == scheme.lower():
            return b""
    else:
        return b""
    raise Unanswered(Kind.TICKET_REJECTED, "the host's answer to the log-in is no token", phase=Phase.LOGIN)
