"""What can be wrong between domain controllers? Replication, roles, and what the directory believes of its controllers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.faults.ad_acts import BY_NAME
from tests.faults.fault import Fault
from tests.lab import ad
from tests.lab.lab import Lab
from tests.lab.places import AD_ZONE, DCS
from tests.lab.tools import until

__all__ = ["FAULTS"]

_DC1, _DC2 = (dc.id for dc in DCS)
_EVERYWHERE = ""
_COMPUTER = f"CN=DC2,OU=Domain Controllers,{ad.BASE}"
_SERVER = f"CN=DC8,CN=Servers,CN={ad.SITE},CN=Sites,{ad.CONFIGURATION}"
_GROUP, _ROLE = f"CN=Ablage,{ad.USERS}", f"CN=Infrastructure,{ad.BASE}"
_LOST = f"CN=Drucker 4,CN=LostAndFound,{ad.BASE}"
_CATALOGUE, _NO_OUTBOUND, _NEITHER_WAY = "1", "5", "7"
_CONTROLLER, _SERVER_ALONE = "532480", "8192"


def _act(name: str, host: str, *tags: str, also: tuple[str, ...] = (), a_note: bool = False) -> Fault:
    act = BY_NAME[name]
    return Fault(
        name=f"ad-{name}",
        area="ad",
        host=host,
        tags=tags,
        inject=act.inject,
        undo=act.undo,
        shows=act.shows,
        also=also,
        a_note=a_note,
        note=act.note,
    )


def _lasting(fault: Fault, dc: str) -> Fault:
    """Wait until the controller's attempts have failed more than once: one alone is a partner that restarts."""

    def inject(lab: Lab) -> None:
        fault.inject(lab)
        until(
            f"{dc} has failed twice",
            lambda: any(link.failures > 1 for link in ad.links(lab, dc)),
            seconds=60,
            every=0.5,
        )

    return replace(fault, inject=inject)


def _says(dc: str, dn: str, name: str, value: str) -> Callable[[Lab], bool]:
    return lambda lab: ad.values(lab, dc, dn, name) == (value,)


def _put(dc: str, dn: str, name: str, value: str) -> Callable[[Lab], None]:
    """Write at one controller, past its own checks."""
    ldif = f"dn: {dn}\nchangetype: modify\nreplace: {name}\n{name}: {value}\n"
    return lambda lab: ad.modify(lab, dc, ldif, as_it_is=True)


def _no_outbound(lab: Lab) -> None:
    _put(_DC2, ad.ntds(_DC2), "options", _NO_OUTBOUND)(lab)
    until("dc1 is refused", lambda: any(x.result == 8456 for x in ad.links(lab, _DC1)), seconds=60, every=0.5)


def _server_left_over(lab: Lab) -> None:
    ad.modify(
        lab,
        _DC1,
        f"dn: {_SERVER}\nchangetype: add\nobjectClass: server\ndNSHostName: dc8.{AD_ZONE}\n",
        as_it_is=True,
    )
    until(
        "both know it", lambda: all(ad.read(lab, dc.id, _SERVER, "cn") for dc in DCS), seconds=30, every=0.3
    )


def _server_gone(lab: Lab) -> None:
    ad.modify(lab, _DC1, f"dn: {_SERVER}\nchangetype: delete\n", as_it_is=True)
    until(
        "nobody knows it",
        lambda: not any(ad.read(lab, dc.id, _SERVER, "cn") for dc in DCS),
        seconds=30,
        every=0.3,
    )


def _connections(lab: Lab) -> tuple[str, ...]:
    """The connections by which the second controller pulls, as the first one knows them."""
    found = ad.read(lab, _DC1, ad.ntds(_DC2), "cn", scope="one", where="(objectClass=nTDSConnection)")
    return tuple(f"CN={entry['cn'][0]},{ad.ntds(_DC2)}" for entry in found)


def _connection(enabled: str) -> Callable[[Lab], None]:
    def do(lab: Lab) -> None:
        for name in _connections(lab):
            _put(_DC1, name, "enabledConnection", enabled)(lab)

    return do


def _conflict(lab: Lab) -> None:
    """Make one group on both controllers before they tell each other."""
    for dc in (_DC1, _DC2):
        _put(dc, ad.ntds(dc), "options", _NEITHER_WAY)(lab)
    for dc in (_DC1, _DC2):
        ad.modify(lab, dc, f"dn: {_GROUP}\nchangetype: add\nobjectClass: container\n")
    for dc in (_DC1, _DC2):
        _put(dc, ad.ntds(dc), "options", _CATALOGUE)(lab)
    until(
        "one of them has lost its name", lambda: all(_losers(lab, dc.id) for dc in DCS), seconds=60, every=0.5
    )
    # That they did not replicate for a moment is no part of the fault.
    until(
        "both replicate again",
        lambda: not any(link.result for dc in (_DC1, _DC2) for link in ad.links(lab, dc)),
        seconds=60,
        every=0.5,
    )


def _losers(lab: Lab, dc: str) -> tuple[str, ...]:
    """The objects that lost their name, by what is left of it."""
    found = ad.read(lab, dc, ad.USERS, "objectGUID", scope="one", where="(name=Ablage*CNF:*)")
    return tuple(entry["objectGUID"][0] for entry in found)


def _no_conflict(lab: Lab) -> None:
    for guid in _losers(lab, _DC1):
        ad.modify(lab, _DC1, f"dn: <GUID={guid}>\nchangetype: delete\n")
    ad.modify(lab, _DC1, f"dn: {_GROUP}\nchangetype: delete\n")
    until("no controller has one", lambda: not any(_losers(lab, dc.id) for dc in DCS), seconds=60, every=0.5)


