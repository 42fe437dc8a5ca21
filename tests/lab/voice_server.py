"""What is on Musterbau's telephone server? Kamailio as registrar and proxy, rtpengine for the media, both under systemd."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

from tests.lab import samba
from tests.lab.places import PBX, Place

__all__ = [
    "AUTHORITY",
    "CONFIG",
    "GROUP",
    "MEDIA",
    "NUMBERS",
    "SERVICES",
    "TARGETS",
    "TLS_CERT",
    "TLS_KEY",
    "configuration",
    "dispatcher",
    "files",
    "media",
    "secret",
]

AUTHORITY = "voice-ca"
SERVICES = ("kamailio.service", "rtpengine-daemon.service")
# Whose members may ask Kamailio: its control socket belongs to it.
GROUP = "kamailio"
CONFIG, MEDIA = "/etc/kamailio/kamailio.cfg", "/etc/rtpengine/rtpengine.conf"
TARGETS = "/etc/kamailio/dispatcher.list"
TLS_CERT, TLS_KEY = "/etc/kamailio/tls/cert.pem", "/etc/kamailio/tls/key.pem"
# The two phones, and the account of test calls.
NUMBERS = ("101", "102", "699")
_RECIPE = Path(__file__).resolve().parent / "programs" / "kamailio.cfg"


def secret(place: Place, number: str) -> str:
    """The password of an account; the product may know only that of test calls."""
    file = (
        place.credentials / "sip.password"
        if number == NUMBERS[-1]
        else place.state / "keys" / f"phone-{number}"
    )
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(0o600)
        file.write_text(secrets.token_urlsafe(12), "ascii")
    return file.read_text("ascii").strip()


def configuration(place: Place, *changes: tuple[str, str]) -> str:
    """Kamailio's configuration. changes: words of it, and what stands there instead."""
    known = "\n".join(f'  $sht(secrets=>{number}) = "{secret(place, number)}";' for number in NUMBERS)
    text = _RECIPE.read_text("ascii").replace("@address@", PBX.address).replace("@secrets@", known)
    for was, is_ in changes:
        if was not in text:
            raise ValueError(f"the configuration does not say {was!r}")
        text = text.replace(was, is_)
    return text


def media(low: int = 30000, high: int = 30200) -> str:
    """Rtpengine's configuration: the relay uses these ports, in user space."""
    return (
        f"[rtpengine]\ntable = -1\ninterface = {PBX.address}\nlisten-ng = 127.0.0.1:2223\nlisten-cli = 127.0.0.1:9900\n"
        f"port-min = {low}\nport-max = {high}\ntimeout = 60\ndelete-delay = 0\ntos = 184\nnum-threads = 1\n"
        "log-level = 5\n"
    )


def dispatcher(target: str = "sip:10.78.3.2:5080") -> str:
    """Where calls to 600 go: the answering machine that sends back what it hears."""
    return f"1 {target}\n"


def _unit(what: str, command: str, user: str, *more: str) -> str:
    lines = "\n".join((f"ExecStart={command}", f"User={user}", f"Group={user}", *more))
    return f"[Unit]\nDescription={what}\nAfter=network.target\n\n[Service]\n{lines}\nRestart=on-failure\nRestartSec=200ms\n"


def files(place: Place) -> Iterator[tuple[str, str | None, int, str]]:
    """Path, text (None for a folder), mode and owner of each file."""
    mine, root = samba.issue(place, PBX.name, by=AUTHORITY)
    yield "etc/kamailio/tls", None, 0o755, "root"
    yield CONFIG, configuration(place), 0o640, GROUP
    yield TARGETS, dispatcher(), 0o644, "root"
    yield TLS_CERT, mine.certificate.read_text("ascii"), 0o644, "root"
    yield "/etc/kamailio/tls/ca.pem", root.read_text("ascii"), 0o644, "root"
    yield TLS_KEY, mine.key.read_text("ascii"), 0o640, GROUP
    tls = (
        f"[server:default]\nmethod = TLSv1.2+\nverify_certificate = no\nrequire_certificate = no\n"
        f"private_key = {TLS_KEY}\ncertificate = {TLS_CERT}\n"
    )
    yield "/etc/kamailio/tls.cfg", tls, 0o644, "root"
    yield MEDIA, media(), 0o644, "root"
    kamailio = "/usr/sbin/kamailio -DD -E -m 32 -M 4 -f /etc/kamailio/kamailio.cfg -Y /run/kamailio -P /run/kamailio/kamailio.pid"
    yield (
        f"etc/systemd/system/{SERVICES[0]}",
        _unit(
            "Kamailio, the SIP server",
            kamailio,
            "kamailio",
            "RuntimeDirectory=kamailio",
            "RuntimeDirectoryMode=0750",
        ),
        0o644,
        "root",
    )
    relay = "/usr/bin/rtpengine -f -E --no-log-timestamps --config-file /etc/rtpengine/rtpengine.conf"
    yield (
        f"etc/systemd/system/{SERVICES[1]}",
        _unit("rtpengine, the media relay", relay, "rtpengine"),
        0o644,
        "root",
    )
