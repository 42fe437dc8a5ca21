"""What can be wrong in the directory's content? Accounts, roles, policies and objects that tell a wrong story."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.faults.ad_act import Act, Sees
from tests.lab import ad, samba
from tests.lab.lab import Lab
from tests.lab.places import AD_ZONE, AGENT, DCS, FS1
from tests.lab.tools import until

__all__ = ["ACTS", "wait_known"]

_DC1, _DC2 = (dc.id for dc in DCS)
_RIDS = f"CN=RID Manager$,CN=System,{ad.BASE}"
_KRBTGT = f"CN=krbtgt,{ad.USERS}"
_SERVICE = f"CN=svc-web,{ad.USERS}"
_SPN = f"MSSQLSvc/db.{AD_ZONE}:1433"
_NEVER = str(2**63 - 1)
_DC9 = (
    f"CN=DC9,OU=Domain Controllers,{ad.BASE}",
    f"CN=DC9,CN=Servers,CN={ad.SITE},CN=Sites,{ad.CONFIGURATION}",
    ad.ntds("dc9"),
)


def _user(name: str) -> str:
    return f"CN={name},{ad.USERS}"


def _has(dn: str, name: str, judged: Callable[[str], bool]) -> Sees:
    """Both controllers have the one value that shows the fault."""
    return lambda lab: all(
        len(found := ad.values(lab, dc.id, dn, name)) == 1 and judged(found[0]) for dc in DCS
    )


def _value(  # noqa: PLR0917 - one line a fault in the table below.
    act: str,
    dn: str,
    name: str,
    bad: Callable[[], str],
    good: Callable[[], str],
    judged: Callable[[str], bool],
) -> Act:
    return Act(
        name=act,
        host=_DC1,
        inject=lambda lab: ad.put(lab, dn, name, bad()),
        undo=lambda lab: ad.put(lab, dn, name, good()),
        shows=_has(dn, name, judged),
    )


def _older(days: float) -> Callable[[str], bool]:
    return lambda value: ad.age_days(value) > days


def _ago(days: float) -> Callable[[], str]:
    return lambda: ad.nt(days)


def _lock_from(machine: str) -> Callable[[Lab], None]:
    def lock(lab: Lab) -> None:
        # The threshold is five.
        for number in range(6):
            ad.kinit(lab, "bob", f"wrong-{number}", _DC1, at=machine)
        until("bob is locked everywhere", lambda: _locked(lab), seconds=30, every=0.2)

    return lock


def _unlock(lab: Lab) -> None:
    ad.put(lab, _user("bob"), "lockoutTime", "0")
    lab.on(_DC1, "truncate", "--size=0", samba.AUDIT)


def _locked_by(lab: Lab) -> tuple[str, ...]:
    """Whose addresses stand in the log of the controller."""
    told = lab.on(_DC1, "cat", samba.AUDIT, check=False).stdout
    return tuple(re.findall(r'"NT_STATUS_WRONG_PASSWORD".*?"remoteAddress": "ipv4:([0-9.]+):', told))


def _locked(lab: Lab) -> bool:
    return _has(_user("bob"), "lockoutTime", lambda value: value != "0")(lab)


def _age_computer(days: float) -> Callable[[Lab], None]:
    def change(lab: Lab) -> None:
        for name in ("lastLogonTimestamp", "pwdLastSet"):
            ad.put(lab, ad.WS01, name, ad.nt(days))

    return change


def _twice(lab: Lab) -> None:
    """Write one service name to two accounts, as when two people do so before replication tells."""
    ad.stop(lab, _DC2)
    for dc, user in ((_DC1, "svc-web"), (_DC2, "carol")):
        ldif = f"dn: {_user(user)}\nchangetype: modify\nadd: servicePrincipalName\nservicePrincipalName: {_SPN}\n"
        ad.modify(lab, dc, ldif)
    ad.start(lab, _DC2)
    until("both controllers know both", lambda: _is_twice(lab), seconds=30, every=0.2)


def _once(lab: Lab) -> None:
    # Samba refuses to touch a name that two accounts have: carol loses all of hers, then there is only one.
    ad.modify(lab, _DC1, f"dn: {_user('carol')}\nchangetype: modify\ndelete: servicePrincipalName\n")
    ldif = f"dn: {_SERVICE}\nchangetype: modify\ndelete: servicePrincipalName\nservicePrincipalName: {_SPN}\n"
    ad.modify(lab, _DC1, ldif)
    until(
        "no controller knows it", lambda: not any(_bearers(lab, dc.id) for dc in DCS), seconds=30, every=0.2
    )


def _bearers(lab: Lab, dc: str) -> int:
    where = f"(servicePrincipalName={_SPN})"
    return len(ad.read(lab, dc, ad.BASE, "cn", scope="sub", where=where))


def _is_twice(lab: Lab) -> bool:
    return all(_bearers(lab, dc.id) == 2 for dc in DCS)


def wait_known(lab: Lab, dn: str, *, known: bool) -> None:
    until(
        f"{'both controllers know' if known else 'no controller knows'} {dn}",
        lambda: all(bool(ad.read(lab, dc.id, dn, "cn")) == known for dc in DCS),
        seconds=30,
        every=0.2,
    )


def _without_subnet(lab: Lab) -> None:
    ad.modify(lab, _DC1, f"dn: {ad.SUBNET}\nchangetype: delete\n")
    wait_known(lab, ad.SUBNET, known=False)


def _with_subnet(lab: Lab) -> None:
    ad.modify(lab, _DC1, "\n".join((f"dn: {ad.SUBNET}", "changetype: add", *ad.subnet())))
    wait_known(lab, ad.SUBNET, known=True)


def _add_dc9(lab: Lab) -> None:
    """The traces of a controller that somebody switched off and never took out of the directory."""
    computer, server, settings = _DC9
    lines = (
        *(f"dn: {computer}", "changetype: add", "objectClass: computer", "sAMAccountName: DC9$"),
        *("userAccountControl: 532480", f"dNSHostName: dc9.{AD_ZONE}", ""),
        *(f"dn: {server}", "changetype: add", "objectClass: server", f"dNSHostName: dc9.{AD_ZONE}"),
        *(f"serverReference: {computer}", ""),
        *(f"dn: {settings}", "changetype: add", "objectClass: nTDSDSA", "options: 1"),
        *(f"dMDLocation: CN=Schema,{ad.CONFIGURATION}", "systemFlags: 33554432"),
        *(f"hasMasterNCs: {part}" for part in (ad.BASE, ad.CONFIGURATION, f"CN=Schema,{ad.CONFIGURATION}")),
        "",
    )
    ad.modify(lab, _DC1, "\n".join(lines), as_it_is=True)
    wait_known(lab, settings, known=True)


def _remove_dc9(lab: Lab) -> None:
    for dn in reversed(_DC9):
        ad.modify(lab, _DC1, f"dn: {dn}\nchangetype: delete\n", as_it_is=True)
    for dn in _DC9:
        wait_known(lab, dn, known=False)


def _role_of_dead(lab: Lab) -> None:
    _add_dc9(lab)
    ad.put(lab, _RIDS, "fSMORoleOwner", ad.ntds("dc9"))


def _role_back(lab: Lab) -> None:
    ad.put(lab, _RIDS, "fSMORoleOwner", ad.ntds(_DC1))
    _remove_dc9(lab)


def _use_up_rids(lab: Lab) -> None:
    kept = lab.place.state / "rids.kept"
    kept.write_text(ad.values(lab, _DC1, _RIDS, "rIDAvailablePool")[0], "ascii")
    _, _, last = kept.read_text("ascii").partition("-")
    ad.put(lab, _RIDS, "rIDAvailablePool", f"{int(last) * 95 // 100}-{last}")


def _rids_again(lab: Lab) -> None:
    ad.put(lab, _RIDS, "rIDAvailablePool", (lab.place.state / "rids.kept").read_text("ascii"))


ACTS = (
    Act(
        name="account-locked",
        host=_DC1,
        inject=_lock_from("agent"),
        undo=_unlock,
        shows=lambda lab: _locked(lab) and AGENT.address in _locked_by(lab),
        note="the machine is not in the contract: it is named by its address",
    ),
    Act(
        name="account-locked-by-member",
        host=FS1.id,
        inject=_lock_from(FS1.id),
        undo=_unlock,
        shows=lambda lab: _locked(lab) and FS1.address in _locked_by(lab),
    ),
    _value("password-expired", _user("alice"), "pwdLastSet", _ago(90), _ago(0), _older(42)),
    _value(
        "password-must-change", _user("alice"), "pwdLastSet", lambda: "0", _ago(0), lambda value: value == "0"
    ),
    _value(
        "account-disabled",
        _user("carol"),
        "userAccountControl",
        lambda: str(ad.NORMAL | ad.DISABLED),
        lambda: str(ad.NORMAL),
        lambda value: bool(int(value) & ad.DISABLED),
    ),
    _value(
        "account-expired", _user("alice"), "accountExpires", _ago(2), lambda: _NEVER, lambda v: v != _NEVER
    ),
    Act(name="spn-duplicate", host=_DC1, inject=_twice, undo=_once, shows=_is_twice),
    Act(
        name="computer-stale",
        host=_DC1,
        inject=_age_computer(200),
        undo=_age_computer(0),
        shows=_has(ad.WS01, "pwdLastSet", _older(100)),
    ),
    _value(
        "rc4-only",
        _SERVICE,
        "msDS-SupportedEncryptionTypes",
        lambda: "4",
        lambda: "24",
        lambda value: value == "4",
    ),
    _value("krbtgt-old", _KRBTGT, "pwdLastSet", _ago(400), _ago(0), _older(365)),
    _value(
        "tombstone-short",
        ad.DIRECTORY_SERVICE,
        "tombstoneLifetime",
        lambda: "14",
        lambda: "180",
        lambda value: value == "14",
    ),
    _value(
        "role-moved",
        _RIDS,
        "fSMORoleOwner",
        lambda: ad.ntds(_DC2),
        lambda: ad.ntds(_DC1),
        lambda value: value == ad.ntds(_DC2),
    ),
    Act(
        name="role-of-dead",
        host=_DC1,
        inject=_role_of_dead,
        undo=_role_back,
        shows=_has(_RIDS, "fSMORoleOwner", lambda value: "CN=DC9," in value),
    ),
    Act(
        name="rids-used-up",
        host=_DC1,
        inject=_use_up_rids,
        undo=_rids_again,
        shows=_has(_RIDS, "rIDAvailablePool", lambda value: int(value.split("-")[0]) > 10**9),
    ),
    Act(
        name="dc-left-over",
        host=_DC1,
        inject=_add_dc9,
        undo=_remove_dc9,
        shows=lambda lab: all(ad.read(lab, dc.id, ad.ntds("dc9"), "cn") for dc in DCS),
    ),
    Act(
        name="subnet-missing",
        host=_DC1,
        inject=_without_subnet,
        undo=_with_subnet,
        shows=lambda lab: not any(ad.read(lab, dc.id, ad.SUBNET, "cn") for dc in DCS),
    ),
)
