"""SSH servers that do not behave: every ending is told as what it was, in bounded time, and is evidence."""

from __future__ import annotations

import asyncio
import contextlib
import io
import socket
import threading
from collections.abc import AsyncIterator
from dataclasses import replace

import paramiko
import pytest
from paramiko.common import AUTH_FAILED, AUTH_PARTIALLY_SUCCESSFUL, OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

from agent.sessions.ssh import SshSession, open_ssh, reach_ssh
from agent.start import SshWay
from collectors import Kind, Phase, Unanswered
from collectors.exchange import Exchange
from tests.agent.odd_ssh import Behaviour, Odd, asked, frame, odd_host
from tests.leave import leave_for

pytestmark = pytest.mark.slow

LONG = 30_000
# Nothing here may take longer, whatever the host does.
BOUND = 8.0


@contextlib.asynccontextmanager
async def _session(server: Odd | Behaviour) -> AsyncIterator[tuple[SshSession, list[Exchange]]]:
    kept: list[Exchange] = []
    with odd_host(server) as (address, port, way):
        at = await reach_ssh(leave_for("h", address, ssh=port), "h", kept.append)
        session = await asyncio.to_thread(open_ssh, at, way, kept.append, threading.Event())
        with contextlib.closing(session):
            yield session, kept


async def _run(session: SshSession, deadline: float = 1.0) -> tuple[str, str, int] | tuple[Kind, Phase, str]:
    """One question in a thread of its own, as the product asks it."""
    asking = asyncio.to_thread(asyncio.run, session.run("x", deadline=deadline))
    try:
        ran = await asyncio.wait_for(asking, BOUND)
    except Unanswered as reason:
        return (reason.kind, reason.phase, reason.detail)
    return (ran.stdout, ran.stderr, ran.code)


def _answer(channel: paramiko.Channel, out: bytes = b"out", err: bytes = b"err") -> None:
    mark = asked(channel)
    channel.sendall(frame(mark, out))
    channel.sendall_stderr(frame(mark, err))


def _byte_by_byte(channel: paramiko.Channel) -> None:
    mark = asked(channel)
    for out, err in zip(frame(mark, b"out"), frame(mark, b"err"), strict=True):
        channel.sendall(bytes([out]))
        channel.sendall_stderr(bytes([err]))


def _twice(channel: paramiko.Channel) -> None:
    while True:
        mark = asked(channel)
        channel.sendall(frame(mark, b"out") + frame(mark, b"other", b"1"))
        channel.sendall_stderr(frame(mark, b"err") + frame(mark, b"other", b"1"))


def _early(channel: paramiko.Channel) -> None:
    channel.sendall(frame(b"0" * 16, b"early") * 100)
    channel.sendall_stderr(frame(b"0" * 16, b"early") * 100)
    while True:
        _answer(channel)


def _over_new_keys(channel: paramiko.Channel) -> None:
    mark = asked(channel)
    whole = frame(mark, b"out")
    channel.sendall(whole[:22])
    channel.get_transport().renegotiate_keys()
    channel.sendall(whole[22:])
    channel.sendall_stderr(frame(mark, b"err"))


def _through_a_tiny_window(channel: paramiko.Channel) -> None:
    channel.in_window_size = channel.in_window_threshold = 1
    _answer(channel)


EXACT: dict[str, Behaviour] = {
    "byte by byte": _byte_by_byte,
    "every frame twice": _twice,
    "frames before any question": _early,
    "new keys in the middle": _over_new_keys,
    "a window that opens by single bytes": _through_a_tiny_window,
}


@pytest.mark.parametrize("behave", EXACT.values(), ids=EXACT.keys())
async def test_the_answer_is_exact(behave: Behaviour) -> None:
    async with _session(behave) as (session, _):
        assert await _run(session, deadline=5) == ("out", "err", 0)


async def test_frames_that_come_too_often_do_not_answer_the_next_question() -> None:
    async with _session(_twice) as (session, _):
        for _ in range(3):
            assert await _run(session) == ("out", "err", 0)


async def test_a_shell_that_ends_between_two_questions_is_replaced() -> None:
    gone = threading.Event()

    def behave(channel: paramiko.Channel) -> None:
        _answer(channel)
        channel.send_exit_status(0)
        channel.close()
        gone.set()

    async with _session(behave) as (session, _):
        for _ in range(3):
            assert await _run(session) == ("out", "err", 0)
            await asyncio.to_thread(gone.wait, BOUND)
            # The close is on its way; what follows it on the same line has not overtaken it.
            await asyncio.sleep(0.1)


def _stays_silent(channel: paramiko.Channel) -> None:
    while channel.recv(LONG):
        pass


def _asks_for_a_key(channel: paramiko.Channel) -> None:
    channel.sendall(b"Press ENTER: ")
    _stays_silent(channel)


