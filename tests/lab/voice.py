"""Telephones: two that register at the telephone server over the narrow line, and an answering machine beyond it.

ph1 (101) ─── gw1 ─── pbx          ph2 and the answering machine (600) reach the telephone server only over
ph2 (102) ─── gw2 ═══ gw1          the line of 2 Mbit/s between gw2 and gw1; so does what they say.
"""

from __future__ import annotations

import json
import math
import struct
import wave
from collections.abc import Iterator
from pathlib import Path

from tests.lab import cells, samba, voice_server
from tests.lab.devices import batch, start
from tests.lab.places import DNS1, EDGE, PBX, ZONE, Place
from tests.lab.routers import PHONES
from tests.lab.tools import LabError, run, until
from tests.lab.voice_server import NUMBERS, secret

__all__ = [
    "ADDRESSES",
    "PHONE_OF",
    "bindings",
    "call",
    "contract_part",
    "control",
    "end_phone",
    "hang_up",
    "ill",
    "kamcmd",
    "reach",
    "register_as",
    "start_echo",
    "start_phone",
    "start_voice",
    "wait",
]

HERE = Path(__file__).resolve().parent
PHONE_OF = dict(zip(NUMBERS, PHONES, strict=False))
ADDRESSES = {PHONES[0]: "10.78.1.2", PHONES[1]: "10.78.3.2"}
_ECHO_PORT, _ECHO_MEDIA = 5080, 16000
# A phone asks again so often (seconds): a fault shall show, and be gone again, within the patience of a test.
_EVERY = 8
_CONTROL = 4444
_TONE = 120
_BUSY = """  <send>
    <![CDATA[
      SIP/2.0 503 Service Unavailable
      [last_Via:]
      [last_From:]
      [last_To:];tag=[pid]busy[call_number]
      [last_Call-ID:]
      [last_CSeq:]
      Content-Length: 0

    ]]>
  </send>
  <recv request="ACK" next="end"/>
"""
# Who goes which way to the phones. Only what phones and their server say to each other takes the narrow line.
_ROUTES = (
    (PBX.id, f"10.78.0.0/16 via {EDGE[0].address}"),
    (DNS1.id, f"10.78.1.0/24 via {EDGE[0].address}"),
    (DNS1.id, f"10.78.3.0/24 via {EDGE[1].address}"),
    (EDGE[1].id, f"{PBX.address}/32 via 10.78.2.1"),
)


def contract_part() -> dict[str, object]:
    """Whom the telephone server shall know, and from where."""
    return {
        "domain": ZONE,
        "phones": [
            {"number": number, "networks": [f"{ADDRESSES[phone].rpartition('.')[0]}.0/24"]}
            for number, phone in PHONE_OF.items()
        ],
    }


def reach(place: Place) -> dict[str, object]:
    """How the telephone server is asked over SIP, and whom a test call may reach."""
    secret(place, NUMBERS[-1])
    return {
        "domain": ZONE,
        "transport": "tls",
        "port": 5061,
        "user": NUMBERS[-1],
        "credential": "file:sip.password",
        "authorities": [samba.authority_of(place, voice_server.AUTHORITY).root.read_text("ascii")],
        "numbers": ["600"],
        "media": "30000-30200",
        "srv": ZONE,
    }


def start_voice(place: Place) -> None:
    """Lay the ways, and let the phones begin; `wait` tells when they are registered."""
    for box, way in _ROUTES:
        batch(place, box, [f"route replace {way}"])
    _tone(place)
    for number, phone in PHONE_OF.items():
        batch(place, phone, ["link set lo up"])
        start_phone(place, number)
    start_echo(place)


def _tone(place: Place) -> None:
    """What the phones say: 440 Hz, as long as any call of a test."""
    second = b"".join(
        struct.pack("<h", int(8000 * math.sin(2 * math.pi * 440 * i / 8000))) for i in range(8000)
    )
    file = _folder(place) / "tone.wav"
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(second * _TONE)


def _folder(place: Place) -> Path:
    top = place.state / "voice"
    top.mkdir(exist_ok=True)
    return top


def start_phone(
    place: Place,
    number: str,
    *,
    password: str = "",
    domain: str = ZONE,
    by_name: bool = False,
    codecs: str = "PCMU/8000/1,PCMA/8000/1",
    transport: str = "udp",
) -> None:
    """Start a phone that registers itself. password, domain, codecs: other than they should be.

    by_name: it looks for its server in DNS (RFC 3263), and is not told the address.
    """
    phone = PHONE_OF[number]
    own = _folder(place) / number
    own.mkdir(exist_ok=True)
    through = "" if by_name else f';outbound="sip:{PBX.address}:5060;transport={transport}"'
    account = (
        f"<sip:{number}@{domain};transport={transport}>;auth_user={number};auth_pass={password or secret(place, number)}"
        f"{through};regint={_EVERY};audio_codecs={codecs};answermode=auto\n"
    )
    (own / "accounts").write_text(account, "ascii")
    (own / "accounts").chmod(0o600)
    (own / "contacts").touch()
    lines = (
        "poll_method epoll",
        f"sip_listen {ADDRESSES[phone]}:5060",
        f"audio_source aufile,{_folder(place) / 'tone.wav'}",
        "audio_player aubridge,nil",
        "audio_alert aubridge,nil",
        "ausrc_srate 8000",
        "auplay_srate 8000",
        "ausrc_channels 1",
        "auplay_channels 1",
        "audio_buffer 20-160",
        "net_interface eth0",
        f"dns_server {DNS1.address}:53",
        "rtp_tos 184",
        "rtcp_mux no",
        "rtp_stats yes",
        f"ctrl_tcp_listen 127.0.0.1:{_CONTROL}",
        "module_path /usr/lib/baresip/modules",
        "module g711.so",
        "module g722.so",
        "module aufile.so",
        "module aubridge.so",
        "module_tmp account.so",
        "module_app menu.so",
        "module_app ctrl_tcp.so",
        "module uuid.so",
    )
    (own / "config").write_text("\n".join((*lines, "")), "ascii")
    start(place, phone, "/usr/bin/baresip", "-f", str(own))


