"""The SSH session against real OpenSSH servers, and against what only looks like one."""

import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from agent.sessions.ssh import SshSession
from agent.start import SshWay
from collectors import Kind, Phase, Unanswered
from collectors.exchange import Exchange
from inventory.grant import GrantRefusedError, Leave
from tests.agent.reached import opened, over, way_of
from tests.fleet import PORT, Fleet
from tests.leave import leave_for

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with Fleet(2) as running:
        yield running


@pytest.fixture
async def session(fleet: Fleet) -> AsyncIterator[tuple[SshSession, list[Exchange]]]:
    kept: list[Exchange] = []
    at = await over(fleet, kept.append)
    yield at, kept
    at.close()


Opened = tuple[SshSession, list[Exchange]]


async def test_a_command_gives_both_streams_and_its_status(session: Opened) -> None:
    ran = await session[0].run("sh", "-c", "echo out; echo err >&2; exit 3")
    assert (ran.stdout, ran.stderr, ran.code) == ("out\n", "err\n", 3)
    assert session[1][-1].parts == {"stdout": b"out\n", "stderr": b"err\n"}


async def test_arguments_are_never_read_by_a_shell(session: Opened) -> None:
    words = ("a b", "$(id)", "`id`", "'; id; '", "*", "\n", '"', "-n", "ü")
    ran = await session[0].run("printf", "%s|", *words)
    assert ran.stdout == "".join(f"{word}|" for word in words)


async def test_commands_speak_the_c_locale(session: Opened) -> None:
    assert "No such file" in (await session[0].run("cat", "--", "/nowhere")).stderr


HOSTILE = {
    "binary": rb"\000\377\376\001",
    "another code page": rb"Stra\337e",
    "terminal escapes": rb"\033[2J\033]0;owned\007",
    "markup": b"<script>alert(1)</script>{{7*7}}${x}",
}


@pytest.mark.parametrize("octal", HOSTILE.values(), ids=HOSTILE.keys())
async def test_whatever_a_host_says_is_kept_byte_for_byte(session: Opened, octal: bytes) -> None:
    ran = await session[0].run("printf", octal.decode())
    raw = session[1][-1].parts["stdout"]
    assert raw == octal.decode("unicode_escape").encode("latin-1")
    assert isinstance(ran.stdout, str)


async def test_a_file_is_read_and_fetched(session: Opened, tmp_path: Path) -> None:
    path = tmp_path / "with space"
    path.write_bytes(b"a\xff")
    assert await session[0].read(str(path)) == "a\\xff"
    assert await session[0].fetch(str(path)) == b"a\xff"


@pytest.mark.parametrize("way", ["read", "fetch"])
async def test_a_missing_file_is_unanswered(session: Opened, way: str) -> None:
    with pytest.raises(Unanswered) as told:
        await (session[0].read("/nowhere") if way == "read" else session[0].fetch("/nowhere"))
    assert told.value.kind is Kind.UNPARSABLE


async def test_a_file_over_the_limit_is_cut_off(session: Opened) -> None:
    with pytest.raises(Unanswered) as told:
        await session[0].fetch("/dev/zero")
    assert told.value.kind is Kind.CUT_OFF


async def _why(leave: Leave, way: SshWay) -> tuple[Kind, Phase]:
    kept: list[Exchange] = []
    with pytest.raises(Unanswered) as told:
        await opened(leave, way, kept.append)
    assert kept[-1].unanswered == (told.value.kind, told.value.phase, told.value.detail)
    return told.value.kind, told.value.phase


async def test_another_host_key_stops_before_any_login(fleet: Fleet) -> None:
    leave = leave_for("h", fleet.address(0), ssh=PORT)
    assert await _why(leave, way_of(fleet, number=1)) == (Kind.HOST_KEY_CHANGED, Phase.GREET)


async def test_a_pinned_key_of_another_type_stops_too(fleet: Fleet) -> None:
    key = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEmKSENjQEezOmxkZMy7opKgwFB9nkt5YRrYMjNuG5N87uRgg6CLrbo5wAdT/y6v0mKV0U2w0WZ2YB/++Tpockg="
    way = SshWay(user=fleet.user, host_keys=(key,), secret=fleet.private_key.read_text())
    assert await _why(leave_for("h", fleet.address(0), ssh=PORT), way) == (Kind.HOST_KEY_CHANGED, Phase.GREET)


