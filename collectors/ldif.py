"""How are the entries of a directory kept as evidence, and written in a test case? As LDIF (RFC 2849).

Text that is safe stands as it is, everything else in base64, so that nothing is lost and people can read it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator

from collectors.entry import Entry

__all__ = ["LdifError", "ldif", "read_ldif"]

_SAFE = re.compile(rb"[!-9;=-~][ -~]*(?<! )")
_LINE = re.compile(r"([A-Za-z0-9][A-Za-z0-9;.=*-]*):(:?) ?(.*)")


class LdifError(ValueError):
    """The text is no LDIF; the message names the line."""


def ldif(entries: Iterable[Entry]) -> str:
    r"""Write entries, attributes in order of their names.

    >>> ldif([Entry("CN=a", {"cn": (b"a",), "objectguid": (b"\0\1",)})])
    'dn: CN=a\ncn: a\nobjectguid:: AAE=\n\n'
    """
    return "".join(f"{chr(10).join(_lines(entry))}\n\n" for entry in entries)


def _lines(entry: Entry) -> Iterator[str]:
    yield _line("dn", entry.dn.encode())
    for name in sorted(entry.attributes):
        yield from (_line(name, value) for value in entry.attributes[name])


def _line(name: str, value: bytes) -> str:
    if not value:
        return f"{name}:"
    if _SAFE.fullmatch(value):
        return f"{name}: {value.decode('ascii')}"
    return f"{name}:: {base64.b64encode(value).decode('ascii')}"


def read_ldif(text: str) -> tuple[Entry, ...]:
    """Read entries; lines that begin with a space continue the one before, '#' begins a comment. Raises LdifError."""
    entries: list[Entry] = []
    dn: str | None = None
    values: dict[str, list[bytes]] = {}
    for number, line in enumerate([*text.replace("\n ", "").split("\n"), ""], start=1):
        if line.startswith("#"):
            continue
        if not line.strip():
            if dn is not None:
                entries.append(Entry(dn, {name: tuple(found) for name, found in values.items()}))
            dn, values = None, {}
            continue
        name, value = _read_line(line, number)
        if dn is None:
            if name != "dn":
                raise LdifError(f"line {number}: an entry begins with 'dn:'")
            dn = value.decode("utf-8", "backslashreplace")
        else:
            values.setdefault(name, []).append(value)
    return tuple(entries)


def _read_line(line: str, number: int) -> tuple[str, bytes]:
    found = _LINE.fullmatch(line.rstrip("\r"))
    if found is None:
        raise LdifError(f"line {number}: write 'attribute: value', or 'attribute:: base64'")
    name, is_base64, text = found.groups()
    try:
        value = base64.b64decode(text, validate=True) if is_base64 else text.encode()
    except ValueError:
        raise LdifError(f"line {number}: this is not base64") from None
    return name.lower(), value