def _drips(channel: paramiko.Channel) -> None:
    for one in frame(asked(channel), b"x" * 1000):
        channel.sendall(bytes([one]))
        threading.Event().wait(0.02)


def _never_ends_its_errors(channel: paramiko.Channel) -> None:
    channel.sendall_stderr(frame(asked(channel), b"")[:-20])
    while True:
        channel.sendall_stderr(b"x" * LONG)


def _floods(channel: paramiko.Channel) -> None:
    asked(channel)
    while True:
        channel.sendall_stderr(b"x" * LONG)


def _turns_errors_away(channel: paramiko.Channel) -> None:
    channel.sendall(frame(asked(channel), b"out"))
    _stays_silent(channel)


def _mixes_both(channel: paramiko.Channel) -> None:
    mark = asked(channel)
    begins, ends = f"\n{mark.decode()} begins\n".encode(), b"\n" + mark + b" 0\n"
    channel.sendall(begins + begins + b"out" + ends + ends)
    _stays_silent(channel)


def _ends_half_way(channel: paramiko.Channel) -> None:
    mark = asked(channel)
    channel.sendall(frame(mark, b"half an answer")[:-8])
    channel.sendall_stderr(b"\n" + mark + b" begins\nsh: 1: Cannot fork\n")
    channel.send_exit_status(2)
    channel.close()


def _leaves_its_streams_open(channel: paramiko.Channel) -> None:
    channel.sendall(frame(asked(channel), b"half")[:-8])
    channel.send_exit_status(2)
    _stays_silent(channel)


def _ends_the_connection(channel: paramiko.Channel) -> None:
    channel.sendall(frame(asked(channel), b"half")[:-8])
    channel.get_transport().close()


def _closes(channel: paramiko.Channel) -> None:
    channel.close()


class _RefusesCommands(Odd):
    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        del channel, command
        return False


class _RefusesChannels(Odd):
    def check_channel_request(self, kind: str, chanid: int) -> int:
        del kind, chanid
        return OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED


class _NeverOpensChannels(Odd):
    def check_channel_request(self, kind: str, chanid: int) -> int:
        threading.Event().wait(3)
        return super().check_channel_request(kind, chanid)


def _status(said: bytes) -> Behaviour:
    def behave(channel: paramiko.Channel) -> None:
        channel.sendall(b"\n")
        mark = asked(channel)
        channel.sendall(frame(mark, b"x", said))
        channel.sendall_stderr(frame(mark, b"", said))

    return behave


ENDINGS: dict[str, tuple[Odd | Behaviour, Kind, Phase, str]] = {
    "silent": (_stays_silent, Kind.TIMED_OUT, Phase.LOGIN, "did not take the question"),
    "waits for a key": (_asks_for_a_key, Kind.TIMED_OUT, Phase.LOGIN, "Press ENTER"),
    "drips": (_drips, Kind.TIMED_OUT, Phase.ASK, "did not finish"),
    "floods before the mark": (_floods, Kind.TIMED_OUT, Phase.LOGIN, "did not take the question"),
    "errors without end": (_never_ends_its_errors, Kind.CUT_OFF, Phase.ASK, "larger than"),
    "errors turned away": (_turns_errors_away, Kind.UNPARSABLE, Phase.ASK, "error output"),
    "both streams in one": (_mixes_both, Kind.UNPARSABLE, Phase.ASK, "error output"),
    "status -1": (_status(b"-1"), Kind.UNPARSABLE, Phase.ASK, "exit status"),
    "status of 5000 digits": (_status(b"9" * 5000), Kind.UNPARSABLE, Phase.ASK, "exit status"),
    "status without end": (_status(b"9" * 50_000_000), Kind.UNPARSABLE, Phase.ASK, "exit status"),
    "shell ends half way": (
        _ends_half_way,
        Kind.CUT_OFF,
        Phase.ASK,
        "shell ends in the middle .* Cannot fork",
    ),
    "shell ends, streams stay": (
        _leaves_its_streams_open,
        Kind.CUT_OFF,
        Phase.ASK,
        "shell ends in the middle",
    ),
    "connection ends half way": (
        _ends_the_connection,
        Kind.CUT_OFF,
        Phase.ASK,
        "connection ends in the middle",
    ),
    "closes at once": (_closes, Kind.REFUSED, Phase.LOGIN, "no shell"),
    "refuses commands": (_RefusesCommands(_closes), Kind.REFUSED, Phase.LOGIN, "no shell"),
    "refuses channels": (_RefusesChannels(_closes), Kind.REFUSED, Phase.LOGIN, "prohibited"),
    "never opens a channel": (
        _NeverOpensChannels(_closes),
        Kind.TIMED_OUT,
        Phase.LOGIN,
        "no channel in time",
    ),
}


