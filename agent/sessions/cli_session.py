"""How is a network device asked? One terminal on our own verified SSH connection, made ready by netmiko, that only shows.

netmiko knows how each platform's paging is switched off and its privilege is reached. It never opens a connection, reads
no file and accepts no key: it is given the line of a log-in that is done (`agent.sessions.login`), and hears from that
line when it has ended. How an answer ends is decided here, as netmiko takes a lost line for a slow command.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import paramiko
from netmiko.exceptions import NetmikoTimeoutException

from agent.sessions.cli_driver import driver_for
from agent.sessions.cli_line import Line
from agent.sessions.cli_prompt import find_prompt, hear
from agent.sessions.cli_text import complaint, last_line, pager_in, played, told_by
from agent.sessions.drain import Unmet, open_channel
from agent.sessions.framing import MAX_ANSWER
from agent.sessions.login import CHANNEL, ENDS, Greeted, agreed, log_in
from agent.sessions.opening import Record, opening
from agent.start import SshWay
from collectors.dialect import Dialect
from collectors.exchange import Exchange, secured_of, shown_of
from collectors.session import Kind, Phase, Secured, Shown, Unanswered
from collectors.showing import why_not_shown

__all__ = ["CliSession", "open_cli"]

# Seconds: until the prompt comes again; for netmiko to make the terminal ready; for the second password; to come back after a break;
# for the device to hang up when it is left.
_PROMPT, _READY, _ENABLE, _BACK, _LEAVE = 8.0, 8.0, 12.0, 3.0, 0.5
_WIDTH, _HEIGHT = 511, 1000
# An answer has ended when the prompt stands last and nothing follows it for so long.
_SETTLED = 0.06
# After so long without a word: a prompt that log lines have buried, or another one than before.
_BURIED, _CHANGED = 0.6, 3.0


def open_cli(  # noqa: PLR0913 - what a session stands on.
    at: Greeted,
    way: SshWay,
    dialect: Dialect,
    record: Record,
    stop: threading.Event,
    *,
    patience: float = 15.0,
) -> CliSession:
    """Log in, and make the terminal ready. Blocks. Raises Unanswered.

    stop: ends whatever it waits for. patience: seconds for the first prompt.
    """
    with opening(record, "cli"):
        client = _logged_in(at, way, dialect)
        try:
            return CliSession(client, way, dialect, record, stop, patience=patience)
        except BaseException:
            _hang_up(client)
            raise


class CliSession:
    """One device's command line. Its questions block the thread that asks, one at a time."""

    def __init__(  # noqa: PLR0913 - what a session stands on.
        self,
        client: paramiko.SSHClient,
        way: SshWay,
        dialect: Dialect,
        record: Record,
        stop: threading.Event,
        *,
        patience: float,
    ) -> None:
        self._client, self._dialect, self._record, self._stop = client, dialect, record, stop
        self._turn = threading.Lock()
        # Why nothing more can be asked, once that is so.
        self._over: Unmet | None = None
        self._secured = _how_secured(client)
        self._line = Line(_terminal(client), stop)
        self._driver = driver_for(dialect, self._line, way.enable)
        self._prompt = self._find_prompt(patience)
        self._make_ready()
        if way.enable and dialect.can_enable and self._prompt.endswith(">"):
            self._enable()
        self._line.phase = Phase.ASK

    def show(self, command: str, deadline: float, gone: threading.Event) -> Shown:
        """See `collectors.session.Cli.show`. Raises ValueError for a command that is not surely one that shows.

        gone: set when nobody waits for the answer any more.
        """
        if why := why_not_shown(self._dialect, command):
            raise ValueError(f"{command[:80]!r} is not sent to {self._dialect.platform}: {why}")
        with self._turn:
            exchange = self._ask(command, deadline, gone)
        self._record(exchange)
        return shown_of(exchange)

    @contextlib.contextmanager
    def configuring(self, seconds: float) -> Iterator[Callable[[str], str]]:
        """The configuration mode, and what says one line there and hears what the device answers, without its echo.

        seconds: for each. Leaves the mode at the end. Raises Unanswered, and what netmiko raises.
        """
        with self._turn:
            if self._over is not None:
                raise Unanswered(self._over[0], self._over[2])
            late = "the device does not answer in its configuration mode in time"
            self._line.until(time.monotonic() + seconds, late)
            self._driver.config_mode()

            def say(line: str) -> str:
                self._line.until(time.monotonic() + seconds, late)
                return str(
                    self._driver.send_command(
                        line,
                        expect_string=r"\)#\s*$",
                        strip_prompt=True,
                        strip_command=True,
                        read_timeout=seconds,
                    )
                )

            try:
                yield say
            finally:
                self._line.until(time.monotonic() + seconds, late)
                self._driver.exit_config_mode()

    def secured(self) -> Secured:
        """See `collectors.session.Cli.secured`: known since the log-in."""
        self._record(self._secured)
        return secured_of(self._secured)

    def close(self) -> None:
        """Leave, and end the connection; also under a thread that waits for an answer."""
        self._stop.set()
        with self._turn:
            if self._over is None:
                with contextlib.suppress(*ENDS):
                    self._line.say_last(self._dialect.leave + self._driver.RETURN, _LEAVE)
            self._over = Kind.CUT_OFF, Phase.ASK, "the session is closed"
            _hang_up(self._client)
            # It says good-bye to a line that has ended, and takes back what it has put into the log.
            self._driver.disconnect()

    def _find_prompt(self, patience: float, before: str = "") -> str:
        self._line.until(time.monotonic() + patience, f"the device shows no prompt within {patience:g} s")
        return find_prompt(self._line, self._dialect, self._driver.RETURN, before)

    def _make_ready(self) -> None:
        """Have netmiko switch off paging. What it cannot, is turned page by page later."""
        self._line.until(time.monotonic() + _READY, f"the terminal is not ready within {_READY:g} s")
        self._line.unread(f"{self._prompt} ")
        try:
            self._driver.session_preparation()
        except (NetmikoTimeoutException, ValueError):
            pass
        except Unanswered as reason:
            if reason.kind is not Kind.TIMED_OUT:
                raise
        self._prompt = self._find_prompt(_PROMPT, self._prompt)

    def _enable(self) -> None:
        """Have netmiko ask for the privilege that the contract permits. Raises Unanswered when it is not given."""
        self._line.until(time.monotonic() + _ENABLE, f"'enable' is not answered within {_ENABLE:g} s")
        try:
            self._driver.enable()
        except (NetmikoTimeoutException, ValueError):
            refused = "the device does not take the second password ('enable')"
            raise Unanswered(Kind.CREDENTIALS_REJECTED, refused, phase=Phase.LOGIN) from None
        self._prompt = self._find_prompt(_PROMPT, self._prompt)

    def _ask(self, command: str, deadline: float, gone: threading.Event) -> Exchange:
        """Ask once and wait for the prompt; what breaks off is ended on the device too."""
        began, start = datetime.now(UTC), time.monotonic()
        heard: list[str] = []
        before, unmet = "", self._over
        if unmet is None:
            try:
                self._line.until(start + deadline, "the device did not finish its answer in time", gone)
                before = self._line.read_channel()
                self._line.write_channel(command + self._driver.RETURN)
                self._hear_out(command, heard)
            except Unanswered as reason:
                unmet = (reason.kind, reason.phase, reason.detail)
                self._come_back(reason.kind)
        raw = "".join(heard)
        told = told_by(raw, command, self._prompt, self._dialect, before=before)
        if unmet is None and not told.is_echoed:
            unmet = (
                Kind.UNPARSABLE,
                Phase.ASK,
                "the device does not repeat the command: whose answer this is, is not sure",
            )
            self._come_back(Kind.UNPARSABLE)
        if unmet is None and (wrong := complaint(told.text, self._dialect)) is not None:
            unmet = (wrong[0], Phase.ASK, f"the device says: {wrong[1]}")
        parts = {"text": told.text.encode()[:MAX_ANSWER]}
        if told.aside:
            parts["aside"] = told.aside.encode()[:MAX_ANSWER]
        return Exchange(
            session="cli",
            question=("show", command),
            began=began,
            took=time.monotonic() - start,
            parts=parts,
            cut=unmet is not None and unmet[0] is Kind.CUT_OFF,
            unanswered=unmet,
        )

    def _hear_out(self, command: str, heard: list[str]) -> None:
        """Read until the prompt stands last again; keep what was heard. Raises Unanswered."""
        tail, quiet = "", time.monotonic()
        while True:
            if piece := self._line.read():
                heard.append(piece)
                tail, quiet = (tail + piece)[-_TAIL:], time.monotonic()
                continue
            silent = time.monotonic() - quiet
            last = last_line(tail)
            if pager_in(last):
                self._line.write_channel(" ")
                heard.append("\r" + " " * len(last) + "\r")
                tail, quiet = "", time.monotonic()
            elif self._has_ended(tail, command, silent):
                return
            elif silent >= _CHANGED and last != self._prompt and self._dialect.prompt.fullmatch(last):
                changed = f"the prompt changes from {self._prompt!r} to {last!r}: who answers is not sure"
                self._over = (Kind.UNPARSABLE, Phase.ASK, changed)
                raise Unanswered(Kind.UNPARSABLE, changed)

    def _has_ended(self, tail: str, command: str, silent: float) -> bool:
        """Whether the prompt stands last, and is not the one before the echo of the command."""
        if last_line(tail) == self._prompt:
            return silent >= _SETTLED and ("\n" in tail or command in tail)
        return silent >= _BURIED and self._is_buried(tail)

    def _is_buried(self, tail: str) -> bool:
        """Whether only log lines have come since the prompt: a device does not write it again behind them."""
        lines = [line for line in played(tail) if line.strip()]
        log = self._dialect.syslog
        while lines and log is not None and log.match(lines[-1]):
            lines.pop()
        return bool(lines) and lines[-1].strip() == self._prompt

    def _come_back(self, kind: Kind) -> None:
        """Break off what is still under way, so that the next question has a prompt to begin at."""
        if kind is Kind.CUT_OFF and not self._line.is_open:
            self._over = (Kind.CUT_OFF, Phase.ASK, "the connection to the device has ended")
        if self._stop.is_set() or self._over is not None:
            return
        late = "the device does not come back to its prompt after a question that was broken off"
        try:
            self._line.until(time.monotonic() + _BACK, late)
            self._line.write_channel("\x03")
            heard: list[str] = []
            hear(self._line, _SETTLED, heard)
            if pager_in(last_line("".join(heard))):
                self._line.write_channel("q")
            self._prompt_again()
        except Unanswered as reason:
            self._over = (reason.kind, reason.phase, reason.detail)

    def _prompt_again(self) -> None:
        again = find_prompt(self._line, self._dialect, self._driver.RETURN, self._prompt)
        if again != self._prompt:
            raise Unanswered(Kind.UNPARSABLE, f"the prompt changes from {self._prompt!r} to {again!r}")


