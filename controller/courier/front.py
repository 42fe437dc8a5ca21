"""What does an agent elsewhere find at the controller's web address? Where it asks for its seat, and where it uploads.

An ASGI application of its own, without a framework: the web application mounts it at `/sites`, and `secondline nats serve`
serves it alone. Nothing else is here, and what is announced too large is refused before it is read.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from agent.link.enrol import ENROL_TYPE
from agent.link.web import EVIDENCE_TYPE
from controller.courier.incoming import Incoming
from controller.ledger import Entry, LedgerFact, What, append
from controller.store.errands import get_errand
from controller.store.errors import EvidenceError, SeatError, StoreError
from controller.store.seats import SeatState, enrol, get_seat
from controller.store.store import Store
from inventory.token import KeyFormatError, Pin, TokenError, open_token

__all__ = ["Front"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_LONGEST_ASKING = 256 << 10
# For how long a token of an upload holds, in seconds; a clock may differ by as much.
_HOLDS = 900.0


class _SaidNoError(Exception):
    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """controller: the key that agents pin. nats, authority: what an agent is told of the broker."""

    store: Store
    incoming: Incoming
    controller: Pin
    nats: tuple[str, ...]
    authority: str = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        path = scope["path"].removeprefix(scope.get("root_path", "")).removeprefix("/sites")
        heads = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            match scope["method"], path.strip("/").split("/"):
                case "POST", ["enrol"]:
                    await _answer(send, 202, await self._enrol(scope, heads, receive))
                case ("HEAD" | "PUT") as method, ["evidence", sha256]:
                    await self._evidence(method, sha256, heads, receive, send)
                case _:
                    await _answer(send, 404, {"why": "there is nothing here"})
        except (_SaidNoError, EvidenceError) as error:
            await _answer(send, error.status, {"why": str(error)}, {"x-reason": str(error)})
        except StoreError as error:
            await _answer(send, 503, {"why": str(error)}, {"x-reason": "the store cannot be used"})

    async def _enrol(self, scope: Scope, heads: Mapping[str, str], receive: Receive) -> dict[str, Any]:
        if _number(heads, "content-length") > _LONGEST_ASKING:
            raise _SaidNoError(413, "this is too long for an enrolment")
        body = b""
        async for piece in _pieces(receive):
            body += piece
            if len(body) > _LONGEST_ASKING:
                raise _SaidNoError(413, "this is too long for an enrolment")
        source = scope["client"][0] if scope.get("client") else ""
        return await asyncio.to_thread(self._enrolled, body, source)

    def _enrolled(self, body: bytes, source: str) -> dict[str, Any]:
        try:
            said = json.loads(body)
            code, public = str(said["code"]), str(said["public"])
            pin = Pin.read(f"ed25519 {public}")
            proof = json.loads(open_token(str(said["proof"]), [pin], ENROL_TYPE)[0])
            law = dict(proof["law"])
        except (ValueError, LookupError, TypeError, KeyFormatError, TokenError):
            raise _SaidNoError(400, "this is no enrolment") from None
        if proof.get("code") != hashlib.sha256(code.encode()).hexdigest() or proof.get("public") != public:
            raise _SaidNoError(400, "the proof is of another enrolment")
        try:
            seat = enrol(self.store, code, public=public, law=law, source=source, now=datetime.now(UTC))
        except SeatError as error:
            raise _SaidNoError(429 if "wait" in str(error) else 403, str(error)) from None
        facts: dict[str, LedgerFact] = {"customer": seat.customer, "site": seat.site, "agent": seat.agent}
        facts |= {"seat": seat.id, "key": pin.kid}
        append(self.store, Entry(what=What.AGENT_ENROLLED, who=seat.id, facts=facts))
        return {
            "seat": seat.id,
            "customer": seat.customer,
            "site": seat.site,
            "agent": seat.agent,
            "nats": list(self.nats),
            "controller": str(self.controller),
            "authority": self.authority,
        }

    async def _evidence(
        self, method: str, sha256: str, heads: Mapping[str, str], receive: Receive, send: Send
    ) -> None:
        errand, size = await asyncio.to_thread(self._permitted, heads, sha256)
        found = await asyncio.to_thread(self.incoming.offset, errand, sha256)
        if method == "HEAD" or (found and found[1]):
            here = str(found[0] if found else 0)
            await _answer(send, 200 if found else 404, {}, {"upload-offset": here})
            return
        offset = _number(heads, "upload-offset")
        if _number(heads, "upload-length") != size or _number(heads, "content-length") != size - offset:
            raise _SaidNoError(422, "the lengths do not fit what was signed")
        with await asyncio.to_thread(self.incoming.admit, errand, sha256, size, offset) as stream:
            room = size - offset
            async for piece in _pieces(receive):
                room -= len(piece)
                if room < 0:
                    raise _SaidNoError(413, "more came than was announced")
                await asyncio.to_thread(stream.write, piece)
        if room:
            # The line was cut: what is here stays, and the rest is sent when it is back.
            raise _SaidNoError(408, "the end is missing")
        await asyncio.to_thread(self.incoming.close, errand, sha256, size)
        await _answer(send, 201, {})

    def _permitted(self, heads: Mapping[str, str], sha256: str) -> tuple[str, int]:
        """Whose order it belongs to, and how long it is, by the token of the seat that has it now."""
        scheme, _, token = heads.get("authorization", "").partition(" ")
        claims = _unproven(token) if scheme == "Secondline" else {}
        seat = get_seat(self.store, str(claims.get("seat", "")))
        if seat is None or seat.state is not SeatState.ADMITTED:
            raise _SaidNoError(401, "nobody who may upload has signed this")
        try:
            said = json.loads(open_token(token, [Pin(seat.public, seat.id)], EVIDENCE_TYPE)[0])
            at, size, attempt = float(said["at"]), int(said["size"]), int(said["attempt"])
        except (TokenError, ValueError, LookupError, TypeError):
            raise _SaidNoError(401, "nobody who may upload has signed this") from None
        if abs(at - datetime.now(UTC).timestamp()) > _HOLDS:
            raise _SaidNoError(401, "the signature is too old, or a clock is wrong: compare the clocks")
        if said.get("sha256") != sha256:
            raise _SaidNoError(403, "the signature is for other bytes")
        errand = get_errand(self.store, str(said.get("errand", "")))
        mine = errand is not None and (errand.seat, errand.attempt) == (seat.id, attempt)
        if errand is None or not mine or errand.state.over:
            raise _SaidNoError(403, "this seat does not have such an order now")
        return errand.id, size


def _unproven(token: str) -> dict[str, Any]:
    """What a token says of itself, to know whose key to try; it is believed after that only."""
    import base64  # noqa: PLC0415 - here alone.

    try:
        middle = token.split(".")[1]
        said = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    except (ValueError, IndexError):
        return {}
    return said if isinstance(said, dict) else {}


def _number(heads: Mapping[str, str], name: str) -> int:
    value = heads.get(name, "0")
    if not value.isdigit() or len(value) > 15:
        raise _SaidNoError(400, f"{name} is no number")
    return int(value)


async def _pieces(receive: Receive) -> Any:  # noqa: ANN401 - an asynchronous generator of bytes.
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        if piece := message.get("body", b""):
            yield piece
        if not message.get("more_body", False):
            return


async def _answer(
    send: Send, status: int, content: Mapping[str, Any], more: Mapping[str, str] | None = None
) -> None:
    body = json.dumps(content).encode()
    heads = {"content-type": "application/json", "content-length": str(len(body)), **(more or {})}
    if status >= 400:
        # What was announced and not read must not be taken for the next request.
        heads["connection"] = "close"
    raw = [
        (name.encode(), "".join(c if c.isprintable() else " " for c in value).encode("latin-1", "replace"))
        for name, value in heads.items()
    ]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
