"""Which finding explains which in a domain of Active Directory?"""

from __future__ import annotations

import re
from collections.abc import Callable

from collectors import Finding
from controller.links import Rule, Sure, one_of, same, same_host, says

__all__ = ["AD_RULES"]


def _certain_here(cause: Finding, effect: Finding) -> Sure | None:
    """On one host, where the one cannot be without the other."""
    return "certain" if cause.host and cause.host == effect.host else None


def _of_its_policy(cause: Finding, effect: Finding) -> Sure | None:
    """The effect counts the files of the cause's policy."""
    guid = str(cause.facts.get("guid", "-"))
    return "certain" if guid in str(effect.facts.get("policies", "")).split(", ") else None


def _same_certificate(cause: Finding, effect: Finding) -> Sure | None:
    """The effect is the file of the certificate that the cause has seen on the wire."""
    names = str(cause.facts.get("names", "-")).split(", ")
    subject = str(effect.facts.get("subject", "")).lower()
    return "certain" if cause.host == effect.host and any(name in subject for name in names) else None


def _its_kdc(cause: Finding, effect: Finding) -> Sure | None:
    """The effect names the cause's host among the KDCs that gave it no ticket."""
    named = cause.host and re.search(rf"[(;] ?{re.escape(cause.host)}: ", str(effect.facts.get("detail", "")))
    return "certain" if named else None


def _perhaps_there(_cause: Finding, _effect: Finding) -> Sure | None:
    """A member that reached no controller may have been turned away by the one that is ill."""
    return "likely"


def _through(port: str) -> Callable[[Finding, Finding], Sure | None]:
    """The cause names this port, on the host of the effect."""

    def explains(cause: Finding, effect: Finding) -> Sure | None:
        named = port in {one.partition(" ")[0] for one in str(cause.facts.get("ports", "")).split(", ")}
        return "certain" if named and cause.host and cause.host == effect.host else None

    return explains


# What clients see of a controller whose directory service does not run.
_SERVICES_SILENT = (
    *("ad.directory-*", "ad.no-ldap", "ad.ping-silent", "ad.kdc-silent", "ad.role-not-advertised"),
    *("ad.time-not-advertised", "ad.certificate-*", "ad.ports-*"),
)
_DNS_SILENT = ("dns.server-dead", "dns.no-udp", "dns.no-tcp", "dns.address-dead")
# What is silent with a service of Windows.
_ENDED_WITH = {
    "NTDS": (*_SERVICES_SILENT, "ad.sysvol-not-shared"),
    "Kdc": ("ad.kdc-silent", "ad.role-not-advertised"),
    "Netlogon": ("ad.ping-silent", "ad.role-not-advertised", "ad.sysvol-not-shared"),
    "DNS": _DNS_SILENT,
    "W32Time": ("ad.time-silent", "ad.time-not-advertised"),
    "DFSR": ("ad.sysvol-not-replicating", "ad.sysvol-unknown-to-dfsr"),
}
# What goes through a port of a controller.
_THROUGH = {
    "53": ("dns.no-tcp",),
    "88": ("ad.kdc-silent",),
    "389": ("ad.directory-*",),
}
_CERTIFICATE = ("ad.certificate-expired", "ad.certificate-other-name", "ad.certificate-other-issuer")

AD_RULES: tuple[Rule, ...] = (
    # Whoever keeps a port shut keeps everything away that goes through it.
    *(
        Rule(cause, effects, _through(port))
        for port, effects in _THROUGH.items()
        for cause in ("ad.ports-silent", "ad.ports-closed")
    ),
    # A host that nobody reaches is silent in every way.
    Rule("reach.no-answer", (*_SERVICES_SILENT, *_DNS_SILENT, "ad.time-silent"), _certain_here),
    Rule("reach.hanging", (*_SERVICES_SILENT, *_DNS_SILENT), same_host),
    Rule("linux.service-*", ("ad.samba-not-running", "ad.samba-task-missing"), one_of("unit", "samba")),
    Rule("ad.samba-not-running", (*_SERVICES_SILENT, *_DNS_SILENT), _certain_here),
    Rule("ad.samba-task-missing", (*_SERVICES_SILENT, *_DNS_SILENT), _certain_here),
    Rule("ad.directory-silent", ("ad.ping-silent", "reach.winrm-silent", "ad.ports-lacking"), same_host),
    *(
        Rule(cause, effects, one_of("services", service))
        for service, effects in _ENDED_WITH.items()
        for cause in ("ad.service-stopped", "ad.service-aide-stopped")
    ),
    Rule("ad.netlogon-paused", ("ad.ping-silent", "ad.role-not-advertised"), same_host),
    Rule("ad.directory-refused", ("ad.ping-silent", "ad.kdc-silent"), same_host),
    Rule("ad.kdc-silent", ("ad.role-not-advertised",), same_host),
    Rule("ad.kdc-silent", ("reach.winrm-no-kdc",), _its_kdc, far=True),
    Rule("ad.clock-off", ("reach.winrm-ticket-rejected",), says("clock")),
    *(Rule(cause, ("ad.certificate-untrusted",), _certain_here) for cause in _CERTIFICATE),
    Rule("ad.certificate-not-yet-valid", ("ad.certificate-untrusted",), _certain_here),
    Rule("ad.certificate-expired", ("linux.certificate-expired",), _same_certificate),
    Rule("ad.certificate-expires", ("linux.certificate-expiring",), _same_certificate),
    Rule("ad.certificate-not-yet-valid", ("linux.certificate-not-yet-valid",), _same_certificate),
    Rule("ad.clock-off", ("ad.certificate-not-yet-valid",), same_host),
    Rule("ad.record-wrong-port", ("ad.record-missing", "ad.record-partly-missing"), same("controller")),
    Rule("ad.record-missing", ("ad.record-partly-missing",), same("controller"), far=True),
    *(
        Rule(cause, ("ad.trust-broken", "ad.channel-broken"), _perhaps_there, far=True)
        for cause in ("ad.clock-off", "ad.samba-*", "ad.directory-*", "ad.kdc-silent", "ad.record-missing")
    ),
    # Who unlocks the account without ending these tries sees it locked again.
    Rule(
        "ad.wrong-passwords-from",
        ("ad.account-locked", "ad.account-nearly-locked"),
        same("account"),
        far=True,
    ),
    Rule("ad.policy-folder-missing", ("ad.sysvol-differs",), _of_its_policy, far=True),
    Rule("ad.policy-version-differs", ("ad.sysvol-differs",), _of_its_policy, far=True),
)
