"""How do an order and what is told of it look on the line between controller and an agent elsewhere?

JSON, squeezed where it is long; one version and no negotiation. The order is the sealed grant, the contract with its
signatures and the jobs, as it would be handed over within one process: an agent believes it no more for having come here.
Raw answers are not in it: they are uploaded, and a word names them by the SHA-256 of the bundle they lie in.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from agent.codec import exchange_head, exchange_of, result_head, result_of
from agent.job import Broken, Job
from agent.order import Event, Order

__all__ = [
    "LARGEST",
    "LONGEST_WORD",
    "STREAM",
    "VERSION",
    "MessageError",
    "control_subject",
    "durable",
    "event_from",
    "event_word",
    "inbox",
    "order_from",
    "order_json",
    "order_subject",
    "pack",
    "sender_of",
    "unpack",
    "up_subject",
]

VERSION = 1
STREAM = "ORDERS"
# What a message may be when it is unpacked; a contract of many thousand hosts is the longest thing in one.
LARGEST = 32 << 20
# A reading that is longer than this is no answer.
LONGEST_WORD = 8 << 20
_LONG = 4096


class MessageError(ValueError):
    """What came is no message of this version; the text says what is wrong with it."""


def pack(content: Mapping[str, Any]) -> bytes:
    """Make a message."""
    text = json.dumps({"v": VERSION, **content}, ensure_ascii=False, separators=(",", ":")).encode()
    return text if len(text) < _LONG else zlib.compress(text, 1)


def unpack(data: bytes) -> dict[str, Any]:
    """Read a message. Raises MessageError, also for one that would be too long."""
    if not data.startswith(b"{"):
        squeezed = zlib.decompressobj()
        try:
            data = squeezed.decompress(data, LARGEST)
        except zlib.error:
            raise MessageError("it is neither JSON nor squeezed") from None
        if squeezed.unconsumed_tail or not squeezed.eof:
            raise MessageError(f"it is cut off, or longer than {LARGEST} bytes")
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        raise MessageError("it is not JSON") from None
    if not isinstance(content, dict):
        raise MessageError("it is no object")
    if content.get("v") != VERSION:
        raise MessageError(
            f"it is of version {content.get('v')!r}, and {VERSION} is spoken here: update the older side"
        )
    return content


def order_json(order: Order) -> dict[str, Any]:
    return {
        "token": order.token,
        "contract": order.contract,
        "signatures": list(order.signatures),
        "jobs": [asdict(job) for job in order.jobs],
        "seconds": order.seconds,
        "accounts": list(order.accounts),
        "plan": order.plan,
        "approvals": list(order.approvals),
    }


def order_from(said: Mapping[str, Any]) -> Order:
    """Read an order; whether it is lawful is for the agent to say. Raises MessageError."""
    try:
        return Order(
            token=str(said["token"]),
            contract=str(said["contract"]),
            signatures=tuple(map(str, said["signatures"])),
            jobs=tuple(Job(**job) for job in said["jobs"]),
            seconds=float(said["seconds"]),
            accounts=tuple(map(str, said["accounts"])),
            plan=str(said["plan"]),
            approvals=tuple(map(str, said["approvals"])),
        )
    except (LookupError, TypeError, ValueError):
        raise MessageError("it holds no order") from None


def event_word(event: Event) -> tuple[dict[str, Any], list[bytes]]:
    """What was told as JSON, and the raw answers in the order in which it names them."""
    word: dict[str, Any] = {"what": event.what, "job": event.job, "host": event.host, "detail": event.detail}
    raw: list[bytes] = []
    if event.result is not None:
        word["result"] = result_head(event.result)
        heads = []
        for exchange in event.exchanges:
            head, parts = exchange_head(exchange)
            heads.append({**head, "sizes": [len(part) for part in parts]})
            raw.extend(parts)
        word["exchanges"] = heads
        if len(json.dumps(word)) > LONGEST_WORD:
            large = Broken(f"the answer is longer than {LONGEST_WORD} bytes, which is no answer")
            word["result"] = {**word["result"], "outcome": {"is": "broken", "error": large.error}}
    return word, raw


def event_from(word: Mapping[str, Any], raw: bytes) -> Event:
    """Read what was told; raw: the bundle, from where its answers begin. Raises MessageError."""
    try:
        what, job, host, detail = (_text(word[name]) for name in ("what", "job", "host", "detail"))
        if "result" not in word:
            return Event(what=what, job=job, host=host, detail=detail)
        exchanges, place = [], 0
        for head in word["exchanges"]:
            parts: list[bytes] = []
            for size in head["sizes"]:
                parts.append(raw[place : place + _size(size)])
                place += size
            exchanges.append(exchange_of(head, parts))
        result = result_of(word["result"])
    except (LookupError, TypeError, ValueError, AttributeError):
        raise MessageError("it is no word of an agent") from None
    if place > len(raw):
        raise MessageError("it names more bytes than were uploaded")
    return Event(what=what, job=job, host=host, detail=detail, result=result, exchanges=tuple(exchanges))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is wanted")
    return value


def _size(value: object) -> int:
    if not isinstance(value, int) or value < 0:
        raise TypeError("a size is wanted")
    return value


def _one(name: str) -> str:
    """An id as one part of a subject: a dot would make two of it."""
    return name.replace(".", "~")


def durable(customer: str, agent: str) -> str:
    """The name of the consumer that all seats of an agent share, and nobody else."""
    return f"{_one(customer)}={_one(agent)}"


def order_subject(customer: str, agent: str) -> str:
    return f"order.{_one(customer)}.{_one(agent)}"


def control_subject(customer: str, agent: str) -> str:
    return f"ctl.{_one(customer)}.{_one(agent)}"


def up_subject(parts: Sequence[str], verb: str) -> str:
    """Where a seat speaks to the controller. parts: customer, agent, seat."""
    return ".".join(("up", *map(_one, parts), verb))


def inbox(seat: str) -> str:
    """Where answers to a seat go: it hears nobody else's."""
    return f"_INBOX_{_one(seat)}"


def sender_of(subject: str) -> tuple[tuple[str, str, str], str]:
    """Who speaks, as the broker has let them (customer, agent, seat), and what about. Raises MessageError."""
    parts = subject.split(".")
    if len(parts) != 5:
        raise MessageError("it comes from nobody's subject")
    customer, agent, seat = (part.replace("~", ".") for part in parts[1:4])
    return (customer, agent, seat), parts[4]
