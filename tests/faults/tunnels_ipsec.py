"""What can be wrong with an IPsec tunnel? Faults of strongSwan at either end, of its certificates, and of the way between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.faults.fault import Fault
from tests.lab import gates, tunnel_keys, tunnels
from tests.lab.gates import Conn
from tests.lab.lab import Lab
from tests.lab.places import GATES, HUB, WAN
from tests.lab.tools import until

__all__ = [
    "FAULTS",
    "KIEL",
    "KOELN",
    "Act",
    "Sees",
    "forget",
    "is_filtered",
    "name_of",
    "tunnel_fault",
    "wait_for",
]

Act = Callable[[Lab], None]
Sees = Callable[[Lab], bool]

KOELN, KIEL = (box.id for box in GATES)
_OWN, _KEY = "/etc/swanctl/x509/own.pem", "/etc/swanctl/private/own.pem"
_ROOT, _LIST = "/etc/swanctl/x509ca/tunnel-ca.pem", "/etc/swanctl/x509crl/revoked.pem"


def forget(lab: Lab) -> None:
    """Both gateways' logs begin anew."""
    for box in GATES:
        lab.forget_journal(box.id)


def wait_for(lab: Lab, **carries: bool) -> None:
    """Wait until the tunnels carry, or do not."""
    wanted = dict.fromkeys(tunnels.TUNNELS, True) | carries
    until(
        f"the tunnels are as the fault makes them: {carries}",
        lambda: tunnels.echoes(lab.place) == wanted,
        seconds=40,
        every=0.2,
    )


def tunnel_fault(  # noqa: PLR0917 - a fault's own order: what, where, its name; how it comes, goes and shows.
    name: str,
    host: str,
    tags: tuple[str, ...],
    inject: Act,
    undo: Act,
    shows: Sees,
    *,
    a_note: bool = False,
) -> Fault:
    """A fault of a tunnel lies between its two ends, and shows behind them."""
    return Fault(
        name=name,
        area="tunnels",
        host=host,
        tags=tags,
        inject=inject,
        undo=undo,
        shows=shows,
        # What both ends say together is laid on neither.
        also=(*(name for name in (KOELN, KIEL, HUB) if name != host), ""),
        words=("--area", "vpn"),
        a_note=a_note,
    )


def _configure(lab: Lab, gate: str, tunnel: str = "", **changes: str) -> None:
    """Write strongSwan's connections of a gateway, one of them otherwise."""
    conns: dict[str, Conn] = gates.connections(lab.place, gate)
    if tunnel:
        # The fields that a fault changes are all texts.
        conns[tunnel] = replace(conns[tunnel], **changes)  # type: ignore[arg-type]
    lab.write(gate, gates.SWANCTL, gates.swanctl(conns))


def _begin(lab: Lab, *first: str) -> None:
    """Start strongSwan anew at both ends, and forget what it was before."""
    for gate in (*first, *(box.id for box in GATES if box.id not in first)):
        lab.on(gate, "systemctl", "stop", "strongswan.service")
    forget(lab)
    for gate in (KIEL, KOELN):
        lab.on(gate, "systemctl", "reset-failed", "strongswan.service", check=False)
        lab.on(gate, "systemctl", "start", "strongswan.service")


def _mend(lab: Lab) -> None:
    for box in GATES:
        _configure(lab, box.id)
    _begin(lab)
    wait_for(lab)
    forget(lab)


def _differs(gate: str, tunnel: str, **changes: str) -> Act:
    """One connection of one gateway is otherwise; its tunnel does not come up any more."""

    def inject(lab: Lab) -> None:
        _configure(lab, gate, tunnel, **changes)
        _begin(lab)
        wait_for(lab, **{tunnel: False})

    return inject


def _is_otherwise(gate: str, tunnel: str, **changes: str) -> Act:
    """As `_differs`, but the tunnel carries all the same."""

    def inject(lab: Lab) -> None:
        _configure(lab, gate, tunnel, **changes)
        _begin(lab)
        wait_for(lab)

    return inject


def _says(gate: str, *words: str) -> Sees:
    """The service's log has one of these words."""

    def shows(lab: Lab) -> bool:
        log = lab.on(gate, "journalctl", "-u", "strongswan.service", "--no-pager", "-q", "-o", "cat").stdout
        return any(word in log for word in words)

    return shows


def _has(gate: str, path: str, *words: str) -> Sees:
    return lambda lab: all(word in lab.on(gate, "cat", path).stdout for word in words)


def _certificates(lab: Lab, gate: str, mine: tunnel_keys.Certified) -> None:
    lab.write(gate, _OWN, mine.certificate)
    lab.write(gate, _KEY, mine.key)


