"""Who answers for Musterbau's names? BIND as primary and resolver, NSD as secondary, the registry above."""

from __future__ import annotations

import base64
import os
import re
import secrets
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.lab.cells import running_pids, spawn
from tests.lab.places import (
    AD_ZONE,
    DCS,
    DESK,
    DEVICES,
    DNS1,
    DNS2,
    DNS3,
    DNS4,
    FS1,
    GATES,
    HR1,
    REC1,
    REGISTRY,
    REVERSE,
    SERVERS,
    SIGNED,
    SIGNED_PARENT,
    SPLIT,
    ZONE,
    Box,
    Place,
)
from tests.lab.records import mail_records, voice_records
from tests.lab.tools import run, until

__all__ = [
    "RELAY",
    "answers",
    "argv_at",
    "ask",
    "edit",
    "parent_zone",
    "publish",
    "referral",
    "serial",
    "shop_outside",
    "soa",
    "spoil_secondary",
    "start_other_secondary",
    "start_primary",
    "start_registry",
    "start_secondary",
    "status",
    "write_zones",
]

RELAY = Path(__file__).resolve().parent / "programs" / "dns_relay.py"
# Where the secondary listens while a relay stands before it.
_MOVED = 5300
_NAMED_BOXES = (DNS1, DNS2, DNS3, DNS4, REC1, DESK, HR1, *SERVERS, *DEVICES, *GATES)


def soa(zone: str, server: str, number: int) -> str:
    """How a zone's file begins; '.' is the root."""
    top = f"{zone.rstrip('.')}."
    return f"$ORIGIN {top}\n$TTL 60\n@ IN SOA {server}. hostmaster.{ZONE}. {number} 3600 600 604800 60\n"


def _servers() -> str:
    return "".join(f"@ IN NS {box.name}.\n" for box in (DNS1, DNS2))


def parent_zone(
    servers: tuple[tuple[str, str], ...] = ((DNS1.name, DNS1.address), (DNS2.name, DNS2.address)),
) -> str:
    """The registry's zone `test.`: the delegation of Musterbau's zone to these names, with their glue."""
    lines = [f"{ZONE}. IN NS {name}.\n{name}. IN A {address}\n" for name, address in servers]
    own = f"@ IN NS {REGISTRY.name}.\n{REGISTRY.name}. IN A {REGISTRY.address}\n"
    own += f"{SPLIT}. IN NS {REGISTRY.name}.\n"
    return soa("test", REGISTRY.name, 2026010101) + own + "".join(lines)


def shop_outside(www: str = "192.0.2.80") -> str:
    """The shop's zone as the provider has it. www: the shop's address."""
    names = f"@ IN NS {REGISTRY.name}.\n@ IN NS ns2.registry.test.\n"
    return f"{soa(SPLIT, REGISTRY.name, 2026010101)}{names}@ IN A 192.0.2.80\nwww IN A {www}\nvpn IN A 192.0.2.81\n"


def _shop_inside() -> str:
    return f"{soa(SPLIT, DNS1.name, 2026010101)}{_servers()}@ IN A 192.0.2.80\nwww IN A 192.0.2.80\nvpn IN A 10.77.1.11\n"


def write_zones(place: Place) -> None:
    """Write all zones as they are when all is well, and a root above them."""
    place.dns.mkdir(exist_ok=True)
    forward = "".join(f"{box.name}. IN A {box.address}\n" for box in _NAMED_BOXES)
    below = "".join(f"{AD_ZONE}. IN NS {box.name}.\n{box.name}. IN A {box.address}\n" for box in DCS)
    named = (*_NAMED_BOXES, *DCS, FS1)
    back = "".join(f"{box.address.rsplit('.', 1)[1]} IN PTR {box.name}.\n" for box in named)
    own = _servers() + forward + below + mail_records() + voice_records()
    (place.dns / ZONE).write_text(soa(ZONE, DNS1.name, 2026010101) + own, "ascii")
    (place.dns / SPLIT).write_text(_shop_inside(), "ascii")
    (place.dns / f"{SPLIT}.outside").write_text(shop_outside(), "ascii")
    (place.dns / REVERSE).write_text(soa(REVERSE, DNS1.name, 2026010101) + _servers() + back, "ascii")
    (place.dns / "test").write_text(parent_zone(), "ascii")
    top = f". IN NS {REGISTRY.name}.\n{REGISTRY.name}. IN A {REGISTRY.address}\n"
    (place.dns / "hints").write_text(f"$TTL 3600\n{top}", "ascii")