async def test_a_rejected_credential_is_told_as_that(fleet: Fleet) -> None:
    foreign = (fleet.folder / "host-1").read_text()
    leave = leave_for("h", fleet.address(0), ssh=PORT)
    assert await _why(leave, way_of(fleet, secret=foreign)) == (Kind.CREDENTIALS_REJECTED, Phase.LOGIN)
    assert await _why(leave, way_of(fleet, secret="a password")) == (Kind.CREDENTIALS_REJECTED, Phase.LOGIN)


@pytest.mark.parametrize("weak", ["Ciphers aes256-cbc\n", "Ciphers aes128-ctr\nMACs hmac-sha1\n"])
async def test_a_host_with_weak_algorithms_only_is_told_as_that(weak: str) -> None:
    with Fleet(1, extra=weak) as old:
        assert await _why(leave_for("h", old.address(0), ssh=PORT), way_of(old)) == (
            Kind.REFUSED,
            Phase.GREET,
        )


async def test_nobody_listening_is_refused(fleet: Fleet) -> None:
    assert await _why(leave_for("h", "127.9.9.9", ssh=PORT), way_of(fleet)) == (Kind.REFUSED, Phase.CONNECT)


async def test_the_second_address_is_tried_when_the_first_cannot_be_reached(fleet: Fleet) -> None:
    leave = leave_for("h", "127.9.9.9", fleet.address(0), ssh=PORT)
    session = await opened(leave, way_of(fleet), lambda _: None)
    assert (await session.run("echo", "here")).stdout == "here\n"
    session.close()


async def test_without_a_door_in_the_grant_nothing_is_opened(fleet: Fleet) -> None:
    with pytest.raises(GrantRefusedError):
        await opened(leave_for("other", fleet.address(0), ssh=PORT), way_of(fleet), lambda _: None)
    with pytest.raises(GrantRefusedError):
        await opened(leave_for("h", fleet.address(0), dns=53), way_of(fleet), lambda _: None)


@contextlib.contextmanager
def _says(*pieces: bytes, close: bool = False) -> Iterator[int]:
    """A server on loopback that says some bytes to everybody who comes; gives its port."""
    listener = socket.create_server(("127.8.0.1", 0))
    held: list[socket.socket] = []

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                held.append(client)
                with contextlib.suppress(OSError):
                    for piece in pieces:
                        client.sendall(piece)
                    if close:
                        client.shutdown(socket.SHUT_RDWR)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
        for client in held:
            client.close()


NO_SSH = {
    "closes at once": ((), True, (Kind.CUT_OFF, Phase.GREET)),
    "tarpit": (tuple(b"%x\r\n" % n for n in range(200)), False, (Kind.UNPARSABLE, Phase.GREET)),
    "web server": ((b"HTTP/1.1 400 Bad Request\r\n\r\n",), True, (Kind.CUT_OFF, Phase.GREET)),
    "closes after the greeting": ((b"SSH-2.0-x\r\n",), True, (Kind.CUT_OFF, Phase.GREET)),
    "garbage after the greeting": (
        (b"SSH-2.0-x\r\n" + bytes(range(256)) * 8,),
        True,
        (Kind.CUT_OFF, Phase.GREET),
    ),
}


@pytest.mark.parametrize(("pieces", "close", "expected"), NO_SSH.values(), ids=NO_SSH.keys())
async def test_what_is_no_ssh_server_is_told_apart(
    fleet: Fleet, pieces: tuple[bytes, ...], close: bool, expected: tuple[Kind, Phase]
) -> None:
    with _says(*pieces, close=close) as port:
        assert await _why(leave_for("h", "127.8.0.1", ssh=port), way_of(fleet)) == expected


@pytest.mark.parametrize("close", [True, False], ids=["closes", "stays"])
async def test_what_it_says_before_any_greeting_is_passed_on(fleet: Fleet, close: bool) -> None:
    lines = (b"\r\n", b"Exceeded MaxStartups\r\n") * (1 if close else 20)
    with _says(*lines, close=close) as port, pytest.raises(Unanswered, match="says: Exceeded MaxStartups"):
        await opened(leave_for("h", "127.8.0.1", ssh=port), way_of(fleet), lambda _: None)


@pytest.mark.slow
async def test_a_silent_port_hangs_and_is_given_up(fleet: Fleet) -> None:
    with _says() as port:
        assert await _why(leave_for("h", "127.8.0.1", ssh=port), way_of(fleet)) == (
            Kind.TIMED_OUT,
            Phase.GREET,
        )
