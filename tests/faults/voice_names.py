"""What can be wrong with how telephones find and trust their server? Its records in DNS, its certificate, an account."""

from __future__ import annotations

from tests.faults.dns import edit, in_step
from tests.faults.fault import Fault
from tests.faults.voice_acts import (
    KAMAILIO,
    TESTS,
    Act,
    Sees,
    configured,
    says,
    then,
    voice_fault,
    wait_registered,
)
from tests.lab import cells, dns, samba, signed, voice, voice_server
from tests.lab.lab import Lab
from tests.lab.places import DCS, DNS1, DNS2, PBX, REC1, SERVERS, ZONE
from tests.lab.records import voice_records
from tests.lab.tools import until

__all__ = ["FAULTS"]

_RESOLVERS = (REC1.id, *(box.id for box in DCS), "")


def _by_name(lab: Lab, *, by_name: bool = True) -> None:
    """The phones look for their server in DNS, as most do; or they are told its address again."""
    for number in voice.PHONE_OF:
        voice.end_phone(lab.place, number)
        voice.start_phone(lab.place, number, by_name=by_name)
    until(
        "the phones are registered", lambda: len(voice.bindings(lab.place)) == len(voice.PHONE_OF), seconds=30
    )


def _lost(lab: Lab) -> None:
    until("the phones have noticed", lambda: not voice.bindings(lab.place), seconds=60)


def _say(lab: Lab, records: str) -> None:
    """What the zone says of its telephone system; what resolvers knew would last another minute."""
    edit(ZONE, r"^_sips?\._\w+\.musterbau\.test\. IN SRV .*\n", "")(lab)
    edit(ZONE, r"\Z", records)(lab)
    signed.restart_verifier(lab.place)


def _records(name: str, tag: str, records: str) -> Fault:
    """The zone says something else of its telephone system."""

    def inject(lab: Lab) -> None:
        _by_name(lab)
        _say(lab, records)
        _lost(lab)

    def undo(lab: Lab) -> None:
        _say(lab, voice_records())
        _by_name(lab, by_name=False)

    return Fault(
        name=name,
        area="voice",
        host=DNS1.id,
        also=(*_RESOLVERS, DNS2.id),
        tags=(tag,),
        inject=inject,
        undo=undo,
        shows=lambda lab: _served(lab) != ["10 0 5060 pbx.musterbau.test."],
    )


def _without_names(lab: Lab) -> None:
    _by_name(lab)
    cells.end(lab.place, DNS1.id, "named")
    _lost(lab)


def _with_names(lab: Lab) -> None:
    dns.start_primary(lab.place)
    in_step(lab)
    _by_name(lab, by_name=False)


def _served(lab: Lab) -> list[str]:
    return dns.ask(lab.place, DNS1.address, f"_sip._udp.{ZONE}", "SRV").splitlines()


def _shows_certificate(name: str, *, by: str = voice_server.AUTHORITY, begun_days: int = 0) -> Act:
    """The server gets a certificate for a name, of an authority, that was issued so many days ago for thirty."""

    def act(lab: Lab) -> None:
        made, _ = samba.issue(lab.place, name, by=by, begun_days=begun_days)
        lab.write(PBX.id, voice_server.TLS_CERT, made.certificate.read_text("ascii"))
        lab.write(PBX.id, voice_server.TLS_KEY, made.key.read_text("ascii"))
        lab.void(PBX.id, "systemctl", "restart", KAMAILIO)
        lab.wait_listening(PBX.id, 5061)

    return act


def _certificate(lab: Lab, *words: str) -> str:
    return lab.on(
        PBX.id, "openssl", "x509", "-noout", "-in", voice_server.TLS_CERT, *words, check=False
    ).stdout


def _is_over(lab: Lab) -> bool:
    return "will expire" in _certificate(lab, "-checkend", "0")


def _is_for(name: str) -> Sees:
    return lambda lab: f"CN = {name}" in _certificate(lab, "-subject")


def _is_by(name: str) -> Sees:
    return lambda lab: name in _certificate(lab, "-issuer")


_RIGHT = _shows_certificate(PBX.name)
_SECRET = f'$sht(secrets=>{TESTS}) = "'

FAULTS: tuple[Fault, ...] = (
    Fault(
        name="phones-without-names",
        area="voice",
        host=DNS1.id,
        tags=("dns.server-dead",),
        inject=_without_names,
        undo=_with_names,
        shows=lambda lab: not _served(lab),
    ),
    _records("sip-records-gone", "voip.srv-not-found", ""),
    _records("sip-records-elsewhere", "voip.srv-elsewhere", voice_records(SERVERS[0].name)),
    _records("sip-records-no-address", "voip.srv-no-address", voice_records(f"telefon.{ZONE}")),
    voice_fault(
        "sip-certificate-expired",
        "voip.tls-expired linux.certificate-expired",
        _shows_certificate(PBX.name, begun_days=40),
        _RIGHT,
        _is_over,
    ),
    voice_fault(
        "sip-certificate-name",
        "voip.tls-other-name",
        _shows_certificate("old.musterbau.test"),
        _RIGHT,
        _is_for("old.musterbau.test"),
    ),
    voice_fault(
        "sip-certificate-issuer",
        "voip.tls-other-issuer",
        _shows_certificate(PBX.name, by="other-ca"),
        _RIGHT,
        _is_by("other-ca"),
    ),
    voice_fault(
        "sip-account-password",
        "voip.register-password",
        then(configured((_SECRET, f"{_SECRET}changed-")), wait_registered(1, *voice.PHONE_OF)),
        configured(),
        says(voice_server.CONFIG, "changed-"),
    ),
)
