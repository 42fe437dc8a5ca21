"""What can be wrong with the domain's own names? Records of the controllers in their DNS."""

from __future__ import annotations

from tests.faults.ad_act import Act, Do
from tests.lab import ad, dns
from tests.lab.lab import Lab
from tests.lab.places import AD_ZONE, DCS

__all__ = ["ACTS"]

_DC1, _DC2 = DCS
_ZONE, _MSDCS = AD_ZONE, f"_msdcs.{AD_ZONE}"


def _srv(act: str, name: str, target: str, port: int, *, zone: str = _ZONE) -> Do:
    return lambda lab: ad.record(lab, act, name, "SRV", f"{target} {port} 0 100", zone=zone)


def _both(*acts: Do) -> Do:
    def do(lab: Lab) -> None:
        for act in acts:
            act(lab)

    return do


def _says(lab: Lab, name: str, word: str, kind: str = "SRV") -> bool:
    """Say whether every controller answers with this word."""
    return all(word in dns.ask(lab.place, dc.address, name, kind).lower() for dc in DCS)


def _silent(lab: Lab, name: str, word: str, kind: str = "SRV") -> bool:
    return not any(word in dns.ask(lab.place, dc.address, name, kind).lower() for dc in DCS)


def _alias(lab: Lab) -> str:
    """The name under which other controllers look for the second one: its identity in the directory."""
    return ad.values(lab, _DC1.id, ad.ntds(_DC2.id), "objectGUID")[0]


def _cname(act: str) -> Do:
    def do(lab: Lab) -> None:
        # Samba's own join writes the name in capitals, and deletes only what is spelt the same.
        spelt = dns.ask(lab.place, _DC1.address, f"{_alias(lab)}.{_MSDCS}", "CNAME").rstrip(".")
        ad.record(lab, act, _alias(lab), "CNAME", spelt or _DC2.name, zone=_MSDCS)

    return do


ACTS = (
    Act(
        name="srv-gone",
        host=_DC2.id,
        inject=_both(
            _srv("delete", "_ldap._tcp.dc", _DC2.name, 389, zone=_MSDCS),
            _srv("delete", "_kerberos._tcp.dc", _DC2.name, 88, zone=_MSDCS),
        ),
        undo=_both(
            _srv("add", "_ldap._tcp.dc", _DC2.name, 389, zone=_MSDCS),
            _srv("add", "_kerberos._tcp.dc", _DC2.name, 88, zone=_MSDCS),
        ),
        shows=lambda lab: _silent(lab, f"_ldap._tcp.dc.{_MSDCS}", _DC2.name),
    ),
    Act(
        name="srv-wrong-port",
        host=_DC2.id,
        inject=_both(
            _srv("add", "_kerberos._tcp", _DC2.name, 8888), _srv("delete", "_kerberos._tcp", _DC2.name, 88)
        ),
        undo=_both(
            _srv("add", "_kerberos._tcp", _DC2.name, 88), _srv("delete", "_kerberos._tcp", _DC2.name, 8888)
        ),
        shows=lambda lab: _says(lab, f"_kerberos._tcp.{_ZONE}", f"8888 {_DC2.name}."),
    ),
    Act(
        name="srv-dangling",
        host=_DC1.id,
        inject=_srv("add", "_ldap._tcp", f"dc9.{_ZONE}", 389),
        undo=_srv("delete", "_ldap._tcp", f"dc9.{_ZONE}", 389),
        shows=lambda lab: _says(lab, f"_ldap._tcp.{_ZONE}", f"dc9.{_ZONE}."),
    ),
    Act(
        name="guid-cname-gone",
        host=_DC2.id,
        inject=_cname("delete"),
        undo=_cname("add"),
        shows=lambda lab: _silent(lab, f"{_alias(lab)}.{_MSDCS}", _DC2.name, "CNAME"),
    ),
)
