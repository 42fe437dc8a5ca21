"""Which records does a Samba controller's DNS have, and how are they changed? By `samba-tool`, with the controller's own account."""

from __future__ import annotations

from collections.abc import Sequence

from collectors import Finding, Kind, Shell, Unanswered
from playbooks.operation import Command
from playbooks.playbook import UnfitError

__all__ = ["change", "found", "must_be_services", "names_of", "port_of", "services", "zone_of"]

# Ports that a service's name stands for (RFC 2782, MS-ADTS 6.3.2.3).
_PORTS = {"_ldap": 389, "_kerberos": 88, "_kpasswd": 464, "_gc": 3268}


def zone_of(name: str, domain: str) -> tuple[str, str]:
    """The zone that a name lies in, and the name there: what begins with _msdcs is a zone of its own.

    >>> zone_of("_ldap._tcp.dc._msdcs.ad.example", "ad.example")
    ('_msdcs.ad.example', '_ldap._tcp.dc')
    """
    zone = f"_msdcs.{domain}" if name == f"_msdcs.{domain}" or name.endswith(f"._msdcs.{domain}") else domain
    return zone, name.removesuffix(zone).rstrip(".") or "@"


def port_of(name: str) -> int:
    """The port of a service by its name, 0 where it is none of a controller's.

    Below gc._msdcs the catalogue answers, also as _ldap.

    >>> port_of("_kerberos._tcp.ad.example"), port_of("_ldap._tcp.gc._msdcs.ad.example"), port_of("www.ad.example")
    (88, 3268, 0)
    """
    service = name.partition(".")[0]
    return 3268 if service == "_ldap" and ".gc._msdcs." in name else _PORTS.get(service, 0)


def change(act: str, name: str, domain: str, rtype: str, data: str) -> Command:
    """act: 'add' or 'delete'; data as samba-tool takes it: 'TARGET PORT PRIORITY WEIGHT' of a service."""
    zone, own = zone_of(name, domain)
    return Command(argv=("samba-tool", "dns", act, "localhost", zone, own, rtype, data, "-P"), seconds=60.0)


async def found(host: Shell, name: str, rtype: str) -> tuple[str, ...]:
    """The data of the records of a name, as the controller itself answers, in order. Raises Unanswered."""
    ran = await host.run(
        "dig", "+noall", "+comments", "+answer", "+norecurse", "@127.0.0.1", f"{name}.", rtype
    )
    if ran.code or ("status: NOERROR" not in ran.stdout and "status: NXDOMAIN" not in ran.stdout):
        raise Unanswered(Kind.UNPARSABLE, f"the controller does not answer for {name}")
    rows = [line.split(None, 4) for line in ran.stdout.splitlines() if line and not line.startswith(";")]
    return tuple(sorted(row[4] for row in rows if len(row) == 5 and row[3] == rtype))


def names_of(finding: Finding) -> tuple[str, ...]:
    """The names of records that a finding lists."""
    return tuple(name.strip().rstrip(".") for name in str(finding.facts["names"]).split(",") if name.strip())


def must_be_services(names: Sequence[str], domain: str) -> None:
    """Raises UnfitError where a name is no service of a controller of the domain."""
    if not domain or not all(name.endswith(f".{domain}") and port_of(name) for name in names):
        raise UnfitError(
            "not all of these names are services of the controller's domain",
            "nicht alle dieser Namen sind Dienste der Domäne des Controllers",
        )


async def services(host: Shell, names: Sequence[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Each name with 'PRIORITY WEIGHT PORT TARGET' of each of its services. Raises Unanswered."""
    return tuple([(name, await found(host, name, "SRV")) for name in names])
