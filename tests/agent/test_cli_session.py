"""The session with network devices, against the stand-in: every platform's own words, and whatever goes wrong."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import replace

import pytest

from agent.sessions.cli_session import open_cli
from agent.sessions.ssh import reach_ssh
from collectors import Kind, Phase
from collectors.dialect import DIALECTS
from tests.agent.odd_cli import PLATFORMS, Device, Habit, Terminal, device_at
from tests.agent.over_cli import asked, asking, unmet, until_left
from tests.leave import leave_for

pytestmark = pytest.mark.slow

ALL = sorted(PLATFORMS)
LONG = "".join(f"line {number} > of # sixty\n" for number in range(1, 61))


def words(platform: str, what: str) -> str:
    """How a platform is asked to show something."""
    verb = {"hp-comware": "display", "huawei-vrp": "display"}.get(platform, "show")
    return f"/system {what} print" if platform == "mikrotik-routeros" else f"{verb} {what}"


def ios(**kinds: object) -> Device:
    return replace(Device(PLATFORMS["cisco-ios"]), **kinds)  # type: ignore[arg-type]


def interrupted(at: Terminal) -> None:
    at.say(f"first\r\n{at.device.platform.log}\r\nlast\r\n")


@pytest.mark.parametrize("platform", ALL)
async def test_a_platform_is_asked_in_its_own_words(platform: str) -> None:
    clock, log, closed = (words(platform, what) for what in ("clock", "vlan", "closed"))
    denied: Habit = lambda at: at.say(at.device.platform.denied)  # noqa: E731
    device = Device(PLATFORMS[platform], answers={clock: LONG}, habits={log: interrupted, closed: denied})
    async with asking(device, platform) as at:
        assert await at.show(clock) == LONG
        assert await at.show(log) == "first\nlast\n" if device.platform.log else True
        unknown, forbidden = await at.why(words(platform, "splines")), await at.why(closed)
    assert (unknown.kind, unknown.phase) == (Kind.NOT_THERE, Phase.ASK)
    assert (forbidden.kind, forbidden.phase) == (Kind.REFUSED, Phase.ASK)
    first, *others = at.records
    assert (first.session, first.question, first.parts) == ("cli", ("show", clock), {"text": LONG.encode()})
    assert [one.parts["aside"].decode() for one in others if "aside" in one.parts] == [
        f"{line}\n" for line in (device.platform.log,) if line
    ]
    # And nothing was said that could change anything.
    await until_left(device)
    ready = {"", *device.platform.ready, device.platform.no_pages, words(platform, "splines")}
    goodbye = {"exit", "quit", "logout", "/quit"}
    assert set(device.heard[1:]) <= {*ready, clock, log, closed, *goodbye}
    assert device.heard[-1] in goodbye


@pytest.mark.parametrize("platform", ALL)
async def test_pages_that_cannot_be_ended_are_turned(platform: str) -> None:
    device = Device(PLATFORMS[platform], answers={words(platform, "clock"): LONG}, can_end_pages=False)
    async with asking(device, platform) as at:
        assert await at.show(words(platform, "clock")) == LONG


async def test_a_prompt_that_a_log_line_buries_is_found() -> None:
    log = PLATFORMS["cisco-ios"].log

    def buried(at: Terminal) -> None:
        at.say(f"noon\r\n{at.prompt}\r\n{log}\r\n")
        at.line()

    async with asking(ios(habits={"show clock": buried}), "cisco-ios") as at:
        began = time.monotonic()
        assert await at.show("show clock") == "noon\n"
        assert time.monotonic() - began < 5


async def test_the_log_itself_is_shown_when_it_is_asked_for() -> None:
    log = PLATFORMS["cisco-ios"].log
    async with asking(ios(answers={"show logging": f"{log}\n"}), "cisco-ios") as at:
        assert await at.show("show logging") == f"{log}\n"


@pytest.mark.parametrize(
    "command",
    ["configure terminal", "show running-config", "show clock | append flash:x", "show clock\nreload", ""],
)
async def test_what_does_not_surely_show_is_never_sent(command: str) -> None:
    device = ios()
    async with asking(device, "cisco-ios") as at:
        with pytest.raises(ValueError, match="is not sent"):
            await at.show(command)
        assert at.records == []
    await until_left(device)
    assert set(device.heard) <= {"login u", "", "terminal width 511", "terminal length 0", "exit"}


async def test_a_line_that_is_lost_is_not_a_slow_command() -> None:
    def drops(at: Terminal) -> None:
        at.say("half of")
        at.channel.get_transport().close()

    async with asking(ios(habits={"show clock": drops}), "cisco-ios") as at:
        began = time.monotonic()
        told, later = await at.why("show clock"), await at.why("show version")
    assert (told.kind, told.phase) == (later.kind, later.phase) == (Kind.CUT_OFF, Phase.ASK)
    assert at.records[0].parts["text"] == b"half of\n"
    assert time.monotonic() - began < 5


async def test_a_slow_command_is_broken_off_and_the_next_is_asked() -> None:
    def hangs(at: Terminal) -> None:
        at.say("half a screen\r\nsw")
        while at.key() != "\x03":
            pass
        at.say("\r\n")

    device = ios(habits={"show clock": hangs}, answers={"show version": "15.2\n"})
    async with asking(device, "cisco-ios") as at:
        told = await at.why("show clock", 1.0)
        assert (told.kind, told.phase) == (Kind.TIMED_OUT, Phase.ASK)
        assert await at.show("show version") == "15.2\n"


async def test_a_device_that_does_not_come_back_is_asked_nothing_more() -> None:
    def sleeps(at: Terminal) -> None:
        at.say("still ")
        time.sleep(8)

    async with asking(ios(habits={"show clock": sleeps}), "cisco-ios") as at:
        assert (await at.why("show clock", 0.5)).kind is Kind.TIMED_OUT
        began = time.monotonic()
        assert "does not come back" in (await at.why("show version")).detail
        assert time.monotonic() - began < 4


async def test_another_prompt_than_before_is_no_end_of_an_answer() -> None:
    def renamed(at: Terminal) -> None:
        at.say("noon\r\n")
        at.device.rename("sw2#")

    async with asking(ios(habits={"show clock": renamed}), "cisco-ios") as at:
        told, later = await at.why("show clock"), await at.why("show version")
    assert (told.kind, told.phase, later.kind) == (Kind.UNPARSABLE, Phase.ASK, Kind.UNPARSABLE)
    assert "'sw2#'" in told.detail


async def test_an_answer_beyond_the_limit_is_cut_off_and_broken_off() -> None:
    def pours(at: Terminal) -> None:
        for _ in range(1100):
            at.say("x" * 1000 + "\r\n")

    device = ios(habits={"show clock": pours}, answers={"show version": "15.2\n"})
    async with asking(device, "cisco-ios") as at:
        assert (await at.why("show clock")).kind is Kind.CUT_OFF
        assert at.records[0].cut
        assert await at.show("show version") == "15.2\n"


async def test_who_does_not_wait_any_more_leaves_the_device_ready_for_the_next() -> None:
    def hangs(at: Terminal) -> None:
        while at.key() != "\x03":
            pass
        at.say("\r\n")

    device = ios(habits={"show clock": hangs}, answers={"show version": "15.2\n"})
    async with asking(device, "cisco-ios") as at:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await at.show("show clock", 30.0)
        assert await at.show("show version") == "15.2\n"


async def test_bytes_that_are_no_text_appear_as_escapes() -> None:
    async with asking(ios(answers={"show clock": "Gr\udcfc\udcdf Gott\n"}), "cisco-ios") as at:
        assert await at.show("show clock") == "Gr\\xfc\\xdf Gott\n"


@pytest.mark.parametrize("platform", ["cisco-ios", "arista-eos"])
async def test_privilege_is_taken_only_with_the_second_password(platform: str) -> None:
    answers = {"show clock": "noon\n"}
    async with asking(Device(PLATFORMS[platform], answers, enable="Blau-77"), platform, "Blau-77") as at:
        assert await at.show("show clock") == "noon\n"
    without = Device(PLATFORMS[platform], answers, enable="Blau-77")
    async with asking(without, platform) as at:
        assert await at.show("show clock") == "noon\n"
    assert "enable" not in without.heard


async def test_a_second_password_that_is_not_taken_ends_the_log_in() -> None:
    device = ios(enable="Blau-77")
    began = time.monotonic()
    with unmet() as told:
        async with asking(device, "cisco-ios", "Rot-12"):
            pass
    assert (told[0].kind, told[0].phase) == (Kind.CREDENTIALS_REJECTED, Phase.LOGIN)
    assert "Rot-12" not in told[0].detail
    assert time.monotonic() - began < 6
    await until_left(device)


async def test_a_password_asked_again_and_again_is_no_prompt() -> None:
    def asks(at: Terminal) -> None:
        at.say("\r\nUsername: ")
        while True:
            at.line()
            at.say("\r\nPassword: ")

    with unmet() as told:
        async with asking(ios(begins=asks), "cisco-ios"):
            pass
    assert (told[0].kind, told[0].phase) == (Kind.CREDENTIALS_REJECTED, Phase.LOGIN)


async def test_a_device_without_a_prompt_is_given_up_with_its_words() -> None:
    def boots(at: Terminal) -> None:
        at.say("\r\nSystem is booting, please wait")
        while True:
            at.key()

    with device_at(ios(begins=boots)) as (address, port, way), unmet() as told:
        at = await reach_ssh(leave_for("sw1", address, ssh=port), "sw1", print, "cli")
        open_cli(at, way, DIALECTS["cisco-ios"], lambda _: None, threading.Event(), patience=1.0)
    assert (told[0].kind, told[0].phase) == (Kind.TIMED_OUT, Phase.LOGIN)
    assert "System is booting" in told[0].detail


async def test_a_banner_full_of_prompts_is_no_prompt() -> None:
    def greets(at: Terminal) -> None:
        at.say("\r\nsw9#\r\nWarning>")
        time.sleep(0.8)
        at.say("\r\n")

    device = ios(begins=greets, answers={"show clock": "noon\n"})
    async with asking(device, "cisco-ios") as at:
        assert await at.show("show clock") == "noon\n"


async def test_a_terminal_that_ends_at_once_is_refused_with_the_devices_words() -> None:
    def ends(at: Terminal) -> None:
        at.say("% Authorization failed.\r\n")
        time.sleep(0.5)
        at.channel.close()

    with unmet() as told:
        async with asking(ios(begins=ends), "cisco-ios"):
            pass
    assert (told[0].kind, told[0].phase) == (Kind.REFUSED, Phase.LOGIN)
    assert "% Authorization failed." in told[0].detail


async def test_a_connection_that_ends_in_the_log_in_is_cut_off() -> None:
    def drops(at: Terminal) -> None:
        at.say("% No VTY is free\r\n")
        time.sleep(0.5)
        at.channel.get_transport().close()

    with unmet() as told:
        async with asking(ios(begins=drops), "cisco-ios"):
            pass
    assert (told[0].kind, told[0].phase) == (Kind.CUT_OFF, Phase.LOGIN)
    assert "% No VTY is free" in told[0].detail


async def test_a_session_that_cannot_be_opened_leaves_a_record_without_secrets() -> None:
    with device_at(ios()) as (address, port, way):
        other = replace(
            way,
            host_keys=("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ3nkyUFeSLpRCpX9AFT3pVpAhk3bnTo7lGvGjRTkXzB",),
        )
        with unmet() as told:
            async with asked(address, port, other, "cisco-ios"):
                pass
    assert told[0].kind is Kind.HOST_KEY_CHANGED
