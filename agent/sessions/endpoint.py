"""How is a Windows host asked through a constrained endpoint (JEA)? One runspace a host, one function a question (MS-PSRP).

No script is sent: the endpoint has its own copy, and says which edition. pypsrp makes the messages; the line, the
log-in, and the time for each question are ours.
"""

from __future__ import annotations

import contextlib
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from pypsrp.exceptions import AuthenticationError, WinRMError, WinRMTransportError, WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan
from requests import RequestException
from spnego.exceptions import SpnegoError
from urllib3.exceptions import HTTPError

from agent.capability import function_of
from agent.sessions.answer import MARK, understood
from agent.sessions.opening import Record, opening
from agent.sessions.wsman import ASK, HURRY, LOGIN, TIDY, turned_away
from agent.sessions.wsman_faults import fault, script_error
from agent.sessions.wsman_line import MOST, Dialler, Watch, http_session
from agent.sessions.wsman_login import login_for, tickets_for
from agent.start import WinrmWay
from collectors.exchange import Exchange, objects_of, told
from collectors.powershell import Datum, Script
from collectors.silence import Kind, Phase, Unanswered
from inventory.grant import GrantRefusedError, Leave, NotGranted

__all__ = ["EndpointSession", "open_endpoint"]

# The host ends a runspace of which nobody hears for so many seconds.
_IDLE = 180
_MOMENT = 0.05
# PSInvocationState of MS-PSRP 2.2.3.4.
_RUNNING = 1
_NONSENSE = (
    *(ET.ParseError, SpnegoError, WinRMError, ValueError, TypeError, StopIteration),
    *(LookupError, AttributeError, AssertionError, RecursionError, ArithmeticError),
)
_TROUBLE = (RequestException, HTTPError, OSError, Unanswered, *_NONSENSE)