def start_primary(
    place: Place,
    *,
    change: tuple[str, str] = ("", ""),
    more: tuple[str, ...] = (),
    takes_updates: bool = False,
) -> None:
    """Start the primary. change: words of its configuration, and what stands there instead.

    more: further zones, whose content is the file `many`. takes_updates: from whoever is root there (RFC 2136).
    `rndc` and `nsupdate -l` find their keys in the folder, where it lies in the place of BIND's own (`argv_at`).
    """
    folder = place.dns / "named"
    folder.mkdir(exist_ok=True)
    updates = "update-policy local; " if takes_updates else ""
    key = folder / "rndc.key"
    if not key.exists():
        key.touch(0o600)
        secret = base64.b64encode(secrets.token_bytes(32)).decode("ascii")
        key.write_text(f'key "rndc-key" {{ algorithm hmac-sha256; secret "{secret}"; }};\n', "ascii")
    zones = "".join(
        f'zone "{zone}" {{ type primary; {"" if zone == SIGNED else updates}file "{place.dns / file}"; }};\n'
        for zone, file in (
            (ZONE, ZONE),
            (REVERSE, REVERSE),
            (SPLIT, SPLIT),
            (SIGNED, f"{SIGNED}.signed"),
            *((zone, "many") for zone in more),
        )
    )
    copies = " ".join(f"{box.address};" for box in (DNS2, DNS3, DNS4))
    config = folder / "named.conf"
    text = (
        f'options {{ directory "{folder}"; pid-file none; session-keyfile "{folder}/session.key";\n'
        "listen-on { any; }; listen-on-v6 { none; }; recursion yes; allow-query { any; }; allow-recursion { any; };\n"
        f"allow-transfer {{ {copies} }}; notify explicit; also-notify {{ {copies} }};\n"
        "notify-delay 0; dnssec-validation no; empty-zones-enable no; max-cache-size 8m; };\n"
        f'include "{key}";\n'
        'controls { inet 127.0.0.1 port 953 allow { 127.0.0.1; } keys { "rndc-key"; }; };\n'
        f'zone "." {{ type hint; file "{place.dns / "hints"}"; }};\n{zones}'
    )
    config.write_text(text.replace(*change) if change[0] else text, "ascii")
    spawn(place, DNS1.id, ("named", "-g", "-n", "1", "-c", str(config)), place.state / "log" / "named.log")


@dataclass(frozen=True, slots=True)
class _Nsd:
    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "nsd.conf"

    def write(self, zones: str, at: str = "0.0.0.0") -> None:  # noqa: S104 - inside a lab namespace.
        self.folder.mkdir(exist_ok=True)
        self.config.write_text(
            'server:\n  username: ""\n  chroot: ""\n  server-count: 1\n  do-ip6: no\n  pidfile: ""\n'
            f'  zonesdir: "{self.folder}"\n  xfrdir: "{self.folder}"\n  xfrdfile: "{self.folder}/xfrd.state"\n'
            f'  zonelistfile: "{self.folder}/zones.list"\n  ip-address: {at}\n  hide-version: yes\n'
            '  database: ""\n  zonefiles-write: 1\n  xfrd-reload-timeout: 0\n'
            f"remote-control:\n  control-enable: yes\n  control-interface: {self.folder}/nsd.sock\n{zones}",
            "ascii",
        )

    def start(self, place: Place, box: Box) -> None:
        argv = ("nsd", "-d", "-c", str(self.config))
        spawn(place, box.id, argv, place.state / "log" / f"nsd-{box.id}.log")


def start_secondary(
    place: Place,
    *,
    serves: bool = True,
    at: str = "0.0.0.0",  # noqa: S104 - inside a lab namespace.
    provides: bool = False,
    bare: Path | None = None,
    more: tuple[str, ...] = (),
    patient: bool = False,
) -> None:
    """Start the secondary; without `serves` it knows none of the zones and is lame for them.

    at: where it listens. provides: it hands its zones over to anybody. bare: the file of the signed zone from
    before the signing, which it serves instead. more: further zones, whose content is the file `many`.
    """
    haste = "" if patient else "  min-retry-time: 1\n  max-retry-time: 2\n  max-refresh-time: 30\n"
    gives = "  provide-xfr: 0.0.0.0/0 NOKEY\n" if provides else ""
    zones = "".join(
        f'zone:\n  name: "{zone}"\n  zonefile: "{zone}"\n  request-xfr: AXFR {DNS1.address} NOKEY\n'
        f"  allow-notify: {DNS1.address} NOKEY\n{haste}{gives}"
        for zone in ((ZONE, REVERSE, SPLIT) if bare else (ZONE, REVERSE, SPLIT, SIGNED))
    )
    zones += "".join(f'zone:\n  name: "{zone}"\n  zonefile: "{place.dns / "many"}"\n' for zone in more)
    if bare:
        zones += f'zone:\n  name: "{SIGNED}"\n  zonefile: "{bare}"\n'
    server = _Nsd(place.dns / "secondary")
    server.write(zones if serves else "", at)
    for stale in (
        *server.folder.glob("xfrd.state"),
        *server.folder.glob("*.test"),
        *server.folder.glob("*.arpa"),
        *server.folder.glob("*.example"),
    ):
        stale.unlink()
    server.start(place, DNS2)


def spoil_secondary(place: Place, *habit: str) -> None:
    """Put a relay with a bad habit before the secondary, which moves to another port. Not a real server's own fault."""
    start_secondary(place, at=f"127.0.0.1@{_MOVED}")
    argv = (sys.executable, "-I", "-S", str(RELAY), str(_MOVED), *habit)
    spawn(place, DNS2.id, argv, place.state / "log" / "relay.log")