def end_phone(place: Place, number: str) -> None:
    """Switch a phone off, as one does who pulls the plug: nobody is told."""
    cells.end(place, PHONE_OF[number], "baresip")


def start_echo(place: Place, *, busy: bool = False) -> None:
    """Start the answering machine, or one that takes no calls."""
    script = HERE / "programs/echo.xml"
    if busy:
        # What rings and answers is left out.
        text = script.read_text("ascii")
        begin, end = text.index("  <send>"), text.index('  <label id="alive"/>')
        script = _folder(place) / "busy.xml"
        script.write_text(f"{text[:begin]}{_BUSY}{text[end:]}", "ascii")
    address = ADDRESSES[PHONES[1]]
    words = ("-i", address, "-p", f"{_ECHO_PORT}", "-mi", address, "-mp", f"{_ECHO_MEDIA}", "-rtp_echo")
    quiet = ("-nostdin", "-trace_logs", "-log_file", "/dev/null")
    line = (
        "sh",
        "-c",
        'exec "$@" >/dev/null 2>&1',
        "sh",
        "/usr/bin/sipp",
        "-sf",
        str(script),
    )
    start(place, PHONES[1], *line, *words, *quiet)


def register_as(place: Place, number: str, contact: str, *, via: str, seconds: int) -> None:
    """Register a number from a phone's place in the network, with whatever contact; seconds 0 takes it back."""
    script = ("python3", "-I", "-S", str(HERE / "programs/sip_register.py"))
    words = (ADDRESSES[via], PBX.address, ZONE, number, contact, f"{seconds}")
    run("ip", "netns", "exec", place.netns(via), *script, *words, text=secret(place, number))


def control(place: Place, number: str, command: str, words: str = "") -> str:
    """Tell a phone to do something (baresip's ctrl_tcp: netstrings of JSON); gives what it says."""
    message = json.dumps({"command": command, "params": words})
    script = (
        "import socket,sys\n"
        f"s=socket.create_connection(('127.0.0.1',{_CONTROL}),3); s.settimeout(1)\n"
        "m=sys.argv[1].encode(); s.sendall(b'%d:%s,'%(len(m),m))\n"
        "print(s.recv(9000).decode(errors='replace'))\n"
    )
    return run(
        "ip", "netns", "exec", place.netns(PHONE_OF[number]), "python3", "-c", script, message, check=False
    ).stdout


def call(place: Place, number: str, to: str) -> None:
    """Let a phone call a number; the call lasts until `hang_up`, or until what it says is over."""
    control(place, number, "dial", f"sip:{to}@{ZONE}")


def hang_up(place: Place, number: str) -> None:
    for _ in range(4):
        if "ESTABLISHED" not in control(place, number, "listcalls"):
            return
        control(place, number, "hangup")


def kamcmd(place: Place, *words: str) -> str:
    """What Kamailio says; empty while it does not run."""
    pids = cells.running_pids(place, PBX.id, "kamailio")
    if not pids:
        return ""
    inside = ("nsenter", "-t", f"{pids[0]}", "-m", "-n")
    return run(*inside, "kamcmd", "-s", "unix:/run/kamailio/kamailio_ctl", *words, check=False).stdout


def bindings(place: Place) -> dict[str, int]:
    """How many contacts of each number are registered just now."""
    found: dict[str, int] = {}
    number = ""
    for line in kamcmd(place, "ul.dump").splitlines():
        what, _, value = line.strip().partition(": ")
        if what == "AoR":
            number = value.partition("@")[0]
        elif what == "Expires" and value.strip().isdigit():
            found[number] = found.get(number, 0) + 1
    return found


def ill(place: Place) -> Iterator[str]:
    """What is not as it should be with the telephones."""
    found = bindings(place)
    for number in PHONE_OF:
        if found.get(number) != 1:
            yield f"{number} is registered {found.get(number, 0)} times"
    targets = kamcmd(place, "dispatcher.list")
    if "FLAGS: AP" not in targets:
        yield "the answering machine does not answer"
    if not cells.running_pids(place, PBX.id, "rtpengine"):
        yield "rtpengine does not run"


def wait(place: Place, seconds: float = 40.0) -> None:
    """Until nothing is ill. Raises LabError."""
    try:
        until("the phones are registered", lambda: not tuple(ill(place)), seconds=seconds, every=0.2)
    except LabError as error:
        raise LabError(f"{error}: {'; '.join(ill(place))}") from None
