"""One shell for all questions, on real hosts: limits, deadlines, stops, and what commands do to it."""

import asyncio
import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from agent.sessions.ssh import SshSession
from collectors import Kind, Phase, Unanswered
from collectors.exchange import Exchange
from tests.agent.reached import gone, opened, over, running, until, way_of
from tests.fleet import PORT, Fleet
from tests.leave import leave_for

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with Fleet(1) as running:
        yield running


@pytest.fixture
async def session(fleet: Fleet) -> AsyncIterator[tuple[SshSession, list[Exchange]]]:
    kept: list[Exchange] = []
    at = await over(fleet, kept.append)
    yield at, kept
    at.close()


Opened = tuple[SshSession, list[Exchange]]


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
    await gone(marker)


async def test_a_hanging_command_times_out_and_is_ended_on_the_host(session: Opened) -> None:
    marker = f"hanging-{os.getpid()}-{time.monotonic_ns()}"
    with pytest.raises(Unanswered) as told:
        await session[0].run("sh", "-c", f": {marker}; echo begun; sleep 61; :", deadline=1)
    assert told.value.kind is Kind.TIMED_OUT
    assert session[1][-1].parts["stdout"] == b"begun\n"
    await gone(marker)
    assert (await session[0].run("echo", "still there")).stdout == "still there\n"


async def test_stopping_ends_the_command_on_the_host(fleet: Fleet) -> None:
    stop, kept = threading.Event(), list[Exchange]()
    leave = leave_for("h", fleet.address(0), ssh=PORT)
    session = await opened(leave, way_of(fleet), kept.append, stop)
    marker = f"stopped-{os.getpid()}-{time.monotonic_ns()}"
    command = ("sh", "-c", f": {marker}; sleep 62; :")
    asking = asyncio.create_task(asyncio.to_thread(asyncio.run, session.run(*command)))
    await until(lambda: running(marker))
    stop.set()
    with pytest.raises(Unanswered) as told:
        await asking
    assert told.value.kind is Kind.STOPPED
    await gone(marker)
    session.close()


async def test_closing_ends_a_question_that_is_under_way(fleet: Fleet) -> None:
    session = await over(fleet)
    asking = asyncio.create_task(asyncio.to_thread(asyncio.run, session.run("sleep", "63")))
    await asyncio.sleep(0.2)
    session.close()
    with pytest.raises(Unanswered) as told:
        await asking
    assert told.value.kind is Kind.CUT_OFF


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


@contextlib.contextmanager
def _start_up(fleet: Fleet, text: str) -> Iterator[None]:
    """Every shell of the fleet's account begins with this."""
    file = fleet.folder / ".bashrc"
    file.write_text(text + "\n")
    try:
        yield
    finally:
        file.unlink()


HARMLESS = {
    "prints": "echo Welcome to the jungle; echo to all of you >&2; printf 'no end of line'",
    "functions named like ours": "m() { echo mine; }; printf() { echo no; }; export -f m printf; alias exec=false",
    "traps": "trap 'echo trapped' EXIT DEBUG ERR",
    "strict": "set -eu",
    "another shell": "exec dash",
    "a locale that stays": "readonly LC_ALL=de_DE.UTF-8; export LC_ALL",
}


@pytest.mark.parametrize("text", HARMLESS.values(), ids=HARMLESS.keys())
async def test_what_a_start_up_file_does_belongs_to_no_answer(fleet: Fleet, text: str) -> None:
    with _start_up(fleet, text), contextlib.closing(await over(fleet)) as session:
        ran = await session.run("sh", "-c", "echo out; echo err >&2; exit 4")
    assert (ran.stdout, ran.stderr, ran.code) == ("out\n", "err\n", 4)


HARMFUL = {
    "waits for input": ("read -r key", Kind.TIMED_OUT, "did not take the question"),
    "turns errors away": ("exec 2>/dev/null", Kind.UNPARSABLE, "error output"),
    "mixes both streams": ("exec 2>&1", Kind.UNPARSABLE, "error output"),
    "ends": ("echo Sorry; exit 7", Kind.REFUSED, "no shell: Sorry"),
    "loses its programs": ("PATH=/nowhere", Kind.REFUSED, "no shell: .*not found"),
}


