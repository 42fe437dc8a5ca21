"""The SSH session against real OpenSSH servers, and against what only looks like one."""

import asyncio
import contextlib
import os
import socket
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from agent.sessions.ssh import SshSession, open_ssh, reach_ssh
from agent.start import SshWay
from collectors import Kind, Phase, Unanswered
from collectors.exchange import Exchange
from inventory.grant import GrantRefusedError, Leave
from tests.fleet import PORT, Fleet
from tests.leave import leave_for


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with Fleet(2) as running:
        yield running


def _way(fleet: Fleet, number: int = 0, secret: str | None = None) -> SshWay:
    return SshWay(
        user=fleet.user, host_keys=(fleet.host_key(number),), secret=secret or fleet.private_key.read_text()
    )


async def _open(
    leave: Leave, way: SshWay, record: Callable[[Exchange], None], stop: threading.Event | None = None
) -> SshSession:
    at = await reach_ssh(leave, "h", record)
    return open_ssh(at, way, record, stop or threading.Event())


@pytest.fixture
async def session(fleet: Fleet) -> AsyncIterator[tuple[SshSession, list[Exchange]]]:
    kept: list[Exchange] = []
    opened = await _open(leave_for("h", fleet.address(0), ssh=PORT), _way(fleet), kept.append)
    yield opened, kept
    opened.close()


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


async def test_large_streams_on_both_sides_do_not_block(session: Opened) -> None:
    ran = await session[0].run("sh", "-c", "head -c 1000000 /dev/zero >&2; head -c 1000000 /dev/zero")
    assert (len(ran.stdout), len(ran.stderr)) == (1_000_000, 1_000_000)


async def test_an_endless_answer_is_cut_off_and_ended_on_the_host(session: Opened) -> None:
    marker = f"endless-{os.getpid()}-{time.monotonic_ns()}"
    with pytest.raises(Unanswered) as told:
        await session[0].run(
            "sh", "-c", f": {marker}; while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done"
        )
    assert told.value.kind is Kind.CUT_OFF
    assert session[1][-1].cut
    await _gone(marker)


async def test_a_hanging_command_times_out_and_is_ended_on_the_host(session: Opened) -> None:
    marker = f"hanging-{os.getpid()}-{time.monotonic_ns()}"
    with pytest.raises(Unanswered) as told:
        await session[0].run("sh", "-c", f": {marker}; echo begun; sleep 61; :", deadline=1)
    assert told.value.kind is Kind.TIMED_OUT
    assert session[1][-1].parts["stdout"] == b"begun\n"
    await _gone(marker)
    assert (await session[0].run("echo", "still there")).stdout == "still there\n"


async def test_stopping_ends_the_command_on_the_host(fleet: Fleet) -> None:
    stop, kept = threading.Event(), list[Exchange]()
    leave = leave_for("h", fleet.address(0), ssh=PORT)
    session = await _open(leave, _way(fleet), kept.append, stop)
    marker = f"stopped-{os.getpid()}-{time.monotonic_ns()}"
    command = ("sh", "-c", f": {marker}; sleep 62; :")
    asking = asyncio.create_task(asyncio.to_thread(asyncio.run, session.run(*command)))
    await _until(lambda: _running(marker))
    stop.set()
    with pytest.raises(Unanswered) as told:
        await asking
    assert told.value.kind is Kind.STOPPED
    await _gone(marker)
    session.close()


async def test_closing_ends_a_question_that_is_under_way(fleet: Fleet) -> None:
    session = await _open(leave_for("h", fleet.address(0), ssh=PORT), _way(fleet), lambda _: None)
    asking = asyncio.create_task(asyncio.to_thread(asyncio.run, session.run("sleep", "63")))
    await asyncio.sleep(0.2)
    session.close()
    with pytest.raises(Unanswered) as told:
        await asking
    assert told.value.kind is Kind.CUT_OFF


def _running(marker: str) -> bool:
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and marker.encode() in (entry / "cmdline").read_bytes():
                return True
    return False


async def _gone(marker: str) -> None:
    await _until(lambda: not _running(marker))


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in another process.
            await asyncio.sleep(0.02)


async def test_one_shell_is_told_all_commands_and_a_new_one_after_a_hanging_one(session: Opened) -> None:
    async def shell() -> str:
        return (await session[0].run("sh", "-c", "echo $PPID")).stdout

    first = await shell()
    assert await shell() == first
    with pytest.raises(Unanswered):
        await session[0].run("sleep", "64", deadline=0.2)
    assert await shell() != first


async def test_no_command_gets_input_or_changes_what_the_next_one_meets(session: Opened) -> None:
    assert (await session[0].run("cat")).stdout == ""
    for words in (("exit", "3"), ("cd", "/"), ("m", "x"), ("no-such-program",)):
        assert (await session[0].run(*words)).code == 127
    assert (await session[0].run("sh", "-c", "kill -9 $$")).code == 137
    assert (await session[0].run("echo", "still there")).stdout == "still there\n"


