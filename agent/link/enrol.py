"""How does an agent get its seat? By a code that serves once: it makes its key, says its law, and waits for a person.

The code was brought here by a person. It holds the beginning of the controller's fingerprint, so that the key that is
pinned here is that of whoever made the invitation, also where somebody sits on the line.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from agent.link.line import LineDownError
from agent.link.place import Place, Seat
from agent.link.web import Web
from agent.memory import make_memory
from agent.post import load_post, post_folder, write_post
from inventory.ceiling import CeilingError, read_ceiling
from inventory.signing import Pins
from inventory.token import KeyFormatError, Pin, seal_token

__all__ = ["ENROL_TYPE", "EnrolError", "Enrolment", "enrol", "pins_in"]

ENROL_TYPE = "enrol+jws"
_CODE = re.compile(r"[A-Z2-7]{26}-[A-Za-z0-9_-]{16}")


class EnrolError(Exception):
    """The agent gets no seat; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """What a person at the site gives: the code, where the controller is, and the agent's own law."""

    code: str
    web: str
    authority: Path | None
    pins: Pins
    ceiling: bytes
    walls: Literal["kernel", "python"] = "kernel"


def pins_in(file: Path) -> tuple[Pin, ...]:
    """The public keys in a file. Raises EnrolError."""
    try:
        lines = file.read_text("utf-8").splitlines()
        return tuple(Pin.read(line) for line in lines if line.strip() and not line.startswith("#"))
    except (OSError, UnicodeDecodeError, KeyFormatError) as error:
        raise EnrolError(f"{file}: {error}") from None


def enrol(home: Path, wanted: Enrolment) -> Seat:
    """Ask for a seat and set the agent up; it works once a person has admitted it. Raises EnrolError, OSError."""
    if not _CODE.fullmatch(wanted.code):
        raise EnrolError(
            "this is no code of an invitation: copy it whole, as 'secondline agent invite' printed it"
        )
    try:
        read_ceiling(wanted.ceiling)
    except CeilingError as error:
        raise EnrolError(f"the ceiling: {error}") from None
    authority = wanted.authority.read_bytes() if wanted.authority else b""
    # Until the controller has said which agent this is, its key has no other place; it never leaves this machine.
    waiting = Place(home / "enrolling")
    key = waiting.key()
    said = _asked(wanted, key)
    seat, controller, vouches = _seat(said, wanted)
    if not controller.kid.startswith(wanted.code[-16:]):
        raise EnrolError(
            "who answered there is not the controller that made the invitation: somebody sits on the line"
        )
    folder = post_folder(home, seat.agent)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_post(
        folder,
        name=seat.agent,
        controller=(controller,),
        pins=wanted.pins,
        ceiling=wanted.ceiling,
        walls=wanted.walls,
    )
    post = load_post(home, seat.agent)
    if not post.memory.exists():
        make_memory(post.memory)
    place = Place.of(home, seat.agent)
    place.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (waiting.folder / "key.jwk").replace(place.folder / "key.jwk")
    place.write(seat, authority + vouches)
    return seat


def _asked(wanted: Enrolment, key: Mapping[str, Any]) -> dict[str, Any]:
    law = {
        "ceiling": wanted.ceiling.decode("utf-8", "replace"),
        "walls": wanted.walls,
        "cosigned": wanted.pins.cosigned,
        "duty": [str(pin) for pin in wanted.pins.duty],
        "engineers": [str(pin) for pin in wanted.pins.engineers],
        "customer": [str(pin) for pin in wanted.pins.customer],
    }
    code = hashlib.sha256(wanted.code.encode()).hexdigest()
    proof = seal_token(json.dumps({"code": code, "public": key["x"], "law": law}).encode(), key, ENROL_TYPE)
    try:
        web = Web(wanted.web, wanted.authority)
    except ValueError as error:
        raise EnrolError(str(error)) from None
    try:
        status, said = web.post("/sites/enrol", {"code": wanted.code, "public": key["x"], "proof": proof})
    except LineDownError as error:
        raise EnrolError(f"{error}; ask again when it does, the code was not used") from None
    finally:
        web.close()
    if status != 202:
        raise EnrolError(f"the controller says no ({status}): {said.get('why', 'without a reason')}")
    return said


def _seat(said: Mapping[str, Any], wanted: Enrolment) -> tuple[Seat, Pin, bytes]:
    try:
        seat = Seat(
            id=str(said["seat"]),
            customer=str(said["customer"]),
            site=str(said["site"]),
            agent=str(said["agent"]),
            web=wanted.web,
            nats=tuple(map(str, said["nats"])),
        )
        return seat, Pin.read(str(said["controller"])), str(said["authority"]).encode()
    except (LookupError, TypeError, KeyFormatError) as error:
        raise EnrolError(f"the controller's answer cannot be read: {error}") from None