class EndpointSession:
    """A `Powershell` over one runspace. Its questions block the thread that asks, within their time."""

    def __init__(
        self, leave: Leave, host: str, way: WinrmWay, record: Record, *, patience: float = ASK
    ) -> None:
        """Raises GrantRefusedError when the grant names no door. patience: seconds for one question."""
        doors = leave.doors(host, "winrm")
        if not doors:
            raise GrantRefusedError(NotGranted.NOT_NAMED, f"the grant opens no WinRM door to {host!r}")
        self._way, self._record, self._patience = way, record, patience
        self._tickets = tickets_for(leave, host, way)
        self._watch = Watch()
        self._dialler = Dialler(doors, way.name, way.authorities, self._watch)
        # It is given no account: it logs in to nothing by itself.
        # It would ask five times more for output, and sleep for minutes between: the question's time is over by then.
        self._wsman = WSMan(
            way.name,
            port=doors[0].port,
            ssl=True,
            encryption="never",
            no_proxy=True,
            operation_timeout=10,
            reconnection_backoff=0.0,
        )
        self._pool = RunspacePool(
            self._wsman, configuration_name=way.endpoint, no_profile=True, idle_timeout=_IDLE
        )
        self._stopped = False
        self._turn = threading.Lock()
        self._anew()

    def open(self) -> None:
        """Log in and open the runspace. Raises Unanswered; PermissionError, the wall's."""
        self._watch.begin(LOGIN)
        try:
            self._pool.open()
        except _TROUBLE as error:
            raise self._unmet(error, Phase.LOGIN, LOGIN) from None

    def ask(self, script: Script, data: Mapping[str, Datum]) -> tuple[Mapping[str, object], ...]:
        """See `collectors.session.Powershell.objects`."""
        began, start = datetime.now(UTC), time.monotonic()
        answer, unmet, lines = b"", None, list[str]()
        with self._turn:
            try:
                self._call(function_of(script.name), told(data), lines)
                answer = _understood(lines, script.digest)
            except _TROUBLE as error:
                reason = self._unmet(error, Phase.ASK, self._patience)
                unmet = (reason.kind, reason.phase, reason.detail)
        raw = {"stdout": "\n".join(lines).encode("utf-8", "backslashreplace")} if unmet else {"json": answer}
        exchange = Exchange(
            session="powershell",
            question=("script", script.name, told(data)),
            began=began,
            took=time.monotonic() - start,
            facts={"script": script.digest, "endpoint": self._way.endpoint},
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
        """Close the runspace on the host, which ends whatever still runs in it."""
        with self._turn:
            if self._pool.shell.opened:
                self._tidy(self._pool.close)
        self._http.close()
        if self._tickets is not None:
            self._tickets.close()

    def _call(self, function: str, data: str, lines: list[str]) -> None:
        """Call a function and fill in what it says. Raises Unanswered, and whatever pypsrp raises."""
        if self._stopped:
            raise Unanswered(Kind.CUT_OFF, "the session has ended")
        self._watch.begin(self._patience)
        call = PowerShell(self._pool)
        call.add_cmdlet(function).add_parameter("Data", data)
        try:
            call.begin_invoke()
            while call.state == _RUNNING:
                self._watch.patience()
                before = len(call.output)
                call.poll_invoke()
                if len(call.output) == before:
                    time.sleep(_MOMENT)
        except _TROUBLE as error:
            # Now: what is tidied up has a time of its own.
            reason = self._unmet(error, Phase.ASK, self._patience)
            if call.state == _RUNNING and not self._stopped:
                self._tidy(call.stop)
            raise reason from None
        lines.extend(str(one) for one in call.output)
        if call.streams.error and not lines:
            raise _refused(str(call.streams.error[-1].fq_error or ""), function)

    def _tidy(self, act: Callable[[], object]) -> None:
        """What the host is told at the end, over a connection of its own when the last one hangs."""
        if self._stopped or self._watch.seconds <= 0:
            self._dialler.hang_up()
            self._anew()
        self._watch.begin(HURRY if self._stopped else TIDY)
        with contextlib.suppress(*_TROUBLE):
            act()

    def _anew(self) -> None:
        login = login_for(self._way, self._tickets, self._dialler, self._watch)
        self._http = http_session(self._dialler, login)
        self._wsman.transport.session = self._http

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
                number, name = (error.code, "") if isinstance(error.code, int) else (None, str(error.code))
                return fault((number,), name, phase)
            case AuthenticationError():
                return turned_away(self._dialler)
            case WinRMTransportError():
                detail = f"what answers is no WS-Management of ours (HTTP {error.code})"
                return Unanswered(Kind.UNPARSABLE, detail, phase=phase)
            case RequestException() | HTTPError() | OSError():
                detail = f"the connection ends before the answer: {type(error).__name__}"
                return Unanswered(Kind.CUT_OFF, detail, phase=phase)
            case _:
                detail = f"the answer is none: {type(error).__name__}: {error}"[:300]
                return Unanswered(Kind.UNPARSABLE, detail, phase=phase)


def _understood(lines: Sequence[str], digest: str) -> bytes:
    marked = [line for line in lines if line.startswith(MARK.decode("ascii"))]
    if not marked:
        raise Unanswered(Kind.UNPARSABLE, "the function leaves no objects")
    line = marked[-1].encode("utf-8", "backslashreplace")
    if len(line) > MOST:
        raise Unanswered(Kind.CUT_OFF, f"more than {MOST // 1024 // 1024} MB")
    return understood(line, digest)


def _refused(name: str, function: str) -> Unanswered:
    """Why a function was not called: the name of PowerShell's own error, in no language."""
    if "CommandNotFound" in name:
        return Unanswered(Kind.NOT_THERE, f"the endpoint does not offer {function} ({name[:100]})")
    return script_error({"id": name})


def open_endpoint(
    leave: Leave, host: str, way: WinrmWay, record: Record, *, patience: float = ASK
) -> EndpointSession:
    """Connect, verify, log in, open a runspace. Blocks. Raises Unanswered; GrantRefusedError when the grant names no door."""
    session = EndpointSession(leave, host, way, record, patience=patience)
    with opening(record, "powershell"):
        try:
            session.open()
        except Unanswered:
            session.close()
            raise
    return session
