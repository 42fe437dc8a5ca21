"""What does a finished run look like? The web shop is slow: a full disk, a hanging host, one not covered."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from agent.job import Broken, Job, NoAnswer, Outcome, Refused, Result, Seen
from collectors import About, Finding, Kind, Phase, Server, ZoneFacts, fault, note, warn
from controller.diagnosis import Cause
from controller.reports.model import Evidence, Report, Touch
from controller.store.errors import BlobError

__all__ = ["BEGAN", "DISK_FULL", "STORE", "Store", "crowd", "exchange", "result", "sample"]

BEGAN = datetime(2026, 11, 23, 8, 12, 4, tzinfo=UTC)

DISK_FULL = fault(
    "linux.disk-full",
    "{mount} is {percent} % full: {free} of {size} are left",
    "{mount} ist zu {percent} % voll: {free} von {size} sind frei",
    do=(
        "find what grows on {mount} (du -x) and delete, move or rotate it, or enlarge the file system",
        "auf {mount} suchen, was wächst (du -x), und löschen, verschieben oder rotieren; oder vergrößern",
    ),
)
UNIT_FAILED = fault(
    "linux.unit-failed",
    "the service {unit} has failed ({reason})",
    "der Dienst {unit} ist ausgefallen ({reason})",
    do=("start {unit} once the cause is gone", "{unit} starten, sobald die Ursache behoben ist"),
)
SERIAL_BEHIND = warn(
    "dns.serial-behind",
    "{server} serves zone {zone} with serial {behind}; {primary} has {serial}",
    "{server} liefert die Zone {zone} mit der Seriennummer {behind}; {primary} hat {serial}",
    do=(
        "check why {server} does not transfer the zone: notify, TSIG key, TCP port 53",
        "prüfen, warum {server} die Zone nicht überträgt: Notify, TSIG-Schlüssel, TCP-Port 53",
    ),
)
REBOOTED = note(
    "linux.uptime-short", "the host was started {hours} hours ago", "der Host läuft seit {hours} Stunden"
)

_JOURNAL = """\
Nov 23 09:02:11 web1 webshop[1841]: OSError: [Errno 28] No space left on device: '/var/lib/webshop/cart.db-wal'
Nov 23 09:02:11 web1 systemd[1]: webshop.service: Main process exited, code=exited, status=1/FAILURE
Nov 23 09:02:41 web1 sudo[1902]:     a.huber : TTY=pts/0 ; PWD=/home/a.huber ; USER=root ; COMMAND=/usr/bin/systemctl restart webshop
Nov 23 09:02:41 web1 sudo[1902]: pam_unix(sudo:session): session opened for user root(uid=0) by a.huber(uid=1004)
Nov 23 09:02:42 web1 webshop[1910]: config: database_url=postgres://shop:Gelb-42-Kran@192.0.2.21/shop
Nov 23 09:02:42 web1 webshop[1910]: fatal: cannot write /var/lib/webshop/cart.db-wal; alert mailed to anna.huber@musterbau.example
"""
_DISK = """\
Filesystem     1024-blocks     Used Available Capacity Mounted on
/dev/vda1         20466256  7211404  12190164      38% /
/dev/vdb1         51343840 51291208         0     100% /var
"""


class Store(dict[str, bytes]):
    """Evidence by SHA-256, as the real store keeps it."""

    def put(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        self[digest] = content
        return digest

    def get_bytes(self, digest: str) -> bytes:
        try:
            return self[digest]
        except KeyError:
            raise BlobError(f"the evidence {digest} is not here") from None


STORE = Store()


def exchange(
    id_: str,
    host: str,
    *question: str,
    stdout: bytes | None = None,
    stderr: bytes = b"",
    code: int = 0,
    at: float = 0.0,
    took: float = 0.04,
    facts: Mapping[str, object] | None = None,
    unanswered: tuple[Kind, Phase, str] | None = None,
    store: Store = STORE,
) -> Evidence:
    """One record of evidence, its bytes put into the store."""
    parts = {"stdout": store.put(stdout), "stderr": store.put(stderr)} if stdout is not None else {}
    return Evidence(
        id=id_,
        host=host,
        session="dns" if question[0] == "ask" else "shell",
        question=question,
        began=BEGAN + timedelta(seconds=at),
        took=took,
        facts={"code": code} if facts is None and stdout is not None else facts or {},
        parts=parts,
        cut=False,
        unanswered=unanswered,
    )


def result(
    host: str, collector: str, outcome: Outcome, *, clause: str = "", evidence: tuple[str, ...] = ()
) -> Result:
    return Result(
        job=Job(id=f"{host}-{collector}", host=host, collector=collector),
        outcome=outcome,
        began=BEGAN,
        took=0.31,
        clause=clause,
        evidence=evidence,
    )


def _about(name: str, address: str, *roles: str, zones: tuple[ZoneFacts, ...] = ()) -> About:
    return About(
        id=name,
        name=f"{name}.musterbau.example",
        addresses=(address,),
        platform="debian",
        environment="server",
        roles=roles,
        zones=zones,
    )


def _answer(server: str, serial: int) -> dict[str, object]:
    record = {
        "name": "musterbau.example.",
        "ttl": 3600,
        "type": "SOA",
        "data": f"ns1.musterbau.example. hostmaster.musterbau.example. {serial} 7200 900 1209600 300",
    }
    return {
        "answer": {
            "server": server,
            "transport": "udp",
            "rcode": "NOERROR",
            "flags": ["AA", "QR"],
            "answer": [record],
            "authority": [],
            "additional": [],
        }
    }


def _hosts() -> dict[str, About]:
    servers = tuple(
        Server(id=name, name=f"{name}.musterbau.example", addresses=(address,))
        for name, address in (("ns1", "192.0.2.53"), ("ns2", "192.0.2.54"))
    )
    zone = ZoneFacts(name="musterbau.example", servers=servers)
    return {
        about.id: about
        for about in (
            _about("web1", "192.0.2.11", "web-server"),
            _about("web2", "192.0.2.12", "web-server"),
            _about("db1", "192.0.2.21", "database"),
            _about("ns1", "192.0.2.53", "dns-server", zones=(zone,)),
            _about("ns2", "2001:db8::54", "dns-server", zones=(zone,)),
        )
    }


def _evidence() -> tuple[Evidence, ...]:
    soa = ("musterbau.example", "SOA", "udp", "norec")
    return (
        exchange("x-01", "web1", "run", "df", "-P", stdout=_DISK.encode(), took=0.038),
        exchange(
            "x-02",
            "web1",
            "run",
            "journalctl",
            "-u",
            "webshop.service",
            "-n",
            "50",
            "--no-pager",
            stdout=_JOURNAL.encode(),
            at=0.2,
            took=0.121,
        ),
        exchange(
            "x-03",
            "web1",
            "fetch",
            "/etc/resolv.conf",
            stdout=b"nameserver 192.0.2.53\nnameserver 192.0.2.54\n",
        ),
        exchange(
            "x-04", "web2", "run", "df", "-P", stdout=_DISK.replace("100%", " 61%").encode(), took=0.044
        ),
        exchange("x-05", "web2", "run", "systemctl", "--failed", "--plain", stdout=b"", took=0.061),
        exchange(
            "x-06",
            "db1",
            "run",
            "df",
            "-P",
            at=0.1,
            took=20.0,
            unanswered=(Kind.TIMED_OUT, Phase.ASK, "no answer to 'df -P' within 20 s"),
        ),
        exchange(
            "x-07", "ns1", "ask", "192.0.2.53", *soa, facts=_answer("192.0.2.53", 2026112302), took=0.004
        ),
        exchange(
            "x-08", "ns2", "ask", "2001:db8::54", *soa, facts=_answer("2001:db8::54", 2026112007), took=0.006
        ),
    )


def _results(disk: Finding, unit: Finding, uptime: Finding) -> tuple[Result, ...]:
    hung = NoAnswer(Kind.TIMED_OUT, Phase.ASK, "no answer to 'df -P' within 20 s")
    return (
        result("web1", "linux.disk", Seen({}, (disk,)), clause="3.1", evidence=("x-01",)),
        result("web1", "linux.services", Seen({}, (unit,)), clause="3.1", evidence=("x-02",)),
        result("web1", "dns.resolvers", Seen({}), clause="3.1", evidence=("x-03",)),
        result("web2", "linux.disk", Seen({}), clause="3.1", evidence=("x-04",)),
        result("web2", "linux.services", Seen({}, (uptime,)), clause="3.1", evidence=("x-05",)),
        result("db1", "linux.disk", hung, clause="3.1", evidence=("x-06",)),
        result("db1", "linux.services", hung, clause="3.1"),
        result("ns1", "dns.zone", Seen({}), clause="3.2", evidence=("x-07",)),
        result("ns2", "dns.zone", Seen({}), clause="3.2", evidence=("x-08",)),
        result("ns2", "linux.disk", Refused("window-closed", ("3.4",))),
        result("erp1", "linux.disk", Refused("unknown-host")),
        result("erp1", "linux.services", Refused("unknown-host")),
    )


def _touches() -> tuple[Touch, ...]:
    rows = [
        ("asked", "", "", "m.keller"),
        ("decided-allowed", "web1", "3.1", "controller"),
        ("decided-allowed", "ns2", "3.2", "controller"),
        ("decided-refused", "erp1", "", "controller"),
        ("session-opened", "web1", "3.1", "agent-halle"),
        ("question-sent", "web1", "3.1", "agent-halle"),
        ("session-failed", "db1", "3.1", "agent-halle"),
        ("run-ended", "", "", "controller"),
    ]
    return tuple(
        Touch(number=4711 + n, at=BEGAN + timedelta(seconds=n), what=what, host=host, clause=clause, who=who)
        for n, (what, host, clause, who) in enumerate(rows)
    )


def sample() -> Report:
    """The whole report; its evidence is in `STORE`."""
    disk = DISK_FULL(host="web1", mount="/var", percent=100, free="0 B", size="49.0 GiB")
    unit = UNIT_FAILED(host="web1", unit="webshop.service", reason="exit-code")
    behind = SERIAL_BEHIND(
        host="ns2",
        server="ns2",
        zone="musterbau.example",
        behind=2026112007,
        serial=2026112302,
        primary="ns1",
    )
    uptime = REBOOTED(host="web2", hours=5)
    return Report(
        run="20261123-081204-9f3a1c",
        ticket="4711",
        subject="Webshop lädt sehr langsam, Warenkorb bricht ab",
        customer="musterbau",
        customer_name="Musterbau GmbH",
        contract="MB-2026-04",
        revision=7,
        timezone="Europe/Berlin",
        language="de",
        asked_by="m.keller",
        began=BEGAN,
        ended=BEGAN + timedelta(seconds=22.4),
        areas=("dns", "linux"),
        hosts=_hosts(),
        causes=(Cause(finding=disk, explains=(unit,)), Cause(finding=behind, sure="likely")),
        findings=(disk, unit, behind, uptime),
        results=_results(disk, unit, uptime),
        evidence=_evidence(),
        touched=_touches(),
        clauses={
            "3.1": "Web- und Datenbankserver: Diagnose jederzeit",
            "3.2": "Nameserver: DNS-Diagnose jederzeit",
            "3.4": "Nameserver: Systemdiagnose werktags 20:00 bis 23:00 Uhr",
        },
        questions={
            "linux.disk": ("Is a disk full?", "Ist eine Festplatte voll?"),
            "linux.services": ("Has a service failed?", "Ist ein Dienst ausgefallen?"),
            "dns.resolvers": ("Are the resolvers in order?", "Sind die Resolver in Ordnung?"),
            "dns.zone": ("Does the zone answer?", "Antwortet die Zone?"),
        },
    )


def crowd(number: int, say: Callable[[int], bytes], *, store: Store) -> Report:
    """A run over many hosts with one question each; every third host has a full disk."""
    base = sample()
    names = [f"srv{n:04}" for n in range(number)]
    found = {
        name: DISK_FULL(host=name, mount="/var", percent=99, free="1.2 GiB", size="120 GiB")
        for name in names[::3]
    }
    return replace(
        base,
        hosts={name: _about(name, f"198.51.{n // 250}.{n % 250 + 1}", "app") for n, name in enumerate(names)},
        causes=tuple(Cause(finding=finding) for finding in found.values()),
        findings=tuple(found.values()),
        results=tuple(
            result(
                name,
                "linux.disk",
                Seen({}, (found[name],) if name in found else ()),
                clause="3.1",
                evidence=(f"x-{n}",),
            )
            for n, name in enumerate(names)
        ),
        evidence=tuple(
            exchange(f"x-{n}", name, "run", "df", "-P", stdout=say(n), store=store)
            for n, name in enumerate(names)
        ),
    )


def broken(error: str) -> Broken:
    return Broken(error)
