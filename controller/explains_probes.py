"""Which finding explains what somebody sees who stands outside a gateway, or behind a tunnel?"""

from __future__ import annotations

from controller.links import Rule, same, same_host

__all__ = ["PROBE_RULES"]

_SAME = same("tunnel")
# Why nothing goes through a tunnel.
_NOTHING = (
    "vpn.service-down",
    "vpn.connection-missing",
    "vpn.key-differs",
    "vpn.identities-differ",
    "vpn.identity-rejected",
    "vpn.ike-versions-differ",
    "vpn.no-common-proposal",
    "vpn.networks-differ",
    "vpn.network-not-carried",
    "vpn.traffic-refused",
    "vpn.certificate-untrusted",
    "vpn.peer-certificate-refused",
    "vpn.tls-key-differs",
    "vpn.peer-key-unknown",
    "vpn.port-differs",
    "vpn.endpoint-stale",
    "vpn.peer-without-networks",
    "vpn.peer-address-differs",
    "vpn.authentication-failed",
    "vpn.child-missing",
    "vpn.peer-silent",
    "vpn.handshake-never",
    "vpn.handshake-old",
    "vpn.route-elsewhere",
    "vpn.networks-overlap",
    "vpn.one-way",
    "vpn.tunnel-down",
)

PROBE_RULES: tuple[Rule, ...] = (
    *(Rule(cause, ("vpn.path-silent",), _SAME, far=True) for cause in _NOTHING),
    # Who does not run answers a stranger just as little.
    Rule("vpn.service-down", ("vpn.ike-closed", "vpn.openvpn-closed"), same_host),
    Rule("vpn.mtu-too-large", ("vpn.path-black-hole",), _SAME, far=True),
)