async def test_what_looks_like_the_end_of_an_answer_is_part_of_it(session: Opened) -> None:
    text = "\n0123456789abcdef 0\n\n0123456789abcdef begins\nno line end"
    ran = await session[0].run("sh", "-c", 'printf %s "$1"; printf %s "$1" >&2', "sh", text)
    assert (ran.stdout, ran.stderr, ran.code) == (text, text, 0)


async def test_the_noise_of_a_start_up_file_belongs_to_no_answer(fleet: Fleet) -> None:
    noisy = fleet.folder / ".bashrc"
    noisy.write_text("echo Welcome to the jungle; echo to all of you >&2\n")
    try:
        session = await _open(leave_for("h", fleet.address(0), ssh=PORT), _way(fleet), lambda _: None)
        ran = await session.run("echo", "here")
        session.close()
    finally:
        noisy.unlink()
    assert (ran.stdout, ran.stderr) == ("here\n", "")


def _key_without_shell(fleet: Fleet) -> str:
    """A private key whose account may do one thing only, as the host's administrator has set it."""
    key = fleet.folder / "no-shell"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    public = key.with_suffix(".pub").read_text()
    with (fleet.folder / "authorized_keys").open("a") as allowed:
        allowed.write(f'command="echo This account is not available.; exit 1" {public}')
    return key.read_text()


async def test_an_account_without_a_shell_is_told_as_that(fleet: Fleet) -> None:
    way = _way(fleet, secret=_key_without_shell(fleet))
    session = await _open(leave_for("h", fleet.address(0), ssh=PORT), way, lambda _: None)
    # Whether the host has closed the channel before we write to it is a race: every time must end alike.
    for _ in range(20):
        with pytest.raises(Unanswered, match="This account is not available") as told:
            await session.run("echo", "here")
        assert (told.value.kind, told.value.phase) == (Kind.REFUSED, Phase.LOGIN)
    session.close()


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
        await _open(leave, way, kept.append)
    assert kept[-1].unanswered == (told.value.kind, told.value.phase, told.value.detail)
    return told.value.kind, told.value.phase


async def test_another_host_key_stops_before_any_login(fleet: Fleet) -> None:
    leave = leave_for("h", fleet.address(0), ssh=PORT)
    assert await _why(leave, _way(fleet, number=1)) == (Kind.HOST_KEY_CHANGED, Phase.GREET)


async def test_a_pinned_key_of_another_type_stops_too(fleet: Fleet) -> None:
    key = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEmKSENjQEezOmxkZMy7opKgwFB9nkt5YRrYMjNuG5N87uRgg6CLrbo5wAdT/y6v0mKV0U2w0WZ2YB/++Tpockg="
    way = SshWay(user=fleet.user, host_keys=(key,), secret=fleet.private_key.read_text())
    assert await _why(leave_for("h", fleet.address(0), ssh=PORT), way) == (Kind.HOST_KEY_CHANGED, Phase.GREET)


async def test_a_rejected_credential_is_told_as_that(fleet: Fleet) -> None:
    foreign = (fleet.folder / "host-1").read_text()
    leave = leave_for("h", fleet.address(0), ssh=PORT)
    assert await _why(leave, _way(fleet, secret=foreign)) == (Kind.CREDENTIALS_REJECTED, Phase.LOGIN)
    assert await _why(leave, _way(fleet, secret="a password")) == (Kind.CREDENTIALS_REJECTED, Phase.LOGIN)


@pytest.mark.parametrize("weak", ["Ciphers aes256-cbc\n", "Ciphers aes128-ctr\nMACs hmac-sha1\n"])
async def test_a_host_with_weak_algorithms_only_is_told_as_that(weak: str) -> None:
    with Fleet(1, extra=weak) as old:
        assert await _why(leave_for("h", old.address(0), ssh=PORT), _way(old)) == (Kind.REFUSED, Phase.GREET)


async def test_nobody_listening_is_refused(fleet: Fleet) -> None:
    assert await _why(leave_for("h", "127.9.9.9", ssh=PORT), _way(fleet)) == (Kind.REFUSED, Phase.CONNECT)


async def test_the_second_address_is_tried_when_the_first_cannot_be_reached(fleet: Fleet) -> None:
    leave = leave_for("h", "127.9.9.9", fleet.address(0), ssh=PORT)
    session = await _open(leave, _way(fleet), lambda _: None)
    assert (await session.run("echo", "here")).stdout == "here\n"
    session.close()


async def test_without_a_door_in_the_grant_nothing_is_opened(fleet: Fleet) -> None:
    with pytest.raises(GrantRefusedError):
        await _open(leave_for("other", fleet.address(0), ssh=PORT), _way(fleet), lambda _: None)
    with pytest.raises(GrantRefusedError):
        await _open(leave_for("h", fleet.address(0), dns=53), _way(fleet), lambda _: None)


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
        assert await _why(leave_for("h", "127.8.0.1", ssh=port), _way(fleet)) == expected


@pytest.mark.slow
async def test_a_silent_port_hangs_and_is_given_up(fleet: Fleet) -> None:
    with _says() as port:
        assert await _why(leave_for("h", "127.8.0.1", ssh=port), _way(fleet)) == (Kind.TIMED_OUT, Phase.GREET)
