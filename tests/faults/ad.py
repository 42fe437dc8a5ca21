"""What can be wrong with the customer's domain? The acts that the lab knows, and by which tag each must be named."""

from __future__ import annotations

from tests.faults.ad_acts import BY_NAME
from tests.faults.fault import Fault
from tests.lab.places import DCS, FS1

__all__ = ["FAULTS"]

# Samba 4.17 does not end in order when it is told to: systemd then calls its unit failed.
_STOPPED = ("ad.samba-not-running", "linux.service-failed")
_BOTH = tuple(dc.id for dc in DCS)


def _fault(act: str, *tags: str, also: tuple[str, ...] = ()) -> Fault:
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
    )


FAULTS = (
    _fault("srv-gone", "ad.record-missing"),
    _fault("srv-wrong-port", "ad.record-wrong-port"),
    # It is the domain's, and no one controller's.
    _fault("srv-dangling", "ad.record-dangling", also=("",)),
    _fault("guid-cname-gone", "ad.record-missing"),
    _fault("subnet-missing", "ad.subnet-missing", also=_BOTH),
    _fault("dc-stopped", *_STOPPED),
    _fault("role-holder-stopped", *_STOPPED),
    _fault("dc-clock-off", "ad.clock-off"),
    _fault("gpo-version-differs", "ad.policy-version-differs"),
    _fault("gpo-folder-missing", "ad.policy-folder-missing"),
    _fault("sysvol-differs", "ad.sysvol-differs", also=("",)),
    _fault("ldaps-expired", "ad.certificate-expired"),
    _fault("ldaps-other-name", "ad.certificate-other-name"),
    _fault("ldaps-unknown-ca", "ad.certificate-other-issuer"),
    _fault("ldap-filtered", "ad.directory-silent"),
    _fault("kdc-filtered", "ad.kdc-silent"),
    _fault("kdc-stopped", "ad.samba-task-missing"),
    _fault("member-other-resolver", "linux.resolver-wrong", also=(FS1.id,)),
)
