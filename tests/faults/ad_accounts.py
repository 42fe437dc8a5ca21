"""What can be wrong with log-ons of programs and of people in many groups? Policies, tokens, managed accounts, LDAP."""

from __future__ import annotations

import base64
import struct

from tests.faults.ad_act import Act
from tests.faults.ad_objects import wait_known
from tests.faults.ad_servers import conf
from tests.lab import ad
from tests.lab.lab import Lab
from tests.lab.places import AD_ZONE, DCS
from tests.lab.tools import until

__all__ = ["ACTS"]

_DC1, _DC2 = DCS
_MANAGED = f"CN=gmsa-web,CN=Managed Service Accounts,{ad.BASE}"
_GROUPS = 300
_ALICE = f"CN=alice,{ad.USERS}"
# MS-SAMR 3.1.1.7: complex passwords, and those as well that can be read again.
_COMPLEX, _REVERSIBLE = "1", "17"
# A security descriptor (MS-DTYP 2.4.6) whose list of rights is empty.
_NOBODY = struct.pack("<BBHIIII", 1, 0, 0x8004, 0, 0, 0, 20) + struct.pack("<BBHHH", 2, 0, 8, 0, 0)


# Run by the machine's own Python, as Samba's modules lie there: the owner of an object, and perhaps a new one.
_OWNER = """
import sys
from ldb import FLAG_MOD_REPLACE, SCOPE_BASE, Dn, Message, MessageElement
from samba.auth import system_session
from samba.dcerpc import security
from samba.ndr import ndr_pack, ndr_unpack
from samba.param import LoadParm
from samba.samdb import SamDB

settings = LoadParm()
settings.load_default()
base = SamDB(url="/var/lib/samba/private/sam.ldb", session_info=system_session(), lp=settings)
found = base.search(base=sys.argv[1], scope=SCOPE_BASE, attrs=["nTSecurityDescriptor"], controls=["sd_flags:1:1"])
descriptor = ndr_unpack(security.descriptor, found[0]["nTSecurityDescriptor"][0])
if len(sys.argv) > 2:
    descriptor.owner_sid = security.dom_sid(sys.argv[2])
    change = Message(Dn(base, sys.argv[1]))
    change["sd"] = MessageElement(ndr_pack(descriptor), FLAG_MOD_REPLACE, "nTSecurityDescriptor")
    base.modify(change, ["sd_flags:1:1"])
print(descriptor.owner_sid)
"""
_CONTROLLER = f"CN=DC2,OU=Domain Controllers,{ad.BASE}"


def _owner(lab: Lab, dc: str, *new: str) -> str:
    return lab.on(dc, "/usr/bin/python3", "-c", _OWNER, _CONTROLLER, *new).stdout.strip()


def _own(lab: Lab, owner: str) -> None:
    _owner(lab, _DC1.id, owner)
    until(
        "both controllers know the owner",
        lambda: all(_owner(lab, dc.id) == owner for dc in DCS),
        seconds=40,
        every=0.3,
    )


def _sid(lab: Lab) -> str:
    return ad.values(lab, _DC1.id, _ALICE, "objectSid")[0]


def _admins(lab: Lab) -> str:
    return f"{_sid(lab).rpartition('-')[0]}-512"


def _group(number: int) -> str:
    return f"CN=Projekt {number:03},{ad.USERS}"


def _join_many(lab: Lab) -> None:
    """One group holds her, and all others hold that one: what nesting does in old domains."""
    lines = []
    for number in range(_GROUPS):
        member = _group(0) if number else _ALICE
        lines += [f"dn: {_group(number)}", "changetype: add", "objectClass: group"]
        lines += [f"sAMAccountName: Projekt {number:03}", f"member: {member}", ""]
    ad.modify(lab, _DC1.id, "\n".join(lines))
    until("both controllers know all groups", lambda: _in_many(lab), seconds=60, every=0.5)


def _leave_many(lab: Lab) -> None:
    lines = [f"dn: {_group(number)}\nchangetype: delete\n" for number in range(_GROUPS)]
    ad.modify(lab, _DC1.id, "\n".join(lines))
    until(
        "no controller knows a group",
        lambda: not any(_groups(lab, dc.id) for dc in DCS),
        seconds=60,
        every=0.5,
    )


def _groups(lab: Lab, dc: str) -> int:
    return len(ad.read(lab, dc, ad.USERS, "cn", scope="one", where="(cn=Projekt*)"))


def _in_many(lab: Lab) -> bool:
    return all(
        _groups(lab, dc.id) == _GROUPS and ad.values(lab, dc.id, _group(_GROUPS - 1), "member") for dc in DCS
    )


def _add_managed(lab: Lab) -> None:
    lines = (
        *(f"dn: {_MANAGED}", "changetype: add", "objectClass: msDS-GroupManagedServiceAccount"),
        *("sAMAccountName: gmsa-web$", "userAccountControl: 4096", "msDS-ManagedPasswordInterval: 30"),
        *(f"msDS-GroupMSAMembership:: {base64.b64encode(_NOBODY).decode()}", ""),
    )
    ad.modify(lab, _DC1.id, "\n".join(lines))
    wait_known(lab, _MANAGED, known=True)


def _remove_managed(lab: Lab) -> None:
    ad.modify(lab, _DC1.id, f"dn: {_MANAGED}\nchangetype: delete\n")
    wait_known(lab, _MANAGED, known=False)


def _is_managed(lab: Lab) -> bool:
    return all(ad.read(lab, dc.id, _MANAGED, "cn") for dc in DCS)


def _takes_clear_text(lab: Lab) -> bool:
    """Whether a password goes in without TLS."""
    file = lab.place.state / "reader.password"
    file.touch(0o600)
    file.write_text(ad.password(lab, ad.READER), "ascii")
    who = ("-x", "-D", f"{ad.READER}@{AD_ZONE}", "-y", str(file), "-H", f"ldap://{_DC2.address}")
    return lab.on("agent", "ldapsearch", *who, "-b", ad.BASE, "-s", "base", "cn", check=False).returncode == 0


ACTS = (
    Act(
        name="ldap-clear-text",
        host=_DC2.id,
        inject=conf("[sysvol]", "ldap server require strong auth = no\n[sysvol]"),
        undo=conf(),
        shows=_takes_clear_text,
    ),
    Act(
        name="passwords-reversible",
        host=_DC1.id,
        inject=lambda lab: ad.put(lab, ad.BASE, "pwdProperties", _REVERSIBLE),
        undo=lambda lab: ad.put(lab, ad.BASE, "pwdProperties", _COMPLEX),
        shows=lambda lab: all(
            ad.values(lab, dc.id, ad.BASE, "pwdProperties") == (_REVERSIBLE,) for dc in DCS
        ),
    ),
    Act(name="many-groups", host=_DC1.id, inject=_join_many, undo=_leave_many, shows=_in_many),
    Act(
        name="managed-account-unreadable",
        host=_DC1.id,
        inject=_add_managed,
        undo=_remove_managed,
        shows=_is_managed,
    ),
    Act(
        name="controller-owner",
        host=_DC1.id,
        inject=lambda lab: _own(lab, _sid(lab)),
        undo=lambda lab: _own(lab, _admins(lab)),
        shows=lambda lab: _owner(lab, _DC2.id) == _sid(lab),
    ),
)
