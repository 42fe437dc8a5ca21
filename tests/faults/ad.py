"""What can be wrong with the customer's domain? The acts that the lab knows, and by which tag each must be named."""

from __future__ import annotations

from tests.faults.ad_acts import BY_NAME
from tests.faults.fault import Fault
from tests.lab.places import DCS, FS1

__all__ = ["FAULTS"]

# Samba 4.17 does not end in order when it is told to: systemd then calls its unit failed.
_STOPPED = ("ad.samba-not-running", "linux.service-failed")
# What is the domain's, and no one controller's.
_DOMAIN = ("",)
_BOTH = tuple(dc.id for dc in DCS)


def _fault(act: str, *tags: str, also: tuple[str, ...] = (), account: str = "") -> Fault:
    found = BY_NAME[act]
    return Fault(
        name=f"ad-{act}",
        area="ad",
        host=found.host,
        tags=tags,
        inject=found.inject,
        undo=found.undo,
        shows=found.shows,
        also=also,
        note=found.note,
        words=("--account", account) if account else (),
    )


FAULTS = (
    _fault("srv-gone", "ad.record-missing"),
    _fault("srv-wrong-port", "ad.record-wrong-port"),
    _fault("srv-dangling", "ad.record-dangling", also=_DOMAIN),
    _fault("guid-cname-gone", "ad.record-missing"),
    _fault("subnet-missing", "ad.subnet-missing", also=_BOTH),
    _fault("dc-stopped", *_STOPPED),
    _fault("role-holder-stopped", *_STOPPED),
    _fault("dc-clock-off", "ad.clock-off"),
    _fault("gpo-version-differs", "ad.policy-version-differs"),
    _fault("gpo-folder-missing", "ad.policy-folder-missing"),
    _fault("sysvol-differs", "ad.sysvol-differs", also=_DOMAIN),
    _fault("ldaps-expired", "ad.certificate-expired"),
    _fault("ldaps-other-name", "ad.certificate-other-name"),
    _fault("ldaps-unknown-ca", "ad.certificate-other-issuer"),
    _fault("ldap-filtered", "ad.directory-silent", "ad.ports-silent"),
    _fault("smb-filtered", "ad.ports-silent"),
    _fault("rpc-rejected", "ad.ports-closed"),
    _fault("kdc-filtered", "ad.kdc-silent", "ad.ports-silent"),
    _fault("kdc-stopped", "ad.samba-task-missing"),
    _fault("account-locked", "ad.wrong-passwords-from", account="bob"),
    _fault("account-locked-by-member", "ad.wrong-passwords-from", account="bob"),
    _fault("account-disabled", "ad.account-disabled", also=_DOMAIN, account="carol"),
    _fault("account-expired", "ad.account-expired", also=_DOMAIN, account="alice"),
    _fault("password-expired", "ad.password-expired", also=_DOMAIN, account=r"MUSTERBAU\alice"),
    _fault("password-must-change", "ad.password-must-change", also=_DOMAIN, account="alice"),
    _fault("spn-duplicate", "ad.spn-duplicate", also=_DOMAIN),
    _fault("rc4-only", "ad.rc4-only", also=_DOMAIN),
    _fault("krbtgt-old", "ad.krbtgt-old", also=_DOMAIN),
    _fault("ldap-clear-text", "ad.ldap-demands-differ", also=_DOMAIN),
    _fault("passwords-reversible", "ad.passwords-reversible", also=_DOMAIN),
    _fault("many-groups", "ad.account-token-large", also=_DOMAIN, account="alice"),
    _fault("managed-account-unreadable", "ad.managed-account-unreadable", also=_DOMAIN),
    _fault("controller-owner", "ad.controller-owner", also=_DOMAIN),
    _fault("trust-broken", "ad.trust-broken"),
    _fault("member-other-resolver", "linux.resolver-wrong", also=(FS1.id,)),
)
