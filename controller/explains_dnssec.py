"""Which finding explains which where zones are signed?"""

from __future__ import annotations

from controller.links import Rule, names_as_well, names_its_zone, only_there, same, same_host

__all__ = ["DNSSEC_RULES"]

# What makes a zone unprovable.
_CAUSES = (
    *("dns.signature-expired", "dns.signature-not-yet-valid", "dns.signature-wrong", "dns.signature-missing"),
    *("dns.ds-without-key", "dns.ds-unsigned-zone", "dns.ds-key-signs-not", "dns.ds-signature-wrong"),
    "dns.denial-missing",
)
_NOT_FOUND = (
    "dns.recursion-dead",
    "dns.recursion-partial",
    "dns.recursion-wrong",
    "linux.resolver-lacks-name",
)

DNSSEC_RULES: tuple[Rule, ...] = (
    *(Rule(cause, ("dns.zone-bogus", "dns.keys-differ"), same("zone"), far=True) for cause in _CAUSES),
    *(Rule(cause, ("dns.validation-fails", *_NOT_FOUND), names_its_zone, far=True) for cause in _CAUSES),
    Rule("dns.validation-fails", _NOT_FOUND, names_as_well),
    Rule("dns.serial-behind", ("dns.keys-differ", "dns.signature-*", "dns.ds-*"), only_there, far=True),
    Rule("linux.clock-off", ("dns.validation-fails", "dns.signature-not-yet-valid"), same_host),
)