def name_of(gate: str) -> str:
    return next(box.name for box in GATES if box.id == gate)


def _with_certificate(by: str = "Tunnel CA", begins: float = -5, ends: float = 200) -> Act:
    """The gateway in Kiel has another certificate."""

    def inject(lab: Lab) -> None:
        _certificates(lab, KIEL, tunnel_keys.issue(lab.place, name_of(KIEL), by=by, begins=begins, ends=ends))
        if by != "Tunnel CA":
            lab.write(
                KIEL,
                "/etc/swanctl/x509ca/other-ca.pem",
                tunnel_keys.authority(lab.place, by).certificate,
            )
        _begin(lab)
        wait_for(lab, werk=False)

    return inject


def _with_good_certificate(lab: Lab) -> None:
    _certificates(lab, KIEL, tunnel_keys.issue(lab.place, name_of(KIEL)))
    lab.on(KIEL, "rm", "-f", "/etc/swanctl/x509ca/other-ca.pem")
    lab.write(KOELN, _LIST, tunnel_keys.revocations(lab.place))
    _mend(lab)


def _revoked(lab: Lab) -> None:
    mine = lab.on(KIEL, "cat", _OWN).stdout
    lab.write(KOELN, _LIST, tunnel_keys.revocations(lab.place, mine))
    _begin(lab)
    wait_for(lab, werk=False)


def _stopped(lab: Lab) -> None:
    lab.on(KIEL, "systemctl", "stop", "strongswan.service")
    wait_for(lab, lager=False, werk=False)


def _is_stopped(lab: Lab) -> bool:
    return (
        lab.on(KIEL, "systemctl", "is-active", "strongswan.service", check=False).stdout.strip() != "active"
    )


def _filtered(rule: str, **carries: bool) -> Act:
    """A filter in the world between the gateways, put there while the tunnels are down."""

    def inject(lab: Lab) -> None:
        lab.filter(WAN, "forward", rule)
        _begin(lab)
        wait_for(lab, **carries)

    return inject


def _unfilter(lab: Lab) -> None:
    lab.unfilter(WAN)
    _mend(lab)


def is_filtered(lab: Lab) -> bool:
    return lab.on(WAN, "nft", "list", "table", "ip", "fault", check=False).returncode == 0


def _moved(lab: Lab) -> None:
    """The provider in Kiel gave out another address; in Köln the old one is written."""
    _configure(lab, KIEL, "werk", local=_NEW)
    lab.on(KIEL, "ip", "addr", "del", f"{gates.PUBLIC[KIEL][1]}/24", "dev", "wan")
    lab.on(KIEL, "ip", "addr", "add", f"{_NEW}/24", "dev", "wan")
    _begin(lab)
    wait_for(lab, werk=False)


def _moved_back(lab: Lab) -> None:
    lab.on(KIEL, "ip", "addr", "del", f"{_NEW}/24", "dev", "wan", check=False)
    lab.on(KIEL, "ip", "addr", "replace", f"{gates.PUBLIC[KIEL][1]}/24", "dev", "wan")
    _mend(lab)


_NEW = "203.0.113.77"
# ESP in UDP, and not what the gateways say to each other (RFC 3948: four zero bytes come before that).
_ESP_BACK = "ip saddr 203.0.113.2 udp sport 4500 @th,64,32 != 0 drop"


def _flap(lab: Lab) -> None:
    """Somebody's script starts the connection anew, again and again."""
    for _ in range(5):
        lab.on(KOELN, "swanctl", "--terminate", "--ike", "lager", "--timeout", "5", check=False)
        lab.on(KOELN, "swanctl", "--initiate", "--child", "lager", "--timeout", "10", check=False)
    wait_for(lab)


def _flapped(lab: Lab) -> bool:
    log = lab.on(KOELN, "journalctl", "-u", "strongswan.service", "--no-pager", "-q", "-o", "cat").stdout
    ups = [line for line in log.splitlines() if "IKE_SA lager[" in line and "established between" in line]
    return len(ups) > 3


def _weak(lab: Lab) -> None:
    for gate in (KIEL, KOELN):
        _configure(lab, gate, "lager", ike="3des-md5-modp1024")
    _begin(lab)
    wait_for(lab)


def _overlapped(lab: Lab) -> None:
    lab.on(KOELN, "ip", "route", "add", "10.79.20.0/25", "via", "10.79.10.2", "table", "220")
    wait_for(lab, lager=False)


def _apart(lab: Lab) -> None:
    lab.on(KOELN, "ip", "route", "del", "10.79.20.0/25", "table", "220", check=False)
    _mend(lab)


