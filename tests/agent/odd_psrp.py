"""A stand-in for a constrained endpoint (JEA): the server's side of PSRP within the stand-in for WS-Management.

No Windows is at hand. The exchange is that of MS-PSRP 3.1.4 and 4 (messages of 2.2.2 in fragments of 2.2.4), written by
pypsrp's own classes for messages; so it cannot find what both sides have wrong alike. As in a session of the type
RestrictedRemoteServer, only the functions that the test wrote are there, and no script runs.
"""

from __future__ import annotations

import base64
import json
import struct
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pypsrp.messages import (
    Destination,
    ErrorRecordMessage,
    Message,
    MessageType,
    PipelineState,
    RunspacePoolStateMessage,
    SessionCapability,
)
from pypsrp.powershell import Fragment
from pypsrp.serializer import Serializer

from tests.agent.odd_wsman import Fault, OddWindows, Said, fault_of
from tests.tls import Identity

__all__ = ["Called", "OddEndpoint", "error", "line"]

_SPACES = {
    "r": "http://schemas.microsoft.com/wbem/wsman/1/windows/shell",
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
    "p": "http://schemas.microsoft.com/powershell",
}
_STATE = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/CommandState"
_OPENED, _COMPLETED, _FAILED = 2, 4, 5
_NO_ENDPOINT = Fault("w:InvalidResourceURI", 2150858752)
_NOTHING_YET = Fault("w:TimedOut", 2150858793)


@dataclass(frozen=True, slots=True)
class Called:
    """What a function leaves: lines of text, or the name of the error in which it ended. habit: as in `Said`."""

    lines: tuple[str, ...] = ()
    error: str = ""
    habit: str = ""


def line(script: str, *objects: Mapping[str, Any]) -> Called:
    """What a function leaves for these objects; script: the digest of the script in it."""
    return Called((f"secondline={json.dumps({'answer': objects, 'script': script})}",))


def error(name: str) -> Called:
    return Called(error=name)


@dataclass
class _Pool:
    """One runspace pool: what is still to be told, by pipeline ('' for the pool itself)."""

    name: str
    left: dict[str, list[bytes]] = field(default_factory=dict)
    habits: dict[str, str] = field(default_factory=dict)


