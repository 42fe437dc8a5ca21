"""What can be wrong with an OpenVPN or a WireGuard tunnel, and with the size of what goes through any of them?"""

from __future__ import annotations

from collections.abc import Mapping

from tests.faults.fault import Fault
from tests.faults.tunnels_ipsec import (
    KIEL,
    KOELN,
    Act,
    Sees,
    forget,
    is_filtered,
    name_of,
    tunnel_fault,
    wait_for,
)
from tests.lab import gates, tunnel_keys
from tests.lab.lab import Lab
from tests.lab.places import GATES, HUB, WAN
from tests.lab.tools import until

__all__ = ["FAULTS"]

_UNIT = {KOELN: "openvpn-server@kiel.service", KIEL: "openvpn-client@kiel.service"}
_SIDE = {gate: path.rpartition("/")[0] for gate, path in gates.OPENVPN.items()}
_WG = "wg-quick@wg0.service"
_NOBODY_IN_KIEL = "203.0.113.99"


def _start(lab: Lab, units: Mapping[str, str]) -> None:
    """Start a service anew at both ends, and forget what it was before."""
    for gate, unit in units.items():
        lab.on(gate, "systemctl", "stop", unit)
    forget(lab)
    for gate, unit in units.items():
        lab.on(gate, "systemctl", "reset-failed", unit, check=False)
        # A client without its server never says that it is ready: nobody waits for it.
        lab.on(gate, "systemctl", "start", "--no-block", unit)


def _openvpn_begins(lab: Lab) -> None:
    _start(lab, _UNIT)


def _openvpn_mend(lab: Lab) -> None:
    root = tunnel_keys.authority(lab.place).certificate
    for gate, side in _SIDE.items():
        mine = tunnel_keys.issue(lab.place, name_of(gate))
        lab.write(gate, gates.OPENVPN[gate], gates.openvpn(gate))
        lab.write(gate, f"{side}/own.pem", mine.certificate)
        lab.write(gate, f"{side}/own.key", mine.key)
        lab.write(gate, f"{side}/tunnel-ca.pem", root)
        lab.write(gate, f"{side}/revoked.pem", tunnel_keys.revocations(lab.place))
    _openvpn_begins(lab)
    wait_for(lab)
    forget(lab)


def _client_has(*, by: str = "Tunnel CA", begins: float = -5, ends: float = 200) -> Act:
    """The client in Kiel has another certificate."""

    def inject(lab: Lab) -> None:
        mine = tunnel_keys.issue(lab.place, name_of(KIEL), by=by, begins=begins, ends=ends)
        lab.write(KIEL, f"{_SIDE[KIEL]}/own.pem", mine.certificate)
        lab.write(KIEL, f"{_SIDE[KIEL]}/own.key", mine.key)
        _openvpn_begins(lab)
        wait_for(lab, kiel=False)
        _wait_said(lab, KOELN, "VERIFY ERROR")

    return inject


def _client_revoked(lab: Lab) -> None:
    mine = lab.on(KIEL, "cat", f"{_SIDE[KIEL]}/own.pem").stdout
    lab.write(KOELN, f"{_SIDE[KOELN]}/revoked.pem", tunnel_keys.revocations(lab.place, mine))
    _openvpn_begins(lab)
    wait_for(lab, kiel=False)
    _wait_said(lab, KOELN, "VERIFY ERROR")


def _wait_said(lab: Lab, gate: str, word: str) -> None:
    until(f"OpenVPN on {gate} says {word}", lambda: _says(gate, word)(lab), seconds=30)


def _says(gate: str, *words: str) -> Sees:
    def shows(lab: Lab) -> bool:
        log = lab.on(gate, "journalctl", "-u", _UNIT[gate], "--no-pager", "-q", "-o", "cat").stdout
        return any(word in log for word in words)

    return shows


def _stopped(gate: str, unit: str, tunnel: str) -> Act:
    def inject(lab: Lab) -> None:
        lab.on(gate, "systemctl", "stop", unit)
        wait_for(lab, **{tunnel: False})

    return inject


def _is_stopped(gate: str, unit: str) -> Sees:
    return lambda lab: lab.on(gate, "systemctl", "is-active", unit, check=False).stdout.strip() != "active"


def _shielded(lab: Lab) -> None:
    """The server wants a key before anything else, and the client has none."""
    key = lab.on(KOELN, "openvpn", "--genkey", "secret").stdout
    lab.write(KOELN, f"{_SIDE[KOELN]}/ta.key", key)
    lab.write(KOELN, gates.OPENVPN[KOELN], gates.openvpn(KOELN, more=("tls-auth ta.key 0",)))
    _openvpn_begins(lab)
    wait_for(lab, kiel=False)
    _wait_said(lab, KOELN, "TLS Error")


def _few_clients(lab: Lab) -> None:
    lab.write(KOELN, gates.OPENVPN[KOELN], gates.openvpn(KOELN, more=("max-clients 1",)))
    _openvpn_begins(lab)
    wait_for(lab)


