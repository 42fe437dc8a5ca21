"""What did PowerShell write to its error stream? Its own XML (MS-PSRP 2.2.5), without the noise of progress. Pure."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from collectors.exchange import readable

__all__ = ["error_id", "error_text"]

_HEAD = "#< CLIXML"
_SPACE = "{http://schemas.microsoft.com/powershell/2004/04}"
_BEGIN, _END = "<Objs", "</Objs>"
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
# The name stays in English in every language of Windows; long lines are broken, and go on indented.
_ERROR_ID = re.compile(r"FullyQualifiedErrorId\s*:\s*(.*?)(?:\r?\n[ \t]*(?=\r?\n)|\Z)", re.DOTALL)


def error_text(stderr: bytes) -> str:
    r"""The text of the errors; what is no such XML stays as it is.

    >>> error_text(b'#< CLIXML\r\n<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">'
    ...     b'<Obj S="progress"><MS/></Obj><S S="Error">Zugriff_x000D__x000A_</S></Objs>')
    'Zugriff\r\n'
    """
    text = readable(stderr)
    if _HEAD not in text:
        return text
    parts, plain = _apart(text)
    found = [piece for part in parts for piece in _errors(part)]
    return "".join((*found, plain.replace(_HEAD, "").strip()))


def _apart(text: str) -> tuple[list[str], str]:
    """The XML in a text, and what stands around it. What begins and never ends is no XML."""
    parts: list[str] = []
    around: list[str] = []
    at = 0
    while (begin := text.find(_BEGIN, at)) >= 0 and (end := text.find(_END, begin)) >= 0:
        end += len(_END)
        around.append(text[at:begin])
        parts.append(text[begin:end])
        at = end
    return parts, "".join((*around, text[at:]))


def error_id(stderr: bytes) -> str:
    r"""The first error's FullyQualifiedErrorId, '' when there is none.

    >>> error_id(b"    + FullyQualifiedErrorId : MethodInvocationNotSupportedInConstrainedLangu\r\n   age\r\n \r\n")
    'MethodInvocationNotSupportedInConstrainedLanguage'
    """
    found = _ERROR_ID.search(error_text(stderr))
    return re.sub(r"\r?\n[ \t]*", "", found[1]).strip()[:300] if found else ""


def _errors(part: str) -> list[str]:
    try:
        root = ET.fromstring(part)  # noqa: S314 - what expat may unpack is bounded, and this was bounded before.
    except ET.ParseError:
        return [part]
    return [_plain(one.text or "") for one in root.iter(f"{_SPACE}S") if one.get("S") == "Error"]


def _plain(text: str) -> str:
    """Without the escapes of characters (MS-PSRP 2.2.5.3.2); two halves of one character come together."""
    plain = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
