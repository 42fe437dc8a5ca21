"""A stand-in for Windows: a WS-Management service over real TLS with a real NTLM log-in, and with bad habits on demand.

No Windows is at hand. Messages and faults are as MS-WSMV (3.1.4 and the examples in 4) and DSP0226 (chapter 14) have
them; the log-in is checked, with the channel binding, by pyspnego's acceptor (MS-NLMP 3.2.5). What stands in for
PowerShell reads standard input as `bootstrap.ps1` does and gives the answer that the test wrote for the script.
"""

from __future__ import annotations

import base64
import contextlib
import json
import ssl
import threading
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import spnego
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import SpnegoError

from tests.agent.acceptor import Acceptor
from tests.tls import Identity

__all__ = ["DENIED", "QUOTA", "Fault", "OddWindows", "Said", "fault_of", "leaves"]

_SPACES = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
    "r": "http://schemas.microsoft.com/wbem/wsman/1/windows/shell",
    "f": "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault",
}
_NAMED = " ".join(f'xmlns:{short}="{long}"' for short, long in _SPACES.items())
_STATE = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/CommandState"


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault as Windows sends it: its subcode, its number, and a text in some language that nobody may rely on."""

    subcode: str
    code: int
    text: str = "Der Client kann den Vorgang nicht ausführen."


DENIED = Fault("w:AccessDenied", 5, "Zugriff verweigert")
QUOTA = Fault("w:QuotaLimit", 2150859173, "Zu viele gleichzeitige Shells")
_NOTHING_YET = Fault("w:TimedOut", 2150858793)
_NO_SHELL = Fault("w:InvalidSelectors", 2150858843)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a command writes. habit: 'hangs' (says nothing more), 'dies' (the line breaks), 'never' (always 'nothing yet')."""

    out: tuple[bytes, ...] = ()
    err: bytes = b""
    code: int = 0
    habit: str = ""


def leaves(*objects: Mapping[str, Any]) -> Said:
    """What `bootstrap.ps1` writes for these objects."""
    return Said(out=(b"secondline=", json.dumps({"answer": objects}).encode("ascii"), b"\r\n"))


Plays = Callable[[str, Mapping[str, Any]], Said]


@dataclass
class _Command:
    told: bytearray = field(default_factory=bytearray)
    left: list[bytes] | None = None


