"""A network device over real SSH: a stand-in, as no vendor's system can be had here. It is no device.

What it says is what the vendors' documents show of prompts, pages and errors (named at each platform); how it behaves
beyond that is a test's own habit. Its terminal echoes, pages, and takes one line at a time.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import paramiko

from agent.start import SshWay
from tests.agent.odd_ssh import Odd, odd_host

__all__ = ["PLATFORMS", "Device", "Habit", "Platform", "Terminal", "device_at"]

_CURSOR_BACK = "\x1b[16D" + " " * 16 + "\x1b[16D"
_MORE = " --More-- "


@dataclass(frozen=True, kw_only=True)
class Platform:
    """What one vendor's command line says. source: the document that shows it.

    ready: answers to what else makes the terminal ready. no_pages: the command that ends paging. wipe: how a pager goes
    away. enter: how the terminal goes on to the next line when a command is entered.
    """

    source: str
    prompt: str
    unknown: str
    denied: str
    pager: str
    wipe: str
    ready: Mapping[str, str]
    no_pages: str
    no_pages_says: str = ""
    enter: str = "\r\n"
    greeting: str = ""
    user_prompt: str = ""
    log: str = ""


PLATFORMS: dict[str, Platform] = {
    "cisco-ios": Platform(
        source="Cisco IOS Configuration Fundamentals Configuration Guide, 'Using the Cisco IOS Command-Line Interface'",
        greeting="\r\nUser Access Verification > see # 7\r\n\r\n",
        user_prompt="sw1>",
        prompt="sw1#",
        unknown="       ^\r\n% Invalid input detected at '^' marker.\r\n\r\n",
        denied="Command authorization failed.\r\n\r\n",
        pager=_MORE,
        wipe="\b" * 10 + " " * 10 + "\b" * 10,
        ready={"terminal width 511": ""},
        no_pages="terminal length 0",
        log="*Mar  1 00:03:41.615: %LINK-3-UPDOWN: Interface GigabitEthernet0/3, changed state to up",
    ),
    "cisco-nxos": Platform(
        source="Cisco Nexus 9000 Series NX-OS Fundamentals Configuration Guide; NX-OS System Messages Reference",
        greeting="\r\nCisco Nexus Operating System (NX-OS) Software\r\n",
        prompt="n9k-1# ",
        unknown="             ^\r\n% Invalid command at '^' marker.\r\n",
        denied="% Permission denied for the role\r\n",
        pager="--More--",
        wipe="\r        \r",
        ready={"terminal width 511": ""},
        no_pages="terminal length 0",
        log="2026 Nov 27 02:05:19 n9k-1 %ETHPORT-5-IF_UP: Interface Ethernet1/3 is up in mode trunk",
    ),
    "arista-eos": Platform(
        source="Arista EOS User Manual, 'Command-Line Interface' and 'Switch Administration' (logging)",
        greeting="Last login: Fri Nov 27 01:00:00 2026 from 192.0.2.9\r\n",
        user_prompt="leaf1>",
        prompt="leaf1#",
        unknown="% Invalid input\r\n",
        denied="% Authorization denied for command 'show clock'\r\n",
        pager=_MORE,
        wipe="\b" * 10 + " " * 10 + "\b" * 10,
        ready={"terminal width 511": "Width set to 511 columns.\r\n"},
        no_pages="terminal length 0",
        no_pages_says="Pagination disabled.\r\n",
        log="Nov 27 02:05:19 leaf1 Ebra: %LINEPROTO-5-UPDOWN: Line protocol on Interface Ethernet3, changed state to up",
    ),
    "juniper-junos": Platform(
        source="Junos OS CLI User Guide, 'Understanding the Junos OS CLI Operational Mode'",
        greeting="--- JUNOS 23.4R1.10 Kernel 64-bit\r\n",
        prompt="{master:0}\r\nadmin@ex1> ",
        unknown="             ^\r\nunknown command.\r\n",
        denied="error: permission denied: clock\r\n",
        pager="---(more)---",
        wipe="\r            \r",
        ready={
            "set cli screen-width 511": "Screen width set to 511\r\n",
            "set cli complete-on-space off": "Disabling complete-on-space\r\n",
        },
        no_pages="set cli screen-length 0",
        no_pages_says="Screen length set to 0\r\n",
    ),
    "hp-comware": Platform(
        source="HPE Comware 7 Fundamentals Configuration Guide, 'Using the CLI'; 'Information center' (log format)",
        greeting="*  Without the owner's prior written consent, no decompiling is allowed. *\r\n",
        prompt="<SW-HH-1>",
        unknown="             ^\r\n % Unrecognized command found at '^' position.\r\n",
        denied="Permission denied.\r\n",
        pager="---- More ----",
        wipe=_CURSOR_BACK,
        ready={},
        no_pages="screen-length disable",
        log="%Nov 27 02:05:19:123 2026 SW-HH-1 IFNET/3/PHY_UPDOWN: Physical state on Ten1/0/3 changed to up.",
    ),
    "huawei-vrp": Platform(
        source="Huawei S-Series Configuration Guide, 'CLI Overview' (Common Error Messages); Log Reference",
        greeting="\r\nInfo: The max number of VTY users is 5, and the number of current VTY users on line is 1.\r\n",
        prompt="<HUAWEI-1>",
        unknown="            ^\r\nError: Unrecognized command found at '^' position.\r\n",
        denied="Error: You do not have permission to run the command or the command is incomplete.\r\n",
        pager="  ---- More ----",
        wipe=_CURSOR_BACK,
        ready={},
        no_pages="screen-length 0 temporary",
        log="Nov 27 2026 02:05:19 HUAWEI-1 %%01IFPDT/4/IF_STATE(l)[1]:Interface GigabitEthernet0/0/3 has turned into UP state.",
    ),
    "aruba-aoss": Platform(
        source="ArubaOS-Switch Basic Operation Guide, 'Using the CLI'; VT100 escapes as netmiko's notes list them",
        greeting="\x1b[2J\x1b[1;1HHP J9773A 2530-24G-PoEP Switch\r\n(C) Copyright 2021\r\n\r\nPress any key to continue",
        user_prompt="HP-2530-24G> ",
        prompt="\x1b[24;1H\x1b[2KHP-2530-24G# \x1b[24;1H\x1b[24;14H",
        unknown="Invalid input: splines\r\n",
        denied="Not authorized to run this command.\r\n",
        pager="-- MORE --, next page: Space, next line: Enter, quit: Control-C",
        wipe="\r\x1b[K",
        ready={"terminal width 511": ""},
        no_pages="no page",
        # As it stands in netmiko's issue 1699.
        enter="\x1b[1;0H\x1b[1M\x1b[24;1H\x1b[1L\x1b[24;60H\x1b[24;1H\x1b[2K\x1b[24;1H\x1b[?25h\x1b[24;1H\x1b[1;24r\x1b[24;1H",
    ),
    "aruba-cx": Platform(
        source="AOS-CX Command-Line Interface Guide, 'Command syntax errors'",
        prompt="8320-1# ",
        unknown="Invalid input: splines\r\n",
        denied="Cannot execute command. Command not allowed.\r\n",
        pager="-- MORE --, next page: Space, next line: Enter, quit: Control-C",
        wipe="\r\x1b[K",
        ready={},
        no_pages="no page",
    ),
    "mikrotik-routeros": Platform(
        source="RouterOS manual, 'Console login process' and 'Command Line Interface'",
        greeting="\r\n  MMM      MMM       KKK\r\n  MikroTik RouterOS 7.15.3 (c) 1999-2024       https://www.mikrotik.com/\r\n\r\n",
        prompt="\r\r[admin@R1] > \x1b[K",
        unknown="bad command name splines (line 1 column 1)\r\n",
        denied="not enough permissions (9)\r\n",
        pager="-- [Q quit|D dump|down]",
        wipe="\r\x1b[K",
        ready={},
        no_pages="(none)",
        log="02:05:19 echo: interface,info ether3 link up",
    ),
}


@dataclass
class Device:
    """One device. answers: by command; habits: what it does at a command instead of answering.

    enable: the second password, where its account begins without privilege. heard: every line that came.
    """

    platform: Platform
    answers: Mapping[str, str] = field(default_factory=dict)
    habits: Mapping[str, Habit] = field(default_factory=dict)
    enable: str = ""
    page: int = 24
    can_end_pages: bool = True
    begins: Habit | None = None
    heard: list[str] = field(default_factory=list)
    open: int = 0

    def rename(self, prompt: str) -> None:
        """Let it have another prompt from now on."""
        self.platform = replace(self.platform, prompt=prompt)


class Terminal:
    """One session with a device."""

    def __init__(self, device: Device, channel: paramiko.Channel) -> None:
        self.device, self.channel = device, channel
        self.pages = device.page
        self.is_privileged = not device.enable
        self._last = ""

    @property
    def prompt(self) -> str:
        told = self.device.platform
        return told.prompt if self.is_privileged else told.user_prompt

    def say(self, text: str) -> None:
        self.channel.sendall(text.encode("utf-8", "surrogateescape"))

    def key(self) -> str:
        """One key. Raises EOFError at the end."""
        while True:
            sign = self.channel.recv(1).decode("latin-1")
            if not sign:
                raise EOFError
            if sign == "\n" and self._last == "\r":
                self._last = ""
                continue
            self._last = sign
            return sign

    def line(self, *, echo: bool = True) -> str:
        said = ""
        while (sign := self.key()) not in {"\r", "\n"}:
            if sign == "\x03":
                self.say(f"^C\r\n{self.prompt}")
                said = ""
                continue
            said += sign
            if echo:
                self.say(sign)
        self.say(self.device.platform.enter)
        return said

    def show(self, text: str) -> None:
        """Page by page, as long as nobody ended paging."""
        lines = text.splitlines()
        for number, line in enumerate(lines, 1):
            self.say(f"{line}\r\n")
            if self.pages and number % self.pages == 0 and number < len(lines):
                self.say(self.device.platform.pager)
                key = self.key()
                self.say(self.device.platform.wipe)
                if key in "qQ\x03":
                    return

    def serve(self) -> None:
        told = self.device.platform
        if self.device.begins is not None:
            self.device.begins(self)
        self.say(told.greeting)
        if told.greeting.endswith("continue"):
            self.key()
            self.say("\r\n")
        while True:
            self.say(self.prompt)
            line = self.line().strip()
            self.device.heard.append(line)
            if line in {"exit", "quit", "logout", "/quit"}:
                self.channel.close()
                return
            self._answer(line)

    def _answer(self, line: str) -> None:
        told = self.device.platform
        if not line:
            pass
        elif line in self.device.habits:
            self.device.habits[line](self)
        elif line == "enable" and not self.is_privileged:
            self._enable()
        elif line == told.no_pages and self.device.can_end_pages:
            self.pages = 0
            self.say(told.no_pages_says)
        elif line in told.ready:
            self.say(told.ready[line])
        elif line in self.device.answers:
            self.show(self.device.answers[line])
        else:
            self.say(told.unknown)

    def _enable(self) -> None:
        for _ in range(3):
            self.say("Password: ")
            if self.line(echo=False) == self.device.enable:
                self.is_privileged = True
                return
        self.say("% Bad secrets\r\n\r\n")


Habit = Callable[[Terminal], None]


class _Switch(Odd):
    """Gives a terminal, and no commands over exec."""

    def __init__(self, device: Device) -> None:
        super().__init__(lambda channel: Terminal(device, channel).serve())
        self._device = device

    def check_auth_password(self, username: str, password: str) -> int:
        self._device.heard.append(f"login {username}")
        return super().check_auth_password(username, password)

    def check_channel_pty_request(  # noqa: PLR0917 - the library's shape.
        self,
        channel: paramiko.Channel,
        term: bytes,
        width: int,
        height: int,
        pixelwidth: int,
        pixelheight: int,
        modes: bytes,
    ) -> bool:
        del channel, term, width, height, pixelwidth, pixelheight, modes
        return True

    def check_channel_shell_request(self, channel: paramiko.Channel) -> bool:
        threading.Thread(target=self._serve, args=(channel,), daemon=True).start()
        return True

    def _serve(self, channel: paramiko.Channel) -> None:
        self._device.open += 1
        try:
            with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
                Terminal(self._device, channel).serve()
        finally:
            self._device.open -= 1


@contextmanager
def device_at(device: Device) -> Iterator[tuple[str, int, SshWay]]:
    """Serve a device on loopback; gives address, port, and the way in."""
    with odd_host(_Switch(device)) as (address, port, way):
        yield address, port, way