class OddEndpoint(OddWindows):
    """Serves one configuration. functions: by name, what each leaves for its data."""

    def __init__(self, address: str, identity: Identity, configuration: str, *, folder: Path) -> None:
        super().__init__(address, identity, lambda *_: Said(), folder=folder)
        self.resource = f"http://schemas.microsoft.com/powershell/{configuration}"
        self.functions: dict[str, Callable[[Mapping[str, Any]], Called]] = {}
        self.called: list[tuple[str, Mapping[str, Any]]] = []
        self.pools: dict[str, _Pool] = {}
        self._serializer = Serializer()
        self._number = 0

    def act(self, action: str, message: ET.Element) -> tuple[int, str] | None:
        last = action.rpartition("/")[2]
        self.heard.append(last)
        if last in self.faults:
            return 500, fault_of(self.faults[last])
        if message.findtext(".//w:ResourceURI", "", _SPACES) != self.resource:
            return 500, fault_of(_NO_ENDPOINT)
        if last == "Create":
            return self._created(message)
        pool = self.pools.get(message.findtext(".//w:Selector", "", _SPACES))
        if pool is None:
            return 500, fault_of(Fault("w:InvalidSelectors", 2150858843))
        match last:
            case "Delete":
                del self.pools[pool.name]
                return 200, ""
            case "Command":
                return self._begun(pool, message)
            case "Receive":
                return self._told(pool, message)
            case _:
                return 200, "<r:SignalResponse/>"

    def _created(self, message: ET.Element) -> tuple[int, str]:
        shell = message.find(".//r:Shell", _SPACES)
        assert shell is not None
        name = shell.attrib["ShellId"]
        sent = base64.b64decode(message.findtext(".//p:creationXml", "", _SPACES))
        kinds = [kind for kind, _ in _heard(sent)]
        assert kinds == [MessageType.SESSION_CAPABILITY, MessageType.INIT_RUNSPACEPOOL]
        pool = self.pools[name] = _Pool(name)
        pool.left[""] = [
            self._packed(pool, SessionCapability("2.3", "2.0", "1.1.0.1")),
            self._packed(pool, RunspacePoolStateMessage(state=_OPENED)),  # type: ignore[no-untyped-call]
        ]
        return 200, (
            f"<r:Shell><r:ShellId>{name}</r:ShellId><r:ResourceUri>{self.resource}</r:ResourceUri></r:Shell>"
            "<x:ResourceCreated xmlns:x='http://schemas.xmlsoap.org/ws/2004/09/transfer'><a:ReferenceParameters>"
            f"<w:SelectorSet><w:Selector Name='ShellId'>{name}</w:Selector></w:SelectorSet>"
            "</a:ReferenceParameters></x:ResourceCreated>"
        )

    def _begun(self, pool: _Pool, message: ET.Element) -> tuple[int, str]:
        command = message.find(".//r:CommandLine", _SPACES)
        assert command is not None
        number = command.attrib["CommandId"]
        ((kind, asked),) = _heard(base64.b64decode(message.findtext(".//r:Arguments", "", _SPACES)))
        assert kind == MessageType.CREATE_PIPELINE
        function, words = _command(asked)
        left = self._run(function, words)
        told = [self._text_out(pool, text, number) for text in left.lines]
        state = PipelineState(state=_FAILED if left.error else _COMPLETED)  # type: ignore[no-untyped-call]
        if left.error:
            told.append(self._packed(pool, self._error(left.error), number))
        if not left.habit:
            told.append(self._packed(pool, state, number))
        pool.left[number], pool.habits[number] = told, left.habit
        return 200, f"<r:CommandResponse><r:CommandId>{number}</r:CommandId></r:CommandResponse>"

    def _run(self, function: str, words: Mapping[str, str]) -> Called:
        if function not in self.functions:
            return error("CommandNotFoundException")
        assert list(words) == ["Data"]
        data = json.loads(words["Data"])
        self.called.append((function, data))
        return self.functions[function](data)

    def _told(self, pool: _Pool, message: ET.Element) -> tuple[int, str] | None:
        wanted = message.find(".//r:DesiredStream", _SPACES)
        assert wanted is not None
        number = wanted.attrib.get("CommandId", "")
        left = pool.left.get(number, [])
        if not left:
            match pool.habits.get(number):
                case "hangs":
                    self.over.wait(30)
                    return None
                case "dies":
                    return None
                case _:
                    return 500, fault_of(_NOTHING_YET)
        about = f' CommandId="{number}"' if number else ""
        text = base64.b64encode(left.pop(0)).decode()
        state = f'<r:CommandState{about} State="{_STATE}/Running"/>' if number else ""
        return 200, (
            f'<r:ReceiveResponse><r:Stream Name="stdout"{about}>{text}</r:Stream>{state}</r:ReceiveResponse>'
        )

    def _packed(self, pool: _Pool, data: Any, pipeline: str | None = None) -> bytes:  # noqa: ANN401 - any message.
        self._number += 1
        message = Message(Destination.CLIENT, pool.name, pipeline, data, self._serializer)
        return Fragment(self._number, 0, message.pack(), start=True, end=True).pack()

    def _text_out(self, pool: _Pool, text: str, pipeline: str) -> bytes:
        """PIPELINE_OUTPUT (MS-PSRP 2.2.2.19): the object itself, which no class of the library stands for."""
        self._number += 1
        head = struct.pack("<II", Destination.CLIENT, MessageType.PIPELINE_OUTPUT)
        ids = uuid.UUID(pool.name).bytes_le + uuid.UUID(pipeline).bytes_le
        element = self._serializer.serialize(text)
        assert isinstance(element, ET.Element)
        content = ET.tostring(element, encoding="utf-8", xml_declaration=False)
        return Fragment(self._number, 0, head + ids + content, start=True, end=True).pack()

    def _error(self, name: str) -> ErrorRecordMessage:
        """An error record, of which nothing but the name is said in no language (MS-PSRP 2.2.3.15)."""
        made: Any = ErrorRecordMessage()  # type: ignore[no-untyped-call]
        for field_name, _ in made._extended_properties:
            setattr(made, field_name, None)
        made.invocation = made.extended_info_present = False
        made.fq_error, made.category = name, 13
        record: ErrorRecordMessage = made
        return record


def _heard(sent: bytes) -> list[tuple[int, ET.Element]]:
    """The messages of whole fragments: kind and content (MS-PSRP 2.2.1, 2.2.4)."""
    found, whole = [], b""
    while sent:
        piece, sent = Fragment.unpack(sent)
        whole = piece.data if piece.start else whole + piece.data
        if piece.end:
            content = whole[40:].removeprefix(b"\xef\xbb\xbf")
            found.append((struct.unpack("<I", whole[4:8])[0], ET.fromstring(content)))  # noqa: S314 - our own session's.
    return found


def _command(asked: ET.Element) -> tuple[str, dict[str, str]]:
    """The one function that is called, and its words (MS-PSRP 2.2.3.12, 2.2.3.13). No script may be among them."""
    names = [one.text or "" for one in asked.iter() if one.attrib.get("N") == "Cmd"]
    assert [one.text for one in asked.iter() if one.attrib.get("N") == "IsScript"] == ["false"] * len(names)
    (name,) = names
    (listed,) = [one for one in asked.iter() if one.attrib.get("N") == "Args"]
    parts = [one for one in listed.iter() if one.attrib.get("N") in {"N", "V"}]
    words = {key.text or "": value.text or "" for key, value in zip(parts[::2], parts[1::2], strict=True)}
    return name, words