class OddWindows:
    """Serves at an address; scripts are answered by `plays`. faults: by the last word of an action, sent instead."""

    def __init__(self, address: str, identity: Identity, plays: Plays, *, folder: Path) -> None:
        self.plays, self.faults, self.offers = plays, dict[str, Fault](), "Negotiate"
        # What happened, in order: the last words of the actions; and what was sent to standard input.
        self.heard: list[str] = []
        self.lines: list[str] = []
        self.told: list[tuple[str, Mapping[str, Any]]] = []
        self.shells: dict[str, dict[str, _Command]] = {}
        self.users = folder / "users"
        self.binding = _binding(identity)
        # Who takes tickets; without one the log-in is by NTLM.
        self.acceptor: Acceptor | None = None
        # What was sent to log in with, as it came; and what is answered to it whatever it is.
        self.tokens: list[bytes] = []
        self.answer: bytes | None = None
        self.over = threading.Event()
        self.raw: bytes | None = None
        self.extra: dict[str, str] = {}
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(identity.certificate, identity.key)
        self._server = _Server((address, 0), _Asked)
        self._server.windows, self._server.context = self, context
        self.port = int(self._server.server_address[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()

    def admit(self, domain: str, user: str, password: str) -> None:
        """Make an account."""
        self.users.write_text(f"{domain}:{user}:{password}\n")

    def act(self, action: str, message: ET.Element) -> tuple[int, str] | None:
        """Status and envelope that a message is answered with; None: the line breaks."""
        last = action.rpartition("/")[2]
        self.heard.append(last)
        if last in self.faults:
            return 500, fault_of(self.faults[last])
        if last == "Create":
            shell = str(uuid.uuid4()).upper()
            self.shells[shell] = {}
            return 200, f'<r:Shell><r:ShellId Name="ShellId">{shell}</r:ShellId></r:Shell>'
        name = message.findtext(".//w:Selector", "", _SPACES)
        if name not in self.shells:
            return 500, fault_of(_NO_SHELL)
        commands = self.shells[name]
        match last:
            case "Delete":
                del self.shells[name]
                return 200, ""
            case "Command":
                self.lines.append(message.findtext(".//r:Arguments", "", _SPACES))
                number = str(uuid.uuid4()).upper()
                commands[number] = _Command()
                return 200, f"<r:CommandResponse><r:CommandId>{number}</r:CommandId></r:CommandResponse>"
            case "Send":
                stream = message.find(".//r:Stream", _SPACES)
                assert stream is not None
                commands[stream.attrib["CommandId"]].told += base64.b64decode(stream.text or "")
                return 200, "<r:SendResponse/>"
            case "Receive":
                wanted = message.find(".//r:DesiredStream", _SPACES)
                assert wanted is not None
                number = wanted.attrib["CommandId"]
                return self._output(commands[number], number)
            case _:
                return 200, "<r:SignalResponse/>"

    def _output(self, command: _Command, number: str) -> tuple[int, str] | None:
        asked = json.loads(base64.b64decode(b"".join(bytes(command.told).split())))
        said = self.plays(asked["script"], asked["data"])
        if command.left is None:
            self.told.append((asked["script"], asked["data"]))
            command.left = list(said.out)
        if command.left:
            piece = command.left.pop(0)
            return 200, _received(number, stdout=piece, is_done=False)
        match said.habit:
            case "hangs":
                self.over.wait(30)
                return None
            case "dies":
                return None
            case "never":
                return 500, fault_of(_NOTHING_YET)
            case _:
                return 200, _received(number, stderr=said.err, is_done=True, code=said.code)


def _received(number: str, *, stdout: bytes = b"", stderr: bytes = b"", is_done: bool, code: int = 0) -> str:
    streams = "".join(
        f'<r:Stream Name="{name}" CommandId="{number}">{base64.b64encode(data).decode()}</r:Stream>'
        for name, data in (("stdout", stdout), ("stderr", stderr))
    )
    state = f'<r:CommandState CommandId="{number}" State="{_STATE}/Running"/>'
    if is_done:
        state = (
            f'<r:CommandState CommandId="{number}" State="{_STATE}/Done">'
            f"<r:ExitCode>{code}</r:ExitCode></r:CommandState>"
        )
    return f"<r:ReceiveResponse>{streams}{state}</r:ReceiveResponse>"


def fault_of(fault: Fault) -> str:
    return (
        f"<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>{fault.subcode}</s:Value></s:Subcode>"
        f'</s:Code><s:Reason><s:Text xml:lang="de-DE">{fault.text}</s:Text></s:Reason><s:Detail>'
        f'<f:WSManFault Code="{fault.code}"/></s:Detail></s:Fault>'
    )


def _binding(identity: Identity) -> GssChannelBindings:
    """As RFC 5929, section 4.1."""
    certificate = x509.load_pem_x509_certificate(identity.certificate.read_bytes())
    print_of = certificate.fingerprint(certificate.signature_hash_algorithm or hashes.SHA256())
    return GssChannelBindings(application_data=b"tls-server-end-point:" + print_of)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    windows: OddWindows
    context: ssl.SSLContext

    def finish_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the library's signature.
        with contextlib.suppress(OSError), self.context.wrap_socket(request, server_side=True) as line:
            super().finish_request(line, client_address)


class _Asked(BaseHTTPRequestHandler):
    """One connection: NTLM logs in a connection and not a request."""

    protocol_version = "HTTP/1.1"
    # One packet an answer.
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _Server
    login: spnego.ContextProxy | None = None
    is_let_in = False
    proof: str | None = None

    def do_POST(self) -> None:
        windows = self.server.windows
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if windows.raw is not None:
            self._send(200, windows.raw, windows.extra)
            return
        if not self.is_let_in:
            challenge = self._logged_in(windows)
            if challenge is not None:
                self._send(401, b"", {"WWW-Authenticate": challenge})
                return
        message = ET.fromstring(body)  # noqa: S314 - our own session's.
        action = message.findtext(".//a:Action", "", _SPACES)
        answer = windows.act(action, message)
        if answer is None:
            self.close_connection = True
            return
        relates = message.findtext(".//a:MessageID", "", _SPACES)
        text = (
            f"<s:Envelope {_NAMED}><s:Header><a:RelatesTo>{relates}</a:RelatesTo></s:Header>"
            f"<s:Body>{answer[1]}</s:Body></s:Envelope>"
        )
        proof, self.proof = {"WWW-Authenticate": self.proof} if self.proof else {}, None
        self._send(answer[0], text.encode(), {**windows.extra, **proof})

    def _logged_in(self, windows: OddWindows) -> str | None:
        """What the host answers until somebody is logged in; None from then on."""
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if scheme != windows.offers or not token:
            return windows.offers
        windows.tokens.append(base64.b64decode(token))
        if windows.acceptor is not None:
            return self._by_ticket(windows, windows.acceptor, scheme)
        if self.login is None:
            self.login = spnego.server(
                protocol="ntlm",
                channel_bindings=windows.binding,
                options=spnego.NegotiateOptions.use_ntlm,
            )
        try:
            said = self.login.step(base64.b64decode(token))
        except (SpnegoError, ValueError):
            self.login = None
            return windows.offers
        self.is_let_in = self.login.complete
        return None if self.is_let_in else f"{scheme} {base64.b64encode(said or b'').decode()}"

    def _by_ticket(self, windows: OddWindows, acceptor: Acceptor, scheme: str) -> str | None:
        heard = acceptor.step(windows.tokens[-1], windows.binding.application_data or b"")
        answer = heard.answer if windows.answer is None else windows.answer
        said = f"{scheme} {base64.b64encode(answer).decode()}" if answer else scheme
        self.is_let_in = heard.is_let_in
        if not heard.is_let_in:
            return said
        self.proof = said
        return None

    def _send(self, status: int, body: bytes, more: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in more.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing is written."""
