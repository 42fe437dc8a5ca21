"""Can an authority read who may issue certificates for a zone? Records of the type CAA (RFC 8659)."""

from __future__ import annotations

import re

from collectors.dns.texts import joined

__all__ = ["wrong_in_caa"]

_RECORD = re.compile(r"(\d{1,3}) ([A-Za-z0-9]{1,15}) (.*)", re.DOTALL)
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
# Perhaps an authority's name, then perhaps parameters; nothing at all forbids every authority.
_ISSUER = re.compile(
    rf"[ \t]*(?:{_LABEL}(?:\.{_LABEL})*)?[ \t]*"
    rf"(?:;[ \t]*(?:{_LABEL}[ \t]*=[ \t]*[!-:<-~]*[ \t]*(?:;[ \t]*{_LABEL}[ \t]*=[ \t]*[!-:<-~]*[ \t]*)*)?)?;?[ \t]*"
)
_TELLS = re.compile(r"(?:mailto:[^\s@]+@[^\s@]+|https?://\S+)", re.IGNORECASE)
_KNOWN = frozenset({"issue", "issuewild", "issuemail", "issuevmc", "iodef", "contactemail", "contactphone"})
_CRITICAL = 128


def wrong_in_caa(data: str) -> str:
    """What is wrong with a record, as a code; empty for nothing.

    >>> wrong_in_caa('0 issue "ca.example; account=1"'), wrong_in_caa('0 issue ";"'), wrong_in_caa('0 issuewild ""')
    ('', '', '')
    >>> wrong_in_caa('0 issue "https://ca.example"'), wrong_in_caa('0 iodef "it@a.test"'), wrong_in_caa('128 tbs "x"')
    ('issue:https://ca.example', 'iodef:it@a.test', 'critical:tbs')
    """
    found = _RECORD.fullmatch(data)
    if found is None or int(found[1]) > 255:
        return f"record:{data[:40]}"
    flags, tag, value = int(found[1]), found[2].lower(), joined(found[3])
    if tag in {"issue", "issuewild", "issuemail", "issuevmc"} and not _ISSUER.fullmatch(value):
        return f"{tag}:{value[:40]}"
    if tag == "iodef" and not _TELLS.fullmatch(value):
        return f"iodef:{value[:40]}"
    # An authority that does not know a critical record must not issue (section 4.5).
    return f"critical:{tag}" if tag not in _KNOWN and flags & _CRITICAL else ""
