"""How is Windows asked? One remote shell a host (MS-WSMV), one command a script, and the shell is always closed.

pywinrm makes the messages. It waits for ever for a command's output, so the questions here have a time of their own;
scripts go to standard input, as a command line has place for a few lines only. Nothing is logged in to by clear text.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from requests import RequestException
from spnego.exceptions import SpnegoError
from urllib3.exceptions import HTTPError
from winrm.exceptions import (
    InvalidCredentialsError,
    WinRMError,
    WinRMOperationTimeoutError,
    WinRMTransportError,
    WSManFaultError,
)
from winrm.protocol import Protocol

from agent.sessions.answer import MARK, understood
from agent.sessions.clixml import error_id
from agent.sessions.opening import Record, opening
from agent.sessions.wsman_faults import fault, script_error
from agent.sessions.wsman_line import MOST, Dialler, Watch, http_session
from agent.sessions.wsman_login import login_for, tickets_for
from agent.start import WinrmWay
from collectors.exchange import Exchange, objects_of, told
from collectors.powershell import Datum, Script
from collectors.silence import Kind, Phase, Unanswered
from inventory.grant import GrantRefusedError, Leave, NotGranted

if TYPE_CHECKING:
    from agent.sessions.tickets import Tickets

__all__ = ["ASK", "HURRY", "LOGIN", "TIDY", "WindowsSession", "open_windows", "turned_away"]

# Seconds for the log-in with the shell, for one script, and for what is tidied up after it.
LOGIN, ASK, TIDY, HURRY = 12.0, 25.0, 3.0, 1.0
_BOOTSTRAP = Path(__file__).with_name("bootstrap.ps1").read_text("ascii")
_ENCODED = base64.b64encode(_BOOTSTRAP.encode("utf-16-le")).decode("ascii")
_ARGUMENTS = ("-NoLogo", "-NoProfile", "-NonInteractive", "-EncodedCommand", _ENCODED)
# How much of a script goes into one message (an envelope of MS-WSMV holds 150 kB), in lines of bounded length.
_PIECE, _LINE = 48 * 1024, 1024
_UTF8 = 65001
# The host ends a shell of which nobody hears for so long: ours, should we end without a word.
_IDLE = "PT180S"
# A host that answers at once that there is nothing yet is asked again after a moment.
_MOMENT = 0.05

# What pywinrm and what it stands on raise for an answer that is none.
_NONSENSE = (
    *(ET.ParseError, StopIteration, SpnegoError, WinRMError, ValueError, TypeError),
    *(LookupError, AttributeError, AssertionError),
)
_TROUBLE = (
    *(RequestException, HTTPError, OSError, WinRMTransportError, WinRMOperationTimeoutError, Unanswered),
    *_NONSENSE,
)


@dataclass(slots=True)
class _Said:
    """What came back of one script."""

    out: bytearray = field(default_factory=bytearray)
    err: bytearray = field(default_factory=bytearray)
    code: int | None = None

    def answer(self) -> bytes:
        """The objects as JSON. Raises Unanswered."""
        lines = [line for line in self.out.splitlines() if line.startswith(MARK)]
        if not lines and (name := error_id(bytes(self.err))):
            raise script_error({"id": name})
        if not lines:
            raise Unanswered(Kind.UNPARSABLE, f"the script leaves no objects (exit status {self.code})")
        return understood(bytes(lines[-1]))


class WindowsSession:
    """A `Powershell` over one shell. Its questions block the thread that asks, within their time.

    patience: seconds for one script.
    """

    def __init__(  # noqa: PLR0913 - what a session stands on.
        self,
        dialler: Dialler,
        watch: Watch,
        way: WinrmWay,
        port: int,
        *,
        tickets: Tickets | None = None,
        patience: float = ASK,
    ) -> None:
        self._dialler, self._watch, self._way, self._patience = dialler, watch, way, patience
        self._tickets = tickets
        self._record: Record = lambda _: None
        self._shell = ""
        self._stopped = False
        self._turn = threading.Lock()
        self._protocol = Protocol(
            endpoint=f"https://{way.name}:{port}/wsman",
            # With Kerberos it knows no account and no password, and could log in by nothing else.
            transport="ntlm" if tickets is None else "kerberos",
            username=way.user if tickets is None else None,
            password=way.secret if tickets is None else None,
            # It is given a session of ours. Should it ever make its own, that one trusts nobody.
            ca_trust_path=os.devnull,
            server_cert_validation="validate",
            # Within TLS it would be a second envelope, which the library makes in a way of its own.
            message_encryption="never",
            proxy=None,
            operation_timeout_sec=10,
            read_timeout_sec=30,
        )
        self._anew()

    def open(self, record: Record) -> None:
        """Log in and open the shell. Raises Unanswered; PermissionError, the wall's."""
        self._record = record
        self._watch.begin(LOGIN)
        try:
            # Without the account's profile: to load it for the first time writes it onto the host.
            self._shell = self._protocol.open_shell(codepage=_UTF8, noprofile=True, idle_timeout=_IDLE)
        except _TROUBLE as error:
            raise self._unmet(error, Phase.LOGIN, LOGIN) from None

    def ask(self, script: Script, data: Mapping[str, Datum]) -> tuple[Mapping[str, object], ...]:
        """See `collectors.session.Powershell.objects`."""
        began, start, said = datetime.now(UTC), time.monotonic(), _Said()
        answer, unmet = b"", None
        with self._turn:
            try:
                self._hear(script.text, told(data), said)
                answer = said.answer()
            except _TROUBLE as error:
                reason = self._unmet(error, Phase.ASK, self._patience)
                unmet = (reason.kind, reason.phase, reason.detail)
        # What was understood is kept as what it means, and else what came is kept as it came.
        raw = {"stdout": bytes(said.out), "stderr": bytes(said.err)} if unmet else {"json": answer}
        exchange = Exchange(
            session="powershell",
            question=("script", script.name, told(data)),
            began=began,
            took=time.monotonic() - start,
            facts={"script": script.digest},
            parts={name: part for name, part in raw.items() if part},
            cut=unmet is not None and unmet[0] is Kind.CUT_OFF,
            unanswered=unmet,
        )
        self._record(exchange)
        return objects_of(exchange)

    def stop(self) -> None:
        """End what is asked just now, also under a thread that waits for it."""
        self._stopped = True
        self._dialler.hang_up()

    def close(self) -> None:
        """Close the shell on the host, which ends whatever still runs in it."""
        with self._turn:
            shell, self._shell = self._shell, ""
            if shell:
                self._tidy(lambda: self._protocol.close_shell(shell, close_session=False))
        self._session.close()
        if self._tickets is not None:
            self._tickets.close()

    def _hear(self, script: str, data: str, said: _Said) -> None:
        """Run a script and fill in what it says. Raises Unanswered, and whatever pywinrm raises."""
        if self._stopped or not self._shell:
            raise Unanswered(Kind.CUT_OFF, "the session has ended")
        self._watch.begin(self._patience)
        command = self._protocol.run_command(
            self._shell, "powershell.exe", _ARGUMENTS, console_mode_stdin=False
        )
        try:
            self._tell(command, script, data)
            while said.code is None:
                self._listen(command, said)
        except _TROUBLE as error:
            # Now: what is tidied up has a time of its own.
            raise self._unmet(error, Phase.ASK, self._patience) from None
        finally:
            if not self._stopped:
                self._tidy(lambda: self._protocol.cleanup_command(self._shell, command))

    def _tell(self, command: str, script: str, data: str) -> None:
        asked = json.dumps({"script": script, "data": json.loads(data)}).encode("ascii")
        text = base64.b64encode(asked).decode("ascii")
        lines = "".join(f"{text[at : at + _LINE]}\r\n" for at in range(0, len(text), _LINE))
        for at in range(0, len(lines), _PIECE):
            piece = lines[at : at + _PIECE]
            self._protocol.send_command_input(self._shell, command, piece, end=at + _PIECE >= len(lines))

    def _listen(self, command: str, said: _Said) -> None:
        """Ask once for more of the output."""
        self._watch.patience()
        try:
            out, err, code, is_done = self._protocol.get_command_output_raw(self._shell, command)
        except WinRMOperationTimeoutError:
            # There was nothing yet: as usual with what takes longer.
            time.sleep(_MOMENT)
            return
        said.out += out
        said.err += err
        if is_done:
            said.code = code
        elif not (out or err):
            time.sleep(_MOMENT)
        if len(said.out) + len(said.err) > MOST:
            raise Unanswered(Kind.CUT_OFF, f"more than {MOST // 1024 // 1024} MB")

    def _tidy(self, act: Callable[[], object]) -> None:
        """What the host is told at the end, over a connection of its own when the last one hangs."""
        if self._stopped or self._watch.seconds <= 0:
            self._dialler.hang_up()
            self._anew()
        self._watch.begin(HURRY if self._stopped else TIDY)
        with contextlib.suppress(*_TROUBLE):
            act()

    def _anew(self) -> None:
        self._session = http_session(
            self._dialler, login_for(self._way, self._tickets, self._dialler, self._watch)
        )
        self._protocol.transport.session = self._session

    def _unmet(self, error: BaseException, phase: Phase, seconds: float) -> Unanswered:
        """Why there is no answer. Raises PermissionError where the wall held it."""
        if self._dialler.held is not None:
            raise self._dialler.held from None
        if isinstance(error, Unanswered):
            return error
        if self._watch.seconds <= 0:
            return Unanswered(Kind.TIMED_OUT, f"no whole answer within {seconds:g} s", phase=phase)
        match error:
            case WSManFaultError():
                codes = (error.wmierror_code, error.wsman_fault_code)
                return fault(codes, error.fault_subcode or "", phase)
            case WinRMOperationTimeoutError():
                return Unanswered(Kind.TIMED_OUT, "the host gave up", phase=phase)
            case InvalidCredentialsError():
                return turned_away(self._dialler)
            case WinRMTransportError():
                detail = f"what answers is no WS-Management of ours (HTTP {error.code})"
                return Unanswered(Kind.UNPARSABLE, detail, phase=phase)
            case RequestException() | HTTPError():
                detail = f"the connection ends before the answer: {type(error).__name__}"
                return Unanswered(Kind.CUT_OFF, detail, phase=phase)
            case _:
                detail = f"the answer is none: {type(error).__name__}: {error}"[:300]
                return Unanswered(Kind.UNPARSABLE, detail, phase=phase)


