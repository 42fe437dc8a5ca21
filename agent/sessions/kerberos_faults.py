"""What does it mean that Kerberos says no? Numbers of RFC 4120, section 7.5.9, in no language. Pure.

Negative numbers are those of MIT's library (krb5_err.et): what it says of an answer that it does not take.

Who says it counts: the KDC at the log-in speaks of our account, the KDC asked for the service of the host's, and the
host of the ticket that it was shown.
"""

from __future__ import annotations

from enum import StrEnum

from collectors.silence import Kind, Phase, Unanswered

__all__ = ["Step", "kerberos_fault"]


class Step(StrEnum):
    """How far the log-in had come: the first ticket, the host's, and the host itself."""

    ACCOUNT = "account"
    SERVICE = "service"
    HOST = "host"


_CLOCK = {
    # The proof bears the KDC's time: who minds it differs from the KDC, or this agent does where the KDC minds.
    True: "the clocks of {who} and of the domain are too far apart",
    False: "the clocks of {who} and of this agent are too far apart",
}
_ACCOUNT = {
    1: "the account has expired",
    6: "the realm knows no such account",
    12: "the KDC's policy does not let the account log in now or from here",
    14: "the account has no AES key: its password must be set anew, or AES allowed for it",
    18: "the account is locked, disabled or expired, or it is not the hour for it",
    23: "the password has expired",
    24: "wrong password",
    31: "wrong password",
    -1765328174: "the KDC wants something other than a password with an AES key: a smart card, or the account has no AES key",
    -1765328237: "the KDC's answer is not to our question",
}
_SERVICE = {
    7: "the realm knows no {service}: its service principal name (SPN) is missing",
    27: "the realm gives no ticket for {service} of this kind: it belongs to a person's account",
}
_TICKET = {
    14: "the host's account has no AES key, and older ones are not used",
    18: "the host's account is locked or disabled",
    19: "the host's account is locked or disabled",
}
_HOST = {
    31: "the host cannot read the ticket: {service} belongs to another account, or its password is out of step",
    32: "the ticket is over by the host's clock",
    33: "the ticket is not valid yet by the host's clock",
    35: "the ticket is for another host",
    41: "the host cannot read the ticket: {service} belongs to another account, or its password is out of step",
    44: "the host has no key of that version: its password is out of step with the domain",
    45: "the host has no key for {service}",
    50: "the host was shown the channel to another machine, or does not bind to it",
}
# KRB_AP_ERR_SKEW, and the library's KRB5_KDCREP_SKEW.
_SKEW = (37, -1765328236)


def kerberos_fault(number: int, step: Step, *, service: str, who: str, ahead: int = 0) -> Unanswered:
    """What an error number comes to.

    number: 0 where nobody gave one. service: the principal that was asked for, such as HTTP/web1.example. who: the KDC or host that said it.
    ahead: seconds by which the KDC's clock is ahead of ours.
    """
    shown = f"error {number}" if number else "no number"
    clock = f"; the KDC's clock is {ahead:+d} s off this agent's" if abs(ahead) > 60 else ""

    def told(kind: Kind, said: str, phase: Phase = Phase.LOGIN) -> Unanswered:
        words = said.format(service=service, who=who)
        return Unanswered(kind, f"{words} (Kerberos, {who}: {shown}{clock})", phase=phase)

    if number in _SKEW:
        return told(Kind.TICKET_REJECTED, _CLOCK[step is Step.HOST])
    match step:
        case Step.ACCOUNT:
            return told(Kind.CREDENTIALS_REJECTED, _ACCOUNT.get(number, "the KDC refuses the account"))
        case Step.SERVICE if number in _SERVICE:
            # Before anything is said to the host: nobody can log in to it by this name.
            return told(Kind.NOT_THERE, _SERVICE[number], Phase.GREET)
        case Step.SERVICE:
            return told(Kind.TICKET_REJECTED, _TICKET.get(number, "the KDC gives no ticket for {service}"))
        case Step.HOST:
            return told(Kind.TICKET_REJECTED, _HOST.get(number, "the host does not accept the ticket"))
