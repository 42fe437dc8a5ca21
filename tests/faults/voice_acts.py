"""What is done to telephones and their server so that something is wrong with them, and how is it seen by plain tools?"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial

from tests.faults.fault import Fault
from tests.lab import cells, routers, voice, voice_server
from tests.lab.lab import Lab
from tests.lab.places import PBX
from tests.lab.tools import until

__all__ = [
    "ACK",
    "AT_FIRST",
    "AT_SECOND",
    "ECHO",
    "HOME_CONTACT",
    "KAMAILIO",
    "NO_UDP",
    "ONE",
    "RELAY",
    "RTPENGINE",
    "SECOND",
    "SLOW",
    "TWO",
    "account",
    "answers_busy",
    "as_usual",
    "call",
    "configured",
    "counts_not",
    "crowd",
    "echoes",
    "elsewhere",
    "filtered_at",
    "hang_up",
    "in_call",
    "is_filtered",
    "is_not",
    "is_off",
    "is_registered_at",
    "media",
    "no_crowd",
    "off",
    "on",
    "refused",
    "registered",
    "runs",
    "says",
    "second_call",
    "service",
    "then",
    "tries_again",
    "unfilter",
    "voice_fault",
    "wait_registered",
]

Act = Callable[[Lab], None]
Sees = Callable[[Lab], bool]

ONE, TWO, TESTS = voice_server.NUMBERS
ECHO = "600"
KAMAILIO, RTPENGINE = voice_server.SERVICES
FIRST, SECOND = routers.PHONES
AT_FIRST, AT_SECOND = (voice.ADDRESSES[phone] for phone in routers.PHONES)
# The first bytes of a SIP message over UDP: "ACK".
ACK = "udp dport 5060 @th,64,24 0x41434b"
RELAY = "udp dport 30000-30200"
HOME_CONTACT = "sip:101@192.168.178.20:5060"


def voice_fault(name: str, tag: str, inject: Act, undo: Act, shows: Sees, *, note: str = "") -> Fault:
    """A fault of the telephone server; what it logged is forgotten afterwards. tag: several are apart by blanks."""

    def mended(lab: Lab) -> None:
        undo(lab)
        lab.forget_journal(PBX.id)

    return Fault(
        name=name,
        area="voice",
        host=PBX.id,
        tags=tuple(tag.split()),
        inject=inject,
        undo=mended,
        shows=shows,
        note=note,
    )


def then(*acts: Act) -> Act:
    def act(lab: Lab) -> None:
        for one in acts:
            one(lab)

    return act


def service(verb: str, unit: str) -> Act:
    return lambda lab: lab.void(PBX.id, "systemctl", verb, unit)


def runs(unit: str) -> Sees:
    return lambda lab: lab.on(PBX.id, "systemctl", "is-active", "-q", unit, check=False).returncode == 0


def is_not(sees: Sees) -> Sees:
    return lambda lab: not sees(lab)


def configured(*changes: tuple[str, str]) -> Act:
    """Kamailio with another configuration; without changes with its own. The phones register again by themselves."""

    def act(lab: Lab) -> None:
        lab.write(PBX.id, voice_server.CONFIG, voice_server.configuration(lab.place, *changes))
        lab.void(PBX.id, "systemctl", "restart", KAMAILIO)
        until("Kamailio answers", lambda: bool(voice.kamcmd(lab.place, "core.uptime")))

    return act


def says(path: str, words: str) -> Sees:
    return lambda lab: lab.on(PBX.id, "grep", "-qF", "--", words, path, check=False).returncode == 0


def registered(lab: Lab, number: str) -> int:
    return voice.bindings(lab.place).get(number, 0)


def wait_registered(count: int, *numbers: str) -> Act:
    def act(lab: Lab) -> None:
        until(
            f"{', '.join(numbers)} registered {count} times",
            lambda: all(registered(lab, number) == count for number in numbers),
            seconds=40,
            every=0.2,
        )

    return act


def off(number: str) -> Act:
    return lambda lab: voice.end_phone(lab.place, number)


def on(number: str, **otherwise: str) -> Act:
    def act(lab: Lab) -> None:
        voice.end_phone(lab.place, number)
        voice.start_phone(lab.place, number, by_name=False, **otherwise)

    return act


def is_off(number: str) -> Sees:
    return lambda lab: not cells.running_pids(lab.place, voice.PHONE_OF[number], "baresip")


def account(number: str, words: str) -> Sees:
    """What stands in the phone's own settings."""
    return lambda lab: words in (lab.place.state / "voice" / number / "accounts").read_text("ascii")


def refused(lab: Lab) -> int:
    return lab.on(PBX.id, "journalctl", "-q", "--no-pager", "-u", KAMAILIO).stdout.count("auth failed")


def tries_again(act: Act) -> Act:
    """A phone that is refused, and is switched on again until it was refused three times."""

    def acts(lab: Lab) -> None:
        seen = refused(lab)
        for count in range(1, 4):
            act(lab)
            until("the phone was refused", lambda count=count: refused(lab) >= seen + count)  # type: ignore[misc]
        wait_registered(0, ONE)(lab)

    return acts


