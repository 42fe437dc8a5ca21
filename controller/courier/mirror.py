"""What law holds at an agent elsewhere? A copy of what it said of itself, so that its orders are planned by it.

The agent decides by its own, whatever stands here. The copy was looked at by the person who admitted the seat; all seats of
one agent must say the same, as any of them may get an order.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from agent.memory import make_memory
from agent.post import Post, load_post, post_folder, write_post
from controller.settings import controller_pin
from controller.store.errors import SeatError
from controller.store.seats import Seat
from inventory.ceiling import Ceiling, CeilingError, read_ceiling
from inventory.signing import Pins
from inventory.token import KeyFormatError, Pin

__all__ = ["ceiling_of", "fingerprint", "mirrored", "same_law"]


def ceiling_of(seat: Seat) -> Ceiling:
    """The customer's bound, as the agent says it is. Raises SeatError."""
    try:
        return read_ceiling(str(seat.law["ceiling"]).encode())
    except (CeilingError, LookupError) as error:
        raise SeatError(f"the ceiling of {seat.id} cannot be read: {error}") from None


def fingerprint(law: Mapping[str, Any]) -> str:
    """Two laws that say the same have the same."""
    return hashlib.sha256(json.dumps(law, sort_keys=True).encode()).hexdigest()


def same_law(seat: Seat, others: tuple[Seat, ...]) -> None:
    """Raises SeatError when another seat of the same agent has another law."""
    for other in others:
        if other.id != seat.id and fingerprint(other.law) != fingerprint(seat.law):
            raise SeatError(
                f"{other.id} serves the agent {seat.agent} under another law (ceiling or keys): give both the same, or "
                f"revoke {other.id} first"
            )


def mirrored(home: Path, seat: Seat) -> Post:
    """The copy as a post, beside those of this home and never among them. Raises SeatError, HoldError, OSError."""
    place = home / "far" / seat.customer
    folder = post_folder(place, seat.agent)
    mark = folder / "law"
    if not mark.exists() or mark.read_text("ascii") != fingerprint(seat.law):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        walls: Literal["kernel", "python"] = "python" if seat.law.get("walls") == "python" else "kernel"
        write_post(
            folder,
            name=seat.agent,
            controller=(controller_pin(home),),
            pins=_pins(seat),
            ceiling=str(seat.law.get("ceiling", "")).encode(),
            walls=walls,
        )
        mark.write_text(fingerprint(seat.law), "ascii")
    post = load_post(place, seat.agent)
    if not post.memory.exists():
        make_memory(post.memory)
    return post


def _pins(seat: Seat) -> Pins:
    try:
        duty, engineers, customer = (
            tuple(Pin.read(str(line)) for line in seat.law[side])
            for side in ("duty", "engineers", "customer")
        )
        return Pins(
            duty=duty, engineers=engineers, customer=customer, cosigned=seat.law.get("cosigned") is True
        )
    except (KeyFormatError, LookupError, TypeError) as error:
        raise SeatError(f"the law of {seat.id} cannot be read: {error}") from None
