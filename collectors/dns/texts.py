"""What does a TXT record say? Its strings put together, and lists of tags such as DMARC's and DKIM's (RFC 6376)."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["begins", "joined", "tags_in"]

# One string of a record in its written form (RFC 1035, section 5.1), and what stands for one byte there.
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"|((?:[^\s"\\]|\\.)+)', re.DOTALL)
_ESCAPED = re.compile(r"\\(\d{3}|.)", re.DOTALL)
_TAG = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def joined(data: str) -> str:
    r"""The text of a record: its strings without a gap (RFC 7208 section 3.3), each byte one sign.

    >>> joined('"v=spf1 ip4:192.0.2.1" " -all"'), joined(r'"a\"b\065"')
    ('v=spf1 ip4:192.0.2.1 -all', 'a"bA')
    """
    parts = (quoted or bare for quoted, bare in _STRING.findall(data))
    return _ESCAPED.sub(_plainly, "".join(parts))


def _plainly(found: re.Match[str]) -> str:
    code = found[1]
    return chr(int(code) & 0xFF) if len(code) == 3 else code


def begins(text: str, version: str) -> bool:
    """Say whether a text is a list of tags of this kind: its first tag is the version, exactly so written.

    >>> begins("v=DMARC1; p=none", "DMARC1"), begins("v = DMARC1", "DMARC1"), begins("v=DMARC12;", "DMARC1")
    (True, True, False)
    """
    return re.match(rf"[ \t]*v[ \t]*=[ \t]*{re.escape(version)}[ \t]*(?:;|\Z)", text) is not None


def tags_in(text: str) -> dict[str, str] | str:
    """The tags of 'name=value; name=value', or why it is no such list: 'tag:…' or 'twice:…'.

    >>> tags_in("v=DMARC1; p=none;"), tags_in("v=DMARC1; p"), tags_in("p=a; p=b")
    ({'v': 'DMARC1', 'p': 'none'}, 'tag:p', 'twice:p')
    """
    found: dict[str, str] = {}
    for part in _without_end(text.split(";")):
        name, sign, value = part.partition("=")
        if not sign or not _TAG.fullmatch(name.strip(" \t")):
            return f"tag:{part.strip()[:40]}"
        if name.strip(" \t") in found:
            return f"twice:{name.strip()}"
        found[name.strip(" \t")] = value.strip(" \t")
    return found


def _without_end(parts: list[str]) -> Iterable[str]:
    """A list may end with a semicolon."""
    return parts[:-1] if not parts[-1].strip() else parts