def call(caller: str, to: str) -> Act:
    """A call that goes on, or at least was tried."""

    def act(lab: Lab) -> None:
        voice.call(lab.place, caller, to)
        until("the call was answered", lambda: "ACC" in logged(lab), seconds=15)

    return act


def logged(lab: Lab) -> str:
    return lab.on(PBX.id, "journalctl", "-q", "--no-pager", "-u", KAMAILIO, "--since", "-20s").stdout


def hang_up(lab: Lab) -> None:
    for number in (ONE, TWO):
        voice.hang_up(lab.place, number)


def filtered_at(box: str, hook: str, rule: str) -> Act:
    return lambda lab: lab.filter(box, hook, rule)


def unfilter(box: str) -> Act:
    return lambda lab: lab.unfilter(box)


def is_filtered(box: str) -> Sees:
    return lambda lab: "fault" in lab.on(box, "nft", "list", "tables").stdout


def in_call(name: str, tag: str, box: str, hook: str, rule: str, *, midway: bool = False) -> Fault:
    """Something is wrong with what is said: a rule on its way, and a call under it (or before it)."""
    acts = (filtered_at(box, hook, rule), call(ONE, TWO))
    return voice_fault(
        name,
        tag,
        then(*reversed(acts) if midway else acts),
        then(hang_up, unfilter(box)),
        is_filtered(box),
    )


def media(low: int, high: int, *lines: str) -> Act:
    """Rtpengine with other ports or limits."""

    def act(lab: Lab) -> None:
        text = voice_server.media(low, high) + "".join(f"{line}\n" for line in lines)
        lab.write(PBX.id, voice_server.MEDIA, text)
        lab.void(PBX.id, "systemctl", "restart", RTPENGINE)
        lab.wait_listening(PBX.id, 9900)

    return act


def as_usual(lab: Lab) -> None:
    lab.write(PBX.id, voice_server.MEDIA, voice_server.media())
    lab.void(PBX.id, "systemctl", "restart", RTPENGINE)
    lab.wait_listening(PBX.id, 9900)


def second_call(lab: Lab) -> None:
    """One that holds, and one that is refused."""
    call(ONE, ECHO)(lab)
    voice.call(lab.place, TWO, ECHO)
    until("the second call was refused", lambda: "load limit" in logged(lab), seconds=15)


def elsewhere(contact: str, seconds: int) -> Act:
    return partial(register, contact=contact, seconds=seconds)


def register(lab: Lab, contact: str, seconds: int) -> None:
    voice.register_as(lab.place, ONE, contact, via=SECOND, seconds=seconds)


def is_registered_at(contact: str) -> Sees:
    return lambda lab: contact in voice.kamcmd(lab.place, "ul.dump")


def crowd(lab: Lab) -> None:
    """More than the workers can answer: ten questions a second, from the first phone's place."""
    script = (
        "import socket,time,os\ns=socket.socket(2,2)\n"
        "for i in range(900):\n"
        " m=f'OPTIONS sip:%s SIP/2.0\\r\\nVia: SIP/2.0/UDP {0};branch=z9hG4bKc{i}\\r\\nFrom: <sip:c@{0}>;tag=c\\r\\n"
        "To: <sip:%s>\\r\\nCall-ID: c{i}\\r\\nCSeq: 1 OPTIONS\\r\\nMax-Forwards: 5\\r\\nContent-Length: 0\\r\\n\\r\\n'\n"
        " s.sendto(m.encode(),('%s',5060)); time.sleep(.1)\n"
    ).replace("{0}", AT_FIRST) % ((PBX.address,) * 3)
    lab.spawn(FIRST, sys.executable, "-I", "-S", "-c", script)
    until("requests wait", lambda: waiting(lab) > 5000, seconds=20)


def waiting(lab: Lab) -> int:
    line = lab.on(PBX.id, "ss", "-Hlun", "sport = :5060").stdout.split()
    return int(line[1]) if len(line) > 1 else 0


def no_crowd(lab: Lab) -> None:
    cells.end(lab.place, FIRST, "python3")
    cells.end(lab.place, FIRST, sys.executable.rpartition("/")[2])


def counts_not(lab: Lab) -> None:
    """Who answers calls to 600 is away."""
    cells.end(lab.place, SECOND, "sipp")
    until("Kamailio sees it", lambda: "FLAGS: IP" in voice.kamcmd(lab.place, "dispatcher.list"), seconds=20)


def answers_busy(lab: Lab) -> None:
    """A provider without a free channel: it answers, and takes no call."""
    cells.end(lab.place, SECOND, "sipp")
    voice.start_echo(lab.place, busy=True)


def echoes(lab: Lab) -> None:
    cells.end(lab.place, SECOND, "sipp")
    voice.start_echo(lab.place)


NO_UDP = (f"listen=udp:{PBX.address}:5060\n", "")
SLOW = (
    ('is_method("OPTIONS") && uri==myself) {', 'is_method("OPTIONS") && uri==myself) { usleep("900000");'),
    ("children=2", "children=1"),
    ('loadmodule "ctl.so"', 'loadmodule "ctl.so"\nloadmodule "cfgutils.so"'),
)
