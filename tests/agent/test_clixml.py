"""Is PowerShell's error stream read whatever it holds, and does what is in it come out whole?"""

from __future__ import annotations

from xml.sax.saxutils import escape

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.sessions.clixml import error_id, error_text

_HEAD = b"#< CLIXML\r\n"
_OPEN = '<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">'
_PROGRESS = '<Obj S="progress" RefId="0"><TN RefId="0"><T>System.Management.Automation.PSCustomObject</T></TN><MS/></Obj>'
# What XML cannot hold as it is, PowerShell writes as _xHHHH_; surrogates come in halves.
_TEXT = st.text(st.characters(codec="utf-8"), max_size=80)


def _written(text: str) -> str:
    """As PowerShell writes a string (MS-PSRP 2.2.5.3.2)."""
    units = text.encode("utf-16-le")
    signs = [int.from_bytes(units[at : at + 2], "little") for at in range(0, len(units), 2)]
    return "".join(chr(one) if 32 <= one < 127 and one != ord("_") else f"_x{one:04X}_" for one in signs)


@settings(deadline=None)
@given(st.lists(_TEXT, max_size=5), st.booleans())
def test_errors_come_out_as_they_were_without_the_noise(texts: list[str], has_progress: bool) -> None:
    errors = "".join(f'<S S="Error">{escape(_written(text))}</S>' for text in texts)
    noise = f"{_OPEN}{_PROGRESS}</Objs>" if has_progress else ""
    raw = _HEAD + f"{noise}{_OPEN}{errors}</Objs>".encode()
    assert error_text(raw) == "".join(texts)


@settings(deadline=None)
@given(st.binary(max_size=300), st.binary(max_size=300), st.booleans())
def test_any_bytes_are_read(before: bytes, inside: bytes, is_closed: bool) -> None:
    raw = before + _HEAD + _OPEN.encode() + inside + (b"</Objs>" if is_closed else b"")
    assert isinstance(error_text(raw), str)
    assert len(error_id(raw)) <= 300


@settings(deadline=None)
@given(st.binary(max_size=400).filter(lambda raw: b"#< CLIXML" not in raw))
def test_what_is_no_such_xml_stays_as_it_is(raw: bytes) -> None:
    assert error_text(raw) == raw.decode("utf-8", "backslashreplace")


def test_what_begins_again_and_again_and_never_ends_is_read_once() -> None:
    # Were it looked through from each beginning, this would take an hour.
    raw = _HEAD + b"<Objs " * 300_000
    assert error_text(raw).startswith("<Objs <Objs")


def test_errors_of_german_and_french_windows_are_known_by_their_id() -> None:
    for said in ("Die Benennung wurde nicht als Name eines Cmdlet erkannt.", "Le terme n'est pas reconnu."):
        raw = f"{said}\r\n    + FullyQualifiedErrorId : CommandNotFoundException\r\n \r\n".encode(
            "cp850", "replace"
        )
        assert error_id(raw) == "CommandNotFoundException"