def start_other_secondary(place: Place, options: str) -> None:
    """A BIND in the place of the secondary, with these options."""
    folder = place.dns / "other"
    folder.mkdir(exist_ok=True)
    zones = "".join(
        f'zone "{zone}" {{ type secondary; file "{zone}"; primaries {{ {DNS1.address}; }}; }};\n'
        for zone in (ZONE, REVERSE)
    )
    config = folder / "named.conf"
    config.write_text(
        f'options {{ directory "{folder}"; pid-file none; session-keyfile none; listen-on {{ any; }};\n'
        "listen-on-v6 { none; }; dnssec-validation no; empty-zones-enable no; max-cache-size 8m; version none;\n"
        f'allow-transfer {{ none; }}; {options} }};\ncontrols {{ }};\nzone "." {{ type hint; file "{place.dns / "hints"}"; }};\n'
        f"{zones}",
        "ascii",
    )
    spawn(place, DNS2.id, ("named", "-g", "-n", "1", "-c", str(config)), place.state / "log" / "other.log")


def start_registry(place: Place, *, serves: bool = True) -> None:
    """Start the server of the zones above; without `serves` it has the root alone."""
    server = _Nsd(place.dns / "registry")
    zones = {
        ".": "root.signed",
        SPLIT: f"{SPLIT}.outside",
        **({"test": "test", SIGNED_PARENT: f"{SIGNED_PARENT}.signed"} if serves else {}),
    }
    server.write("".join(f'zone:\n  name: "{z}"\n  zonefile: "{place.dns / f}"\n' for z, f in zones.items()))
    server.start(place, REGISTRY)


def ask(place: Place, server: str, name: str, rtype: str, *options: str, box: str = "agent") -> str:
    """What dig prints, short, for one question; empty when there is no answer."""
    done = run(
        "ip",
        "netns",
        "exec",
        place.netns(box),
        "dig",
        "+short",
        "+time=1",
        "+tries=1",
        *options,
        f"@{server}",
        name,
        rtype,
        check=False,
    )
    return "" if done.returncode else done.stdout.strip()


def argv_at(place: Place, box: str, argv: Sequence[str]) -> tuple[str, ...]:
    """What runs a program beside a box's name server, as its administrator does: its settings lie where they always do."""
    folders = {
        DNS1.id: (("named", "/etc/bind"), ("named", "/run/named")),
        DNS2.id: (("secondary", "/etc/nsd"),),
        REC1.id: (("unbound", "/etc/unbound"),),
    }
    binds = "".join(
        f'mkdir -p {at} && mount --bind "{place.dns / name}" {at} && ' for name, at in folders.get(box, ())
    )
    script = f'mount -t tmpfs none /run && {binds}exec "$0" "$@"'
    return ("ip", "netns", "exec", place.netns(box), "unshare", "-m", "sh", "-c", script, *argv)


def _dig(place: Place, server: str, name: str, rtype: str, *options: str) -> str:
    return run(
        "ip",
        "netns",
        "exec",
        place.netns("agent"),
        "dig",
        "+time=1",
        "+tries=1",
        "+norecurse",
        *options,
        f"@{server}",
        name,
        rtype,
        check=False,
    ).stdout


def status(place: Place, server: str, name: str, rtype: str = "SOA", *options: str) -> str:
    """The whole of what dig prints, for its status line."""
    return _dig(place, server, name, rtype, *options)


def referral(place: Place, server: str, name: str) -> str:
    """Authority and additional section of a server that delegates the name."""
    return _dig(place, server, name, "NS", "+noall", "+authority", "+additional")


def answers(place: Place, server: str, name: str, rtype: str, *options: str) -> bool:
    return bool(ask(place, server, name, rtype, *options))


def serial(place: Place, server: str, zone: str) -> int:
    """The zone's serial number on a server; 0 when it does not answer for the zone."""
    words = ask(place, server, zone, "SOA", "+norecurse").split()
    return int(words[2]) if len(words) == 7 and words[2].isdigit() else 0


def edit(place: Place, zone: str, pattern: str, new: str) -> None:
    """Replace text in a zone of the primary, raise its serial and publish it."""
    file = place.dns / zone
    text = re.sub(pattern, new, file.read_text("ascii"), flags=re.MULTILINE)
    number = re.compile(r"(?<=hostmaster\.musterbau\.test\. )\d+")
    file.write_text(number.sub(lambda found: str(int(found[0]) + 1), text), "ascii")
    publish(place, zone)


def publish(place: Place, zone: str) -> None:
    """Let the primary read its zones again; it notifies the secondary."""
    wanted = re.search(r"hostmaster\.musterbau\.test\. (\d+)", (place.dns / zone).read_text("ascii"))
    for pid in running_pids(place, DNS1.id, "named"):
        os.kill(pid, signal.SIGHUP)
    until(
        f"the primary serves the new {zone}",
        lambda: wanted is not None and serial(place, DNS1.address, zone) == int(wanted[1]),
    )