@pytest.mark.parametrize(("text", "kind", "detail"), HARMFUL.values(), ids=HARMFUL.keys())
async def test_a_start_up_file_that_keeps_every_command_away_is_told_as_that(
    fleet: Fleet, text: str, kind: Kind, detail: str
) -> None:
    session = await over(fleet)
    with _start_up(fleet, text), contextlib.closing(session), pytest.raises(Unanswered, match=detail) as told:
        await session.run("echo", "x", deadline=0.5)
    assert told.value.kind is kind


def _key_without_shell(fleet: Fleet) -> str:
    """A private key whose account may do one thing only, as the host's administrator has set it."""
    key = fleet.folder / "no-shell"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    public = key.with_suffix(".pub").read_text()
    with (fleet.folder / "authorized_keys").open("a") as allowed:
        allowed.write(f'command="echo This account is not available.; exit 1" {public}')
    return key.read_text()


async def test_an_account_without_a_shell_is_told_as_that(fleet: Fleet) -> None:
    way = way_of(fleet, secret=_key_without_shell(fleet))
    session = await opened(leave_for("h", fleet.address(0), ssh=PORT), way, lambda _: None)
    with pytest.raises(Unanswered, match="This account is not available") as told:
        await session.run("echo", "here")
    session.close()
    assert (told.value.kind, told.value.phase) == (Kind.REFUSED, Phase.LOGIN)


async def test_a_host_that_allows_one_channel_answers_and_hands_out_files(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    with Fleet(1, extra="MaxSessions 1\n") as narrow:
        session = await over(narrow)
        with contextlib.closing(session):
            assert (await session.run("echo", "here")).stdout == "here\n"
            assert await session.fetch(str(path)) == b"content"
            assert (await session.run("echo", "again")).stdout == "again\n"


async def test_a_folder_is_no_file_and_the_connection_stays(session: Opened) -> None:
    with pytest.raises(Unanswered) as told:
        await session[0].fetch("/etc")
    assert told.value.kind is Kind.UNPARSABLE
    assert (await session[0].run("echo", "still there")).stdout == "still there\n"


@pytest.mark.parametrize("size", [1024 * 1024 - 1, 1024 * 1024, 1024 * 1024 + 1])
@pytest.mark.parametrize("stream", ["", ">&2"])
async def test_the_limit_of_an_answer_is_exact(session: Opened, size: int, stream: str) -> None:
    asking = session[0].run("sh", "-c", f"head -c {size} /dev/zero {stream}")
    if size <= 1024 * 1024:
        ran = await asking
        assert (len(ran.stdout or ran.stderr), ran.code) == (size, 0)
    else:
        with pytest.raises(Unanswered, match="larger than"):
            await asking


async def test_a_command_longer_than_a_window_of_the_connection_is_told_whole(session: Opened) -> None:
    ran = await session[0].run("sh", "-c", "echo $#", "sh", *(["x" * 99] * 15_000))
    assert ran.stdout == "15000\n"
    ran = await session[0].run("sh", "-c", "echo $#", "sh", *(["x" * 99] * 40_000))
    assert (ran.code, "too long" in ran.stderr) == (126, True)


async def test_what_a_command_leaves_behind_neither_holds_the_answer_nor_answers_next(
    session: Opened,
) -> None:
    ran = await session[0].run("sh", "-c", "(sleep 0.2; echo late; exec sleep 65) & echo $!")
    await asyncio.sleep(0.4)
    assert (await session[0].run("echo", "next")).stdout == "next\n"
    os.kill(int(ran.stdout), signal.SIGKILL)


async def test_a_command_that_ends_its_shell_is_ended_itself(session: Opened) -> None:
    marker = f"orphan-{os.getpid()}-{time.monotonic_ns()}"
    with pytest.raises(Unanswered):
        await session[0].run("sh", "-c", f": {marker}; kill -9 $PPID; sleep 66; :", deadline=1)
    await gone(marker)
    assert (await session[0].run("echo", "still there")).stdout == "still there\n"


async def test_strong_ciphers_survive_new_keys_in_the_middle_of_answers() -> None:
    with Fleet(1, extra="RekeyLimit 64K\n") as busy:
        session = await over(busy)
        with contextlib.closing(session):
            for _ in range(2):
                assert len((await session.run("head", "-c", "1000000", "/dev/zero")).stdout) == 1_000_000