def _no_common_cipher(lab: Lab) -> None:
    """The client knows one cipher alone, and the server others."""
    other = gates.openvpn(KIEL, without=("data-ciphers",), more=("data-ciphers CHACHA20-POLY1305",))
    lab.write(KIEL, gates.OPENVPN[KIEL], other)
    _openvpn_begins(lab)
    wait_for(lab, kiel=False)
    _wait_said(lab, KOELN, "no shared cipher")


def _filtered(rule: str, **carries: bool) -> Act:
    def inject(lab: Lab) -> None:
        lab.filter(WAN, "forward", rule)
        wait_for(lab, **carries)

    return inject


def _filtered_from_the_start(lab: Lab) -> None:
    lab.filter(WAN, "forward", "udp dport 1194 drop")
    _openvpn_begins(lab)
    wait_for(lab, kiel=False)
    _wait_said(lab, KIEL, "TLS key negotiation failed")


def _unfilter(mend: Act) -> Act:
    def undo(lab: Lab) -> None:
        lab.unfilter(WAN)
        mend(lab)

    return undo


def _wireguard(lab: Lab, gate: str, **other: str) -> None:
    lab.write(gate, gates.WIREGUARD, gates.wireguard(lab.place, gate, **other))


def _wireguard_begins(lab: Lab) -> None:
    _start(lab, dict.fromkeys((KIEL, KOELN), _WG))
    for gate in (KIEL, KOELN):
        lab.on(gate, "systemctl", "start", _WG)


def _wireguard_mend(lab: Lab) -> None:
    for box in GATES:
        _wireguard(lab, box.id)
    _wireguard_begins(lab)
    wait_for(lab)
    forget(lab)


def _differs(changes: Mapping[str, Mapping[str, str]], *, from_koeln: bool = False) -> Act:
    """WireGuard's settings are otherwise, by gateway. from_koeln: so that only Köln can begin."""

    def inject(lab: Lab) -> None:
        for box in GATES:
            quiet = {"Endpoint": "", "PersistentKeepalive": ""} if from_koeln and box.id == KIEL else {}
            _wireguard(lab, box.id, **{**quiet, **changes.get(box.id, {})})
        _wireguard_begins(lab)
        wait_for(lab, buero=False)

    return inject


def _has(gate: str, *words: str) -> Sees:
    return lambda lab: all(word in lab.on(gate, "cat", gates.WIREGUARD).stdout for word in words)


def _other_key(lab: Lab) -> None:
    foreign = tunnel_keys.wireguard_keys(lab.place, "somebody-else")[1]
    _differs({KIEL: {"PublicKey": foreign}})(lab)


def _has_other_key(lab: Lab) -> bool:
    right = tunnel_keys.wireguard_keys(lab.place, KOELN)[1]
    return right not in lab.on(KIEL, "cat", gates.WIREGUARD).stdout


def _route(*words: str, back: tuple[str, ...]) -> tuple[Act, Act]:
    def inject(lab: Lab) -> None:
        lab.on(KOELN, "ip", "route", *words)
        wait_for(lab, buero=False)

    def undo(lab: Lab) -> None:
        lab.on(KOELN, "ip", "route", *back, check=False)
        wait_for(lab)

    return inject, undo


def _size(gate: str, device: str, mtu: int) -> Act:
    return lambda lab: lab.void(gate, "ip", "link", "set", device, "mtu", f"{mtu}")


def _has_size(gate: str, device: str, mtu: int) -> Sees:
    return lambda lab: f"mtu {mtu} " in lab.on(gate, "ip", "link", "show", "dev", device).stdout


def _hole(lab: Lab) -> None:
    lab.filter(WAN, "forward", "ip length > 1350 drop")


def _silent_narrow_link(lab: Lab) -> None:
    """A link that takes less, behind a router that may not say so."""
    lab.on(WAN, "ip", "link", "set", "kiel", "mtu", "1350")
    lab.filter(WAN, "output", "icmp type destination-unreachable drop")


def _wide_link(lab: Lab) -> None:
    lab.unfilter(WAN)
    lab.on(WAN, "ip", "link", "set", "kiel", "mtu", "1500")
    wait_for(lab)


def _close_hole(lab: Lab) -> None:
    lab.unfilter(WAN)
    wait_for(lab)


_MISSING = _route("del", "10.79.23.0/24", "dev", "wg0", back=("replace", "10.79.23.0/24", "dev", "wg0"))
_OVERLAP = _route("add", "10.79.23.0/25", "via", "10.79.13.2", back=("del", "10.79.23.0/25"))