# As much of the end of an answer as a prompt and what buries it can be.
_TAIL = 8192


def _logged_in(at: Greeted, way: SshWay, dialect: Dialect) -> paramiko.SSHClient:
    """Log in. Raises Unanswered; a device that is too old is told what would permit it."""
    try:
        return log_in(at, way, suffix=dialect.suffix)
    except Unanswered as reason:
        if (reason.kind, reason.phase) != (Kind.REFUSED, Phase.GREET) or way.legacy:
            raise
        permits = "'legacy: true' under its 'ssh' in the contract permits some that are outdated"
        raise Unanswered(reason.kind, f"{reason.detail}; {permits}", phase=reason.phase) from None


def _how_secured(client: paramiko.SSHClient) -> Exchange:
    transport = client.get_transport()
    facts = agreed(transport) if transport is not None else {}
    return Exchange(session="cli", question=("secured",), began=datetime.now(UTC), took=0.0, facts=facts)


def _terminal(client: paramiko.SSHClient) -> paramiko.Channel:
    """Open a channel with a terminal, and start what the account is given there. Raises Unanswered."""
    transport = client.get_transport()
    if transport is None or not transport.is_active():
        raise Unanswered(Kind.CUT_OFF, "the connection has ended", phase=Phase.LOGIN)
    try:
        channel = open_channel(transport, CHANNEL)
        channel.settimeout(CHANNEL)
        channel.get_pty("vt100", _WIDTH, _HEIGHT)
        channel.invoke_shell()
    except paramiko.ChannelException as error:
        detail = f"the device opens no terminal: {error.text}"[:300]
        raise Unanswered(Kind.REFUSED, detail, phase=Phase.LOGIN) from None
    except ENDS as error:
        if transport.is_active() and "timeout" in str(error).lower():
            raise Unanswered(
                Kind.TIMED_OUT, "the device opens no terminal in time", phase=Phase.LOGIN
            ) from None
        if transport.is_active():
            raise Unanswered(
                Kind.REFUSED, f"the device opens no terminal: {error}"[:300], phase=Phase.LOGIN
            ) from None
        detail = f"the connection ends before there is a terminal: {error}"[:300]
        raise Unanswered(Kind.CUT_OFF, detail, phase=Phase.LOGIN) from None
    return channel


def _hang_up(client: paramiko.SSHClient) -> None:
    transport = client.get_transport()
    if transport is not None:
        with contextlib.suppress(OSError):
            transport.sock.shutdown(socket.SHUT_RDWR)
    client.close()
