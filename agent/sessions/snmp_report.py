"""What does a report of an SNMP agent mean? Told by its counter (RFC 3414, section 5; RFC 3412, section 5; RFC 3413)."""

from __future__ import annotations

from agent.start import SnmpUser
from collectors.session import Kind, Phase, Unanswered
from collectors.varbind import Oid

__all__ = ["said_by"]

_USM = (1, 3, 6, 1, 6, 3, 15, 1, 1)
_MPD = (1, 3, 6, 1, 6, 3, 11, 2, 1)
_TARGET = (1, 3, 6, 1, 6, 3, 12, 1)


def said_by(counter: Oid, user: SnmpUser | None, context: str, phase: Phase) -> Unanswered:
    """What a report comes to. user: as whom we asked. phase: how far the conversation had come."""
    name = f"the user '{user.name}'" if user else "our user"
    digest = user.authentication if user else ""
    cipher = user.privacy if user else ""
    rejected = {
        (*_USM, 1, 0): f"it does not let {name} ask with authentication and privacy",
        (*_USM, 3, 0): f"it does not know {name}",
        (
            *_USM,
            5,
            0,
        ): f"for {name} it has another pass phrase for authentication, or another digest than {digest}",
        (*_USM, 6, 0): f"for {name} it has another pass phrase for privacy, or another cipher than {cipher}",
    }
    engine = {
        (*_USM, 2, 0): "it does not accept the time that it gave itself",
        (*_USM, 4, 0): "it does not know the engine ID that it gave itself",
    }
    missing = {
        (*_TARGET, 4, 0): f"it cannot give the context '{context}' now",
        (*_TARGET, 5, 0): f"it knows no context '{context}'",
    }
    if counter in rejected:
        return Unanswered(Kind.CREDENTIALS_REJECTED, rejected[counter], phase=Phase.LOGIN)
    if counter in engine:
        return Unanswered(Kind.REFUSED, engine[counter], phase=Phase.GREET)
    if counter in missing:
        return Unanswered(Kind.NOT_THERE, missing[counter])
    if counter == (*_MPD, 3, 0):
        return Unanswered(Kind.REFUSED, "it has nobody who answers such a question", phase=phase)
    named = ".".join(map(str, counter)) or "nothing"
    return Unanswered(Kind.UNPARSABLE, f"it reports {named}", phase=phase)
