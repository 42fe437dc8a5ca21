"""What does it mean that Windows says no? Numbers and names of standards, in no language. Pure.

Subcodes of faults are those of DSP0226 (chapter 14), numbers those of MS-ERREF 2.1 and 2.2 and of wsmerror.h.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from collectors.silence import Kind, Phase, Unanswered

__all__ = ["fault", "script_error"]

_DENIED = {
    0x5: "access denied",
    0x80070005: "access denied",
    0x80041003: "WMI denies access",
    0x80070522: "a privilege is missing",
}
_LOGON = {
    0x52E: "wrong user or password",
    0x8007052E: "wrong user or password",
    0x52F: "the account is restricted",
    0x530: "not at this hour",
    0x532: "password expired",
    0x533: "account disabled",
    0x701: "account expired",
    0x773: "password must be changed first",
    0x775: "account locked",
    0x8009030C: "log-on denied",
}
_QUOTA = {
    0x8033803F: "a limit of the service",
    0x803381A5: "too many shells of this account",
    0x803381A6: "too many operations of this account",
    0x803381A7: "too many requests of this account",
    0x803381A8: "too many requests in all",
    0x803381AB: "too many accounts with shells",
    0x803381E6: "too many shells",
    0x803381E7: "too many operations",
    0x803381E8: "too many operations of this account",
    0x803381E9: "too many commands in the shell",
}
_NOT_THERE = {
    0x80338000: "no such endpoint",
    0x8033805B: "the shell is gone",
    0x80041002: "WMI has no such object",
    0x8004100E: "WMI has no such namespace",
    0x80041010: "WMI has no such class",
    0x80070002: "no such file or key",
}
_ENDED = {0x3E3: "the command was ended on the host", 0x800703E3: "the command was ended on the host"}
_SUBCODES = {
    "AccessDenied": (Kind.REFUSED, "access denied"),
    "QuotaLimit": (Kind.QUOTA, "a limit of the service"),
    "Concurrency": (Kind.QUOTA, "another operation is under way"),
    "DestinationUnreachable": (Kind.NOT_THERE, "no such endpoint"),
    "InvalidResourceURI": (Kind.NOT_THERE, "no such endpoint"),
    "TimedOut": (Kind.TIMED_OUT, "the host gave up"),
}
_TABLES = (
    (Kind.QUOTA, _QUOTA),
    (Kind.CREDENTIALS_REJECTED, _LOGON),
    (Kind.REFUSED, _DENIED),
    (Kind.NOT_THERE, _NOT_THERE),
    (Kind.CUT_OFF, _ENDED),
    (Kind.TIMED_OUT, {0x80338029: "the host gave up"}),
)
# What the errors of PowerShell itself are called, in every language of Windows.
_NAMED = {
    "ConstrainedLanguage": (Kind.REFUSED, "PowerShell is in constrained language mode for this account"),
    "UnauthorizedAccess": (Kind.REFUSED, "access denied"),
    "PermissionDenied": (Kind.REFUSED, "access denied"),
    "CommandNotFoundException": (
        Kind.NOT_THERE,
        "PowerShell has no such command; version 3 or newer is needed",
    ),
    "PathNotFound": (Kind.NOT_THERE, "no such key or file"),
}
_HRESULT = re.compile(r"\bHRESULT (0x[0-9A-Fa-f]{8})\b")


def fault(codes: tuple[int | None, ...], subcode: str, phase: Phase) -> Unanswered:
    """What a WS-Management fault comes to: the codes that came with it, and its subcode ('w:AccessDenied')."""
    for code in codes:
        found = _known(code)
        if found is not None:
            return Unanswered(found[0], f"{found[1]} ({_shown(code)})", phase=phase)
    name = subcode.rpartition(":")[2]
    shown = ", ".join(filter(None, (name, *map(_shown, codes)))) or "it does not say why"
    if name in _SUBCODES:
        kind, said = _SUBCODES[name]
        return Unanswered(kind, f"{said} ({shown})", phase=phase)
    return Unanswered(Kind.REFUSED, f"the host refuses: {shown}", phase=phase)


def script_error(error: Mapping[str, object]) -> Unanswered:
    """What the error of a script comes to: its id, category and number, as the bootstrap tells them."""
    name, category = str(error.get("id", "")), str(error.get("category", ""))
    inner = _HRESULT.search(name)
    numbers = (int(inner[1], 16) if inner else None, error.get("native"), error.get("hresult"))
    codes = tuple(number & 0xFFFFFFFF for number in numbers if isinstance(number, int))
    shown = ", ".join(filter(None, (name[:200], category[:40], *map(_shown, codes))))
    for code in codes:
        found = _known(code)
        if found is not None:
            return Unanswered(found[0], f"{found[1]} ({shown})")
    for word, (kind, said) in _NAMED.items():
        if word in name or word == category:
            return Unanswered(kind, f"{said} ({shown})")
    return Unanswered(Kind.UNPARSABLE, f"the script ended in an error ({shown})")


def _known(code: int | None) -> tuple[Kind, str] | None:
    if code is None:
        return None
    return next(((kind, table[code]) for kind, table in _TABLES if code in table), None)


def _shown(code: int | None) -> str:
    return "" if code is None else f"0x{code:08X}" if code > 0xFFFF else str(code)