def turned_away(dialler: Dialler) -> Unanswered:
    """What an HTTP 401 means where the log-in is by NTLM; Kerberos tells its own reasons (`tickets.py`)."""
    offered = dialler.offered
    if offered and not {"ntlm", "negotiate"} & offered:
        detail = f"the host lets nobody log in by NTLM, only by {', '.join(sorted(offered))}"
        return Unanswered(Kind.REFUSED, detail, phase=Phase.GREET)
    detail = "the host does not accept user and password"
    return Unanswered(Kind.CREDENTIALS_REJECTED, detail, phase=Phase.LOGIN)


def open_windows(
    leave: Leave, host: str, way: WinrmWay, record: Record, *, patience: float = ASK
) -> WindowsSession:
    """Connect, verify, log in, open a shell. Blocks. Raises Unanswered; GrantRefusedError when the grant names no door."""
    doors = leave.doors(host, "winrm")
    if not doors:
        raise GrantRefusedError(NotGranted.NOT_NAMED, f"the grant opens no WinRM door to {host!r}")
    tickets = tickets_for(leave, host, way)
    watch = Watch()
    dialler = Dialler(doors, way.name, way.authorities, watch)
    session = WindowsSession(dialler, watch, way, doors[0].port, tickets=tickets, patience=patience)
    with opening(record, "powershell"):
        try:
            session.open(record)
        except Unanswered:
            session.close()
            raise
    return session