def _two_masters(lab: Lab) -> None:
    """Let each controller believe that the role is its own, with no way to hear of the other's belief."""
    for dc in (_DC1, _DC2):
        _put(dc, ad.ntds(dc), "options", _NEITHER_WAY)(lab)
    _put(_DC2, _ROLE, "fSMORoleOwner", ad.ntds(_DC2))(lab)


def _one_master(lab: Lab) -> None:
    """Where the newer belief is, since that is what the other will take over."""
    _put(_DC2, _ROLE, "fSMORoleOwner", ad.ntds(_DC1))(lab)
    for dc in (_DC1, _DC2):
        _put(dc, ad.ntds(dc), "options", _CATALOGUE)(lab)
    until("both name one master", lambda: ad.alike(lab, _ROLE, "fSMORoleOwner"), seconds=30, every=0.2)


def _move(old: str, new: str, below: str) -> Callable[[Lab], None]:
    ldif = f"dn: {old}\nchangetype: modrdn\nnewrdn: {new}\ndeleteoldrdn: 1\nnewsuperior: {below}\n"
    return lambda lab: ad.modify(lab, _DC1, ldif, as_it_is=True)


def _lost(lab: Lab) -> None:
    ad.modify(lab, _DC1, f"dn: {_LOST}\nchangetype: add\nobjectClass: container\n", as_it_is=True)


FAULTS: tuple[Fault, ...] = (
    _act("repl-disabled", _DC2, "ad.inbound-disabled"),
    Fault(
        name="ad-repl-no-outbound",
        area="ad",
        host=_DC2,
        tags=("ad.outbound-disabled",),
        inject=_no_outbound,
        undo=_put(_DC2, ad.ntds(_DC2), "options", _CATALOGUE),
        shows=_says(_DC2, ad.ntds(_DC2), "options", _NO_OUTBOUND),
    ),
    _lasting(_act("repl-refused", _DC1, "ad.replication-unreachable"), _DC1),
    _act("repl-dropped", _DC1, "ad.replication-stale"),
    _act("role-of-dead", _EVERYWHERE, "ad.role-holder-silent"),
    _act("dc-left-over", _EVERYWHERE, "ad.controller-left-over"),
    _act("rids-used-up", _EVERYWHERE, "ad.rids-nearly-out"),
    _act("tombstone-short", _EVERYWHERE, "ad.tombstone-lifetime-short", a_note=True),
    Fault(
        name="ad-server-left-over",
        area="ad",
        host=_EVERYWHERE,
        tags=("ad.server-left-over",),
        inject=_server_left_over,
        undo=_server_gone,
        shows=lambda lab: all(bool(ad.read(lab, dc.id, _SERVER, "cn")) for dc in DCS),
    ),
    Fault(
        name="ad-connection-disabled",
        area="ad",
        host=_EVERYWHERE,
        tags=("ad.connection-disabled",),
        inject=_connection("FALSE"),
        undo=_connection("TRUE"),
        shows=lambda lab: (
            bool(_connections(lab))
            and all(_says(_DC1, name, "enabledConnection", "FALSE")(lab) for name in _connections(lab))
        ),
    ),
    Fault(
        name="ad-controller-flags",
        area="ad",
        host=_EVERYWHERE,
        tags=("ad.controller-flags",),
        inject=_put(_DC1, _COMPUTER, "userAccountControl", _SERVER_ALONE),
        undo=_put(_DC1, _COMPUTER, "userAccountControl", _CONTROLLER),
        shows=_says(_DC1, _COMPUTER, "userAccountControl", _SERVER_ALONE),
    ),
    Fault(
        name="ad-name-conflict",
        area="ad",
        host=_EVERYWHERE,
        tags=("ad.conflict-objects",),
        inject=_conflict,
        undo=_no_conflict,
        shows=lambda lab: all(_losers(lab, dc.id) for dc in DCS),
    ),
    Fault(
        name="ad-place-lost",
        area="ad",
        host=_EVERYWHERE,
        tags=("ad.lost-objects",),
        inject=_lost,
        undo=lambda lab: ad.modify(lab, _DC1, f"dn: {_LOST}\nchangetype: delete\n"),
        shows=lambda lab: bool(ad.read(lab, _DC1, _LOST, "cn")),
        note="the object was made there, and did not lose its place",
    ),
    Fault(
        name="ad-role-disputed",
        area="ad",
        host=_EVERYWHERE,
        tags=("ad.role-disputed", "ad.inbound-disabled", "ad.outbound-disabled"),
        inject=_two_masters,
        undo=_one_master,
        shows=_says(_DC2, _ROLE, "fSMORoleOwner", ad.ntds(_DC2)),
        also=(_DC1, _DC2),
    ),
    Fault(
        name="ad-controller-moved",
        area="ad",
        host=_EVERYWHERE,
        tags=("ad.controller-outside-ou",),
        inject=_move(_COMPUTER, "CN=DC2", f"CN=Computers,{ad.BASE}"),
        undo=_move(f"CN=DC2,CN=Computers,{ad.BASE}", "CN=DC2", f"OU=Domain Controllers,{ad.BASE}"),
        shows=lambda lab: bool(ad.read(lab, _DC1, f"CN=DC2,CN=Computers,{ad.BASE}", "cn")),
    ),
)
