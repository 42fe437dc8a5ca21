"""Which finding explains which about tunnels? What one end was told, refuses or lacks, and what both then show of it."""

from __future__ import annotations

from collectors import Finding
from controller.links import Rule, Sure, one_of, same, same_host

__all__ = ["VPN_RULES"]

_SAME = same("tunnel")
_DOWN = ("vpn.tunnel-down", "vpn.child-missing")
_HANDSHAKE = ("vpn.handshake-never", "vpn.handshake-old")
# What an end sees when the other one is not what it should be.
_REFUSED = ("vpn.authentication-failed", "vpn.identity-rejected", "vpn.no-common-proposal")
_RESTLESS = ("vpn.flapping", "vpn.outages-at-lifetime", "vpn.renewal-fails")


def _its_peer(cause: Finding, effect: Finding) -> Sure | None:
    """The cause is about the host at the far end."""
    return "certain" if cause.host and cause.host == effect.facts.get("peer") else None


def _names_its_certificate(cause: Finding, effect: Finding) -> Sure | None:
    """The effect names who the cause's certificate is for; or both are on one host, or one is the other's far end."""
    subject = str(cause.facts.get("subject", ""))
    names = [part.partition("=")[2] for part in subject.split(",") if part.strip().startswith("CN=")]
    said = f"{effect.facts.get('said', '')} {effect.facts.get('why', '')} {effect.facts.get('peer', '')}"
    if any(name and name in said for name in names):
        return "certain"
    is_near = bool(cause.host) and cause.host in {
        effect.host,
        effect.facts.get("by"),
        effect.facts.get("peer"),
    }
    return "likely" if is_near else None


def _as_a_whole(cause: Finding, effect: Finding) -> Sure | None:
    """Of one tunnel whose whole network goes elsewhere: while it is down its routes are gone."""
    is_whole = effect.facts.get("network") == effect.facts.get("part")
    return _SAME(cause, effect) if is_whole and cause.host == effect.host else None


def _knows_more(cause: Finding, effect: Finding) -> Sure | None:
    """Both are of one tunnel, and only the cause says what the two ends know."""
    is_vague = effect.facts.get("ours") == "?" and cause.facts.get("ours") != "?"
    return _SAME(cause, effect) if is_vague else None


VPN_RULES: tuple[Rule, ...] = (
    Rule(
        "linux.service-*",
        ("vpn.service-down",),
        one_of("unit", "strongswan", "charon", "ipsec", "openvpn", "wg-quick", "wireguard"),
    ),
    # Who answers nobody holds no tunnel either.
    Rule("reach.no-answer", ("vpn.peer-silent", "vpn.tunnel-down", *_HANDSHAKE), _its_peer, far=True),
    Rule("linux.route-missing", ("vpn.peer-silent", "vpn.handshake-old"), same_host),
    *(
        Rule(
            cause,
            (
                *(
                    "vpn.peer-silent",
                    "vpn.authentication-failed",
                    "vpn.identity-rejected",
                    "vpn.no-common-proposal",
                ),
                *(*_DOWN, *_HANDSHAKE, "vpn.one-way", *_RESTLESS),
            ),
            _SAME,
            far=True,
        )
        for cause in ("vpn.service-down", "vpn.connection-missing")
    ),
    *(
        Rule(cause, ("vpn.route-elsewhere",), _as_a_whole)
        for cause in ("vpn.service-down", "vpn.tunnel-down")
    ),
    Rule("linux.clock-*", ("vpn.certificate-untrusted", "vpn.peer-certificate-refused"), same_host),
    *(
        Rule(
            cause,
            (
                *("vpn.certificate-untrusted", "vpn.peer-certificate-refused", "vpn.authentication-failed"),
                "vpn.tunnel-down",
            ),
            _names_its_certificate,
            far=True,
        )
        for cause in ("vpn.certificate-expired", "vpn.revocation-list-stale")
    ),
    *(
        Rule(
            cause,
            ("vpn.authentication-failed", "vpn.peer-silent", "vpn.tunnel-down", "vpn.flapping"),
            _SAME,
            far=True,
        )
        for cause in (
            *("vpn.key-differs", "vpn.identity-rejected", "vpn.certificate-untrusted"),
            *("vpn.peer-certificate-refused", "vpn.tls-key-differs", "vpn.login-refused"),
        )
    ),
    Rule(
        "vpn.identities-differ",
        ("vpn.identity-rejected", "vpn.authentication-failed", "vpn.key-differs", "vpn.tunnel-down"),
        _SAME,
        far=True,
    ),
    Rule("vpn.ike-versions-differ", (*_REFUSED, *_DOWN), _SAME, far=True),
    Rule("vpn.no-common-proposal", (*_DOWN, *_RESTLESS, "vpn.service-down"), _SAME, far=True),
    Rule("vpn.no-common-proposal", ("vpn.no-common-proposal",), _knows_more, far=True),
    Rule("vpn.authentication-failed", ("vpn.tunnel-down", "vpn.flapping"), _SAME, far=True),
    Rule("vpn.networks-differ", ("vpn.network-not-carried", "vpn.traffic-refused", *_DOWN), _SAME, far=True),
    Rule(
        "vpn.network-not-carried",
        ("vpn.traffic-refused", "vpn.child-missing", "vpn.source-not-routed"),
        _SAME,
        far=True,
    ),
    Rule("vpn.traffic-refused", ("vpn.child-missing",), _SAME, far=True),
    Rule(
        "vpn.peer-address-differs",
        ("vpn.peer-silent", "vpn.authentication-failed", "vpn.tunnel-down"),
        _SAME,
        far=True,
    ),
    Rule("vpn.peer-silent", ("vpn.tunnel-down", "vpn.flapping"), _SAME, far=True),
    # WireGuard says nothing but that a handshake does not come.
    *(
        Rule(cause, (*_HANDSHAKE, "vpn.endpoint-stale", "vpn.tunnel-down", "vpn.one-way"), _SAME, far=True)
        for cause in ("vpn.peer-key-unknown", "vpn.port-differs")
    ),
    Rule("vpn.endpoint-stale", (*_HANDSHAKE, "vpn.tunnel-down"), _SAME, far=True),
    *(Rule(cause, ("vpn.tunnel-down",), _SAME, far=True) for cause in _HANDSHAKE),
    Rule(
        "vpn.networks-overlap",
        ("vpn.network-not-carried", "vpn.peer-without-networks", "vpn.one-way"),
        _SAME,
        far=True,
    ),
    Rule(
        "vpn.peer-without-networks",
        ("vpn.network-not-carried", "vpn.one-way", "vpn.tunnel-down"),
        _SAME,
        far=True,
    ),
    Rule("vpn.lost-between-ends", ("vpn.one-way",), _SAME, far=True),
    # A way back that leads elsewhere is seen at the other end.
    Rule("vpn.route-elsewhere", ("vpn.one-way", "vpn.source-not-routed"), _SAME, far=True),
    *(
        Rule(cause, ("vpn.flapping", "vpn.several-associations"), _SAME, far=True)
        for cause in ("vpn.outages-at-lifetime", "vpn.renewal-fails")
    ),
    Rule("vpn.several-associations", ("vpn.flapping",), _SAME, far=True),
    Rule("vpn.name-used-twice", ("vpn.flapping",), _SAME, far=True),
    Rule("vpn.tunnel-down", ("vpn.one-way",), _SAME, far=True),
)