@pytest.mark.parametrize(("server", "kind", "phase", "detail"), ENDINGS.values(), ids=ENDINGS.keys())
async def test_every_ending_is_told_as_what_it_was(
    server: Odd | Behaviour, kind: Kind, phase: Phase, detail: str
) -> None:
    async with _session(server) as (session, kept):
        told = await _run(session)
    assert told[:2] == (kind, phase)
    with pytest.raises(Unanswered, match=detail):
        kept[-1].settle()


async def test_a_host_that_starts_no_shell_is_waited_for_once() -> None:
    async with _session(_stays_silent) as (session, kept):
        first = await _run(session)
        second = await _run(session, deadline=60)
    assert first == second
    assert kept[1].took < kept[0].took


async def test_a_question_whose_time_is_over_is_not_put_to_the_host() -> None:
    reached = threading.Event()
    async with _session(lambda _: reached.set()) as (session, _):
        told = await _run(session, deadline=0)
    assert told[0] is Kind.TIMED_OUT
    assert not reached.is_set()


# --- The way in.


class _AsksForMore(Odd):
    def check_auth_password(self, username: str, password: str) -> int:
        del username, password
        return AUTH_PARTIALLY_SUCCESSFUL

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        del username, key
        return AUTH_PARTIALLY_SUCCESSFUL

    def get_allowed_auths(self, username: str) -> str:
        del username
        return "publickey,keyboard-interactive,password"


class _HearsSecrets(Odd):
    """Takes no login, and remembers every password that it was offered."""

    def __init__(self) -> None:
        super().__init__(_closes)
        self.heard: list[str] = []

    def check_auth_password(self, username: str, password: str) -> int:
        del username
        self.heard.append(password)
        return AUTH_FAILED


class _HangsUp(Odd):
    def check_auth_password(self, username: str, password: str) -> int:
        del username, password
        raise EOFError


async def _why(server: Odd, secret: str) -> tuple[Kind, Phase, str]:
    with odd_host(server) as (address, port, door):
        way = replace(door, secret=secret)
        at = await reach_ssh(leave_for("h", address, ssh=port), "h", lambda _: None)
        with pytest.raises(Unanswered) as told:
            await asyncio.to_thread(open_ssh, at, way, lambda _: None, threading.Event())
    return told.value.kind, told.value.phase, told.value.detail


def _new_key() -> str:
    text = io.StringIO()
    paramiko.ECDSAKey.generate().write_private_key(text)
    return text.getvalue()


@pytest.mark.parametrize("secret", ["a password", _new_key()], ids=["password", "key"])
async def test_a_host_that_asks_for_a_second_factor_is_told_as_that(secret: str) -> None:
    kind, phase, detail = await _why(_AsksForMore(_closes), secret)
    assert (kind, phase) == (Kind.CREDENTIALS_REJECTED, Phase.LOGIN)
    assert "another factor" in detail


async def test_a_host_that_hangs_up_during_the_login_has_not_rejected_the_credential() -> None:
    assert (await _why(_HangsUp(_closes), "a password"))[:2] == (Kind.CUT_OFF, Phase.LOGIN)


PUTTY = "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nPrivate-Lines: 1\nAAAA\n"


@pytest.mark.parametrize(
    "secret",
    [PUTTY, "\ufeff" + _new_key(), "Bag Attributes\n" + _new_key(), _new_key().replace("\n", " ")],
    ids=["PuTTY", "byte order mark", "text before", "one line"],
)
async def test_a_key_that_cannot_be_read_is_never_sent_as_a_password(secret: str) -> None:
    server = _HearsSecrets()
    kind, phase, detail = await _why(server, secret)
    assert (kind, phase) == (Kind.CREDENTIALS_REJECTED, Phase.LOGIN)
    assert server.heard == []
    assert not any(line in detail for line in secret.splitlines() if len(line) > 30)


GARBLED_KEX = (
    b"SSH-2.0-x\r\n"
    # A packet of 44 bytes: the key exchange's first message, with a list of names that is no text.
    + (44).to_bytes(4, "big")
    + b"\x04\x14"
    + b"c" * 16
    + (4).to_bytes(4, "big")
    + b"\xff\xfe\xfd\xfc"
    + bytes(18)
)


async def test_a_host_that_speaks_garbled_ssh_is_told_as_that() -> None:
    with socket.create_server(("127.8.0.3", 0)) as listener:

        def serve() -> None:
            client, _ = listener.accept()
            with client, contextlib.suppress(OSError):
                client.sendall(GARBLED_KEX)
                while client.recv(LONG):
                    pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        way = SshWay(user="u", host_keys=(), secret="a password")
        at = await reach_ssh(leave_for("h", "127.8.0.3", ssh=listener.getsockname()[1]), "h", lambda _: None)
        with pytest.raises(Unanswered) as told:
            await asyncio.to_thread(open_ssh, at, way, lambda _: None, threading.Event())
        thread.join(BOUND)
    assert (told.value.kind, told.value.phase) == (Kind.UNPARSABLE, Phase.GREET)