FAULTS: tuple[Fault, ...] = (
    tunnel_fault("tunnel-service-stopped", KIEL, ("vpn.service-down",), _stopped, _mend, _is_stopped),
    tunnel_fault(
        "tunnel-key-wrong",
        KIEL,
        ("vpn.key-differs",),
        _differs(KIEL, "lager", secret="another-secret"),
        _mend,
        _says(KIEL, "MAC mismatched"),
    ),
    tunnel_fault(
        "tunnel-identity-wrong",
        KIEL,
        ("vpn.identities-differ", "vpn.identity-rejected"),
        _differs(KIEL, "lager", remote_id="gw.koeln.musterbau.test"),
        _mend,
        _has(KIEL, gates.SWANCTL, "gw.koeln.musterbau.test"),
    ),
    tunnel_fault(
        "tunnel-no-proposal",
        KIEL,
        ("vpn.no-common-proposal",),
        _differs(KIEL, "lager", ike="aes128-sha384-ecp256"),
        _mend,
        _says(KOELN, "NO_PROPOSAL_CHOSEN"),
    ),
    tunnel_fault(
        "tunnel-no-esp-proposal",
        KIEL,
        ("vpn.no-common-proposal",),
        _differs(KIEL, "lager", esp="aes256-sha384"),
        _mend,
        _says(KOELN, "NO_PROPOSAL_CHOSEN"),
    ),
    tunnel_fault(
        "tunnel-networks-differ",
        KIEL,
        ("vpn.networks-differ", "vpn.traffic-refused"),
        _differs(KIEL, "lager", local_ts="10.79.40.0/24"),
        _mend,
        _says(KOELN, "TS_UNACCEPTABLE"),
    ),
    tunnel_fault(
        "tunnel-certificate-expired",
        KIEL,
        ("vpn.certificate-expired",),
        _with_certificate(begins=-300, ends=-2),
        _with_good_certificate,
        _says(KOELN, "subject certificate invalid"),
    ),
    tunnel_fault(
        "tunnel-certificate-early",
        KIEL,
        ("vpn.certificate-untrusted",),
        _with_certificate(begins=2, ends=300),
        _with_good_certificate,
        _says(KOELN, "subject certificate invalid"),
    ),
    tunnel_fault(
        "tunnel-other-authority",
        KIEL,
        ("vpn.certificate-untrusted",),
        _with_certificate(by="Other CA"),
        _with_good_certificate,
        _says(KOELN, "no issuer certificate found", "no trusted"),
    ),
    tunnel_fault(
        "tunnel-certificate-revoked",
        KIEL,
        ("vpn.certificate-untrusted",),
        _revoked,
        _with_good_certificate,
        _says(KOELN, "certificate was revoked"),
    ),
    tunnel_fault(
        "tunnel-500-filtered",
        KOELN,
        ("vpn.peer-silent",),
        _filtered("udp dport 500 drop", lager=False, werk=False),
        _unfilter,
        is_filtered,
    ),
    tunnel_fault(
        "tunnel-4500-filtered",
        KOELN,
        ("vpn.peer-silent",),
        _filtered("udp dport 4500 drop", lager=False, werk=False),
        _unfilter,
        is_filtered,
    ),
    tunnel_fault(
        "tunnel-one-way",
        KOELN,
        ("vpn.one-way", "vpn.lost-between-ends"),
        # From the beginning on: of a tunnel that carried once, only a minute of silence says something.
        _filtered(_ESP_BACK, lager=False),
        _unfilter,
        is_filtered,
    ),
    tunnel_fault(
        "tunnel-far-end-moved",
        KOELN,
        ("vpn.peer-silent", "vpn.peer-address-differs"),
        _moved,
        _moved_back,
        lambda lab: _NEW in lab.on(KIEL, "ip", "addr", "show", "dev", "wan").stdout,
    ),
    tunnel_fault(
        "tunnel-weak",
        KOELN,
        ("vpn.algorithm-weak",),
        _weak,
        _mend,
        _has(KOELN, gates.SWANCTL, "3des-md5-modp1024"),
    ),
    tunnel_fault(
        "tunnel-route-overlaps",
        KOELN,
        ("vpn.route-elsewhere",),
        _overlapped,
        _apart,
        lambda lab: "10.79.20.0/25" in lab.on(KOELN, "ip", "route", "show", "table", "220").stdout,
    ),
    tunnel_fault("tunnel-flapping", KOELN, ("vpn.flapping",), _flap, _mend, _flapped),
    tunnel_fault(
        "tunnel-lifetimes-differ",
        KOELN,
        ("vpn.lifetimes-differ",),
        _is_otherwise(KIEL, "lager", child_rekey="8h"),
        _mend,
        _has(KIEL, gates.SWANCTL, "rekey_time = 8h"),
        a_note=True,
    ),
)