FAULTS: tuple[Fault, ...] = (
    tunnel_fault(
        "openvpn-stopped",
        KOELN,
        ("vpn.service-down",),
        _stopped(KOELN, _UNIT[KOELN], "kiel"),
        _openvpn_mend,
        _is_stopped(KOELN, _UNIT[KOELN]),
    ),
    tunnel_fault(
        "openvpn-certificate-expired",
        KOELN,
        ("vpn.peer-certificate-refused",),
        _client_has(begins=-300, ends=-2),
        _openvpn_mend,
        _says(KOELN, "certificate has expired"),
    ),
    tunnel_fault(
        "openvpn-other-authority",
        KOELN,
        ("vpn.peer-certificate-refused",),
        _client_has(by="Other CA"),
        _openvpn_mend,
        _says(KOELN, "unable to get local issuer certificate"),
    ),
    tunnel_fault(
        "openvpn-certificate-revoked",
        KOELN,
        ("vpn.peer-certificate-refused",),
        _client_revoked,
        _openvpn_mend,
        _says(KOELN, "certificate revoked"),
    ),
    tunnel_fault(
        "openvpn-shielded-at-one-end",
        KOELN,
        ("vpn.tls-key-differs",),
        _shielded,
        _openvpn_mend,
        _says(KOELN, "cannot locate HMAC"),
    ),
    tunnel_fault(
        "openvpn-no-common-cipher",
        KOELN,
        ("vpn.no-common-proposal",),
        _no_common_cipher,
        _openvpn_mend,
        _says(KOELN, "no shared cipher"),
    ),
    tunnel_fault(
        "openvpn-filtered",
        KIEL,
        ("vpn.peer-silent",),
        _filtered_from_the_start,
        _unfilter(_openvpn_mend),
        is_filtered,
    ),
    tunnel_fault(
        "openvpn-pool-full",
        KOELN,
        ("vpn.pool-exhausted",),
        _few_clients,
        _openvpn_mend,
        lambda lab: "max-clients 1" in lab.on(KOELN, "cat", gates.OPENVPN[KOELN]).stdout,
    ),
    tunnel_fault(
        "wireguard-stopped",
        KIEL,
        ("vpn.service-down",),
        _stopped(KIEL, _WG, "buero"),
        _wireguard_mend,
        _is_stopped(KIEL, _WG),
    ),
    tunnel_fault(
        "wireguard-key-wrong", KIEL, ("vpn.peer-key-unknown",), _other_key, _wireguard_mend, _has_other_key
    ),
    tunnel_fault(
        "wireguard-endpoint-stale",
        KOELN,
        ("vpn.endpoint-stale",),
        _differs({KOELN: {"Endpoint": f"{_NOBODY_IN_KIEL}:51820"}}, from_koeln=True),
        _wireguard_mend,
        _has(KOELN, _NOBODY_IN_KIEL),
    ),
    tunnel_fault(
        "wireguard-port-differs",
        KOELN,
        ("vpn.port-differs",),
        _differs({KOELN: {"Endpoint": f"{gates.PUBLIC[KIEL][0]}:51999"}}, from_koeln=True),
        _wireguard_mend,
        _has(KOELN, ":51999"),
    ),
    tunnel_fault(
        "wireguard-network-lost",
        KOELN,
        ("vpn.network-not-carried",),
        _differs({KOELN: {"AllowedIPs": "10.79.98.2/32"}}),
        _wireguard_mend,
        _has(KOELN, "AllowedIPs = 10.79.98.2/32\n"),
    ),
    tunnel_fault(
        "wireguard-one-way",
        KOELN,
        ("vpn.one-way",),
        _filtered("ip saddr 203.0.113.2 udp sport 51820 drop", buero=False),
        _unfilter(_wireguard_mend),
        is_filtered,
    ),
    tunnel_fault(
        "wireguard-route-missing",
        KOELN,
        ("vpn.route-elsewhere",),
        *_MISSING,
        lambda lab: "10.79.23.0/24" not in lab.on(KOELN, "ip", "route", "show").stdout,
    ),
    tunnel_fault(
        "wireguard-route-overlaps",
        KOELN,
        ("vpn.route-elsewhere",),
        *_OVERLAP,
        lambda lab: "10.79.23.0/25" in lab.on(KOELN, "ip", "route", "show").stdout,
    ),
    tunnel_fault("tunnel-size-hole", HUB, ("vpn.path-black-hole",), _hole, _close_hole, is_filtered),
    tunnel_fault(
        "tunnel-discovery-silenced",
        HUB,
        ("vpn.path-black-hole",),
        _silent_narrow_link,
        _wide_link,
        is_filtered,
    ),
    tunnel_fault(
        "tunnel-narrow",
        HUB,
        ("vpn.path-narrow",),
        _size(KOELN, "wg0", 1200),
        _size(KOELN, "wg0", 1420),
        _has_size(KOELN, "wg0", 1200),
    ),
    tunnel_fault(
        "tunnel-size-too-large",
        KOELN,
        ("vpn.mtu-too-large",),
        _size(KOELN, "wg0", 1500),
        _size(KOELN, "wg0", 1420),
        _has_size(KOELN, "wg0", 1500),
    ),
)
