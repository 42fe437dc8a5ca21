"""What is on the two gateways? The files of strongSwan, OpenVPN and WireGuard, as they should be or with one thing changed.

The tunnels between Köln (vpn1) and Kiel (vpn2), each with networks of its own:
lager  IPsec, IKEv2, shared key      werk  IPsec, IKEv2, certificates      kiel  OpenVPN      buero  WireGuard
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.lab import tunnel_keys
from tests.lab.places import GATES, USER, Box, Place

__all__ = [
    "FAR",
    "NETWORKS",
    "OPENVPN",
    "PUBLIC",
    "STRONGSWAN",
    "SWANCTL",
    "UNITS",
    "WIREGUARD",
    "Conn",
    "File",
    "allowed_keys",
    "connections",
    "files",
    "openvpn",
    "swanctl",
    "wireguard",
]

SWANCTL = "/etc/swanctl/swanctl.conf"
STRONGSWAN = "/etc/strongswan.conf"
WIREGUARD = "/etc/wireguard/wg0.conf"
# Where each end is in the world: two addresses, so that the two IPsec tunnels are told apart before anybody is known.
PUBLIC = {
    GATES[0].id: ("198.51.100.2", "198.51.100.3"),
    GATES[1].id: ("203.0.113.2", "203.0.113.3"),
}
# What lies behind each end, by tunnel.
NETWORKS = {
    GATES[0].id: {
        "lager": "10.79.10.0/24",
        "werk": "10.79.11.0/24",
        "kiel": "10.79.12.0/24",
        "buero": "10.79.13.0/24",
    },
    GATES[1].id: {
        "lager": "10.79.20.0/24",
        "werk": "10.79.21.0/24",
        "kiel": "10.79.22.0/24",
        "buero": "10.79.23.0/24",
    },
}
FAR = {GATES[0].id: GATES[1].id, GATES[1].id: GATES[0].id}
OPENVPN = {GATES[0].id: "/etc/openvpn/server/kiel.conf", GATES[1].id: "/etc/openvpn/client/kiel.conf"}
UNITS = {
    GATES[0].id: ("strongswan.service", "openvpn-server@kiel.service", "wg-quick@wg0.service"),
    GATES[1].id: ("strongswan.service", "openvpn-client@kiel.service", "wg-quick@wg0.service"),
}
_IKE = "aes256-sha256-x25519"
_ESP = "aes128gcm16-x25519,aes256-sha256-x25519"
_CHARON = """charon-systemd {
  load = random nonce x509 revocation constraints pubkey pkcs1 pkcs8 pem openssl aes des sha1 sha2 md5 hmac kdf gcm curve25519 \
kernel-libipsec kernel-netlink socket-default vici updown counters
  journal { default = 1 }
  retransmit_tries = 2
  retransmit_timeout = 1
  retry_initiate_interval = 3
}
swanctl { load = pem pkcs1 pkcs8 x509 openssl random }
"""
# What the product's account may have run as root: what shows, and no key.
_WG = (
    "interfaces",
    "public-key",
    "listen-port",
    "peers",
    "endpoints",
    "allowed-ips",
    "latest-handshakes",
    "transfer",
)
_RIGHTS = "".join(
    f"{USER} ALL=(root) NOPASSWD: {command}\n"
    for command in (
        "/usr/sbin/swanctl --list-*",
        *(f"/usr/bin/wg show all {what}" for what in (*_WG, "persistent-keepalive")),
        "/usr/bin/wg show interfaces",
        # The pattern names the lines that are no key.
        "/usr/bin/grep -hsE * /etc/wireguard/wg0.conf",
        "/usr/bin/cat -- /run/openvpn-server/status-kiel.log",
    )
)


@dataclass(frozen=True, slots=True)
class File:
    path: str
    text: str
    mode: int = 0o644


@dataclass(frozen=True, slots=True, kw_only=True)
class Conn:
    """A connection of strongSwan, from one end. secret: '' for certificates. starts: this end sets it up. times: as swanctl.conf writes them."""

    name: str
    local: str
    remote: str
    local_id: str
    remote_id: str
    secret: str = ""
    local_ts: str
    remote_ts: str
    ike: str = _IKE
    esp: str = _ESP
    starts: bool = False
    rekey: str = "4h"
    child_rekey: str = "1h"
    child_life: str = ""
    reauth: str = "0s"


def connections(place: Place, gate: str) -> dict[str, Conn]:
    """The IPsec connections of a gateway, as they should be."""
    far = FAR[gate]
    names = {box.id: box.name for box in GATES}
    starts = gate == GATES[0].id
    here, there = NETWORKS[gate], NETWORKS[far]
    return {
        "lager": Conn(
            name="lager",
            local=PUBLIC[gate][0],
            remote=PUBLIC[far][0],
            local_id=PUBLIC[gate][0],
            remote_id=PUBLIC[far][0],
            secret=tunnel_keys.psk(place),
            local_ts=here["lager"],
            remote_ts=there["lager"],
            starts=starts,
        ),
        "werk": Conn(
            name="werk",
            local=PUBLIC[gate][1],
            remote=PUBLIC[far][1],
            local_id=names[gate],
            remote_id=names[far],
            local_ts=here["werk"],
            remote_ts=there["werk"],
            starts=starts,
        ),
    }


def swanctl(conns: dict[str, Conn]) -> str:
    """`swanctl.conf` with these connections."""
    secrets = "".join(
        f'  ike-{one.name} {{\n    id = {one.remote_id}\n    secret = "{one.secret}"\n  }}\n'
        for one in conns.values()
        if one.secret
    )
    parts = "".join(map(_connection, conns.values()))
    return f"connections {{\n{parts}}}\nsecrets {{\n{secrets}}}\n"


def _connection(one: Conn) -> str:
    auth = "psk" if one.secret else "pubkey"
    mine = "" if one.secret else "\n      certs = own.pem"
    starts = "\n        start_action = start\n        close_action = start" if one.starts else ""
    life = f"\n        life_time = {one.child_life}" if one.child_life else ""
    return f"""  {one.name} {{
    version = 2
    local_addrs = {one.local}
    remote_addrs = {one.remote}
    proposals = {one.ike}
    dpd_delay = 5s
    mobike = no
    keyingtries = 0
    rekey_time = {one.rekey}
    reauth_time = {one.reauth}
    local {{
      auth = {auth}
      id = {one.local_id}{mine}
    }}
    remote {{
      auth = {auth}
      id = {one.remote_id}
    }}
    children {{
      {one.name} {{
        local_ts = {one.local_ts}
        remote_ts = {one.remote_ts}
        esp_proposals = {one.esp}
        rekey_time = {one.child_rekey}{life}
        dpd_action = {"restart" if one.starts else "clear"}{starts}
      }}
    }}
  }}
"""


def openvpn(gate: str, *, without: tuple[str, ...] = (), more: tuple[str, ...] = ()) -> str:
    """OpenVPN's settings at one end: the server in Köln, its client in Kiel. without: lines that begin so are left out."""
    lines = [
        "dev tun0",
        "dev-type tun",
        "topology subnet",
        "tun-mtu 1400",
        "ca tunnel-ca.pem",
        "cert own.pem",
        "key own.key",
        "verb 3",
        "keepalive 2 10",
        "data-ciphers AES-256-GCM:AES-128-GCM",
    ]
    if gate == GATES[0].id:
        lines += [
            "proto udp4",
            # At each of its addresses, and it answers from the one that it was asked at.
            "multihome",
            "port 1194",
            "server 10.79.99.0 255.255.255.248",
            "dh none",
            "client-config-dir ccd",
            "route 10.79.22.0 255.255.255.0",
            'push "route 10.79.12.0 255.255.255.0"',
            "crl-verify revoked.pem",
            "management /run/openvpn-server/kiel.sock unix",
            f"management-client-user {USER}",
        ]
    else:
        lines += [
            "client",
            "proto udp4",
            f"remote {PUBLIC[FAR[gate]][0]} 1194",
            "remote-cert-tls server",
            "connect-retry 1 2",
            "hand-window 8",
            "management /run/openvpn-client/kiel.sock unix",
            f"management-client-user {USER}",
        ]
    kept = [line for line in lines if not line.startswith(without)] if without else lines
    return "\n".join((*kept, *more, ""))


def wireguard(place: Place, gate: str, **other: str) -> str:
    """WireGuard's settings at one end. other: what is not as it should be, by its name in the file."""
    number = 1 + [box.id for box in GATES].index(gate)
    far = FAR[gate]
    told = {
        "PrivateKey": tunnel_keys.wireguard_keys(place, gate)[0],
        "ListenPort": "51820",
        "PublicKey": tunnel_keys.wireguard_keys(place, far)[1],
        "Endpoint": f"{PUBLIC[far][0]}:51820",
        "AllowedIPs": f"10.79.98.{3 - number}/32, {NETWORKS[far]['buero']}",
        "PersistentKeepalive": "2",
    } | other
    interface = "".join(f"{key} = {told[key]}\n" for key in ("PrivateKey", "ListenPort"))
    peer = "".join(
        f"{key} = {told[key]}\n"
        for key in ("PublicKey", "Endpoint", "AllowedIPs", "PersistentKeepalive")
        if told[key]
    )
    return f"[Interface]\nAddress = 10.79.98.{number}/30\n{interface}\n[Peer]\n{peer}"


def allowed_keys(place: Place, gate: str) -> tuple[str, str]:
    """The public keys of a gateway and of its far end."""
    return tunnel_keys.wireguard_keys(place, gate)[1], tunnel_keys.wireguard_keys(place, FAR[gate])[1]


def files(place: Place, box: Box) -> Iterator[File]:
    """Everything that a gateway has beyond what every server has."""
    root = tunnel_keys.authority(place)
    mine = tunnel_keys.issue(place, box.name)
    revoked = tunnel_keys.revocations(place)
    yield File(STRONGSWAN, _CHARON)
    yield File(SWANCTL, swanctl(connections(place, box.id)), 0o640)
    yield File("/etc/swanctl/x509ca/tunnel-ca.pem", root.certificate)
    yield File("/etc/swanctl/x509/own.pem", mine.certificate)
    yield File("/etc/swanctl/private/own.pem", mine.key, 0o600)
    yield File("/etc/swanctl/x509crl/revoked.pem", revoked)
    side = OPENVPN[box.id].rpartition("/")[0]
    yield File(OPENVPN[box.id], openvpn(box.id))
    yield File(f"{side}/tunnel-ca.pem", root.certificate)
    yield File(f"{side}/own.pem", mine.certificate)
    yield File(f"{side}/own.key", mine.key, 0o600)
    yield File(f"{side}/revoked.pem", revoked)
    if box == GATES[0]:
        yield File("/etc/systemd/system/strongswan.service.d/lab.conf", _PATIENT)
        yield File(f"{side}/ccd/{GATES[1].name}", "iroute 10.79.22.0 255.255.255.0\n")
    yield File(WIREGUARD, wireguard(place, box.id), 0o600)
    yield File("/etc/systemd/system/wg-quick@.service.d/lab.conf", _USER_SPACE)
    for unit in ("openvpn-server", "openvpn-client"):
        own = f"[Service]\nRuntimeDirectory={unit}\nRuntimeDirectoryMode=0755\n"
        yield File(f"/etc/systemd/system/{unit}@.service.d/lab.conf", own)
    yield File(f"/etc/sudoers.d/{USER}", _RIGHTS, 0o440)


# Both gateways start at once: who calls before the other one has read its connections is refused, and would not call again.
_PATIENT = """[Service]
ExecStartPost=/bin/sh -c '(for at in 1 2 3 4 5 6 7 8; do sleep 1; for one in lager werk; do \
swanctl --list-sas --ike $one | grep -q ESTABLISHED || swanctl --initiate --child $one --timeout 2; \
done; done) >/dev/null 2>&1 &'
"""
# The kernel's own WireGuard is not asked for: the lab runs where there is none. Its stand-in in user space is now and then not
# ready when it says so.
_USER_SPACE = """[Unit]
StartLimitIntervalSec=0
[Service]
Environment=WG_QUICK_USERSPACE_IMPLEMENTATION=wireguard-go WG_I_PREFER_BUGGY_USERSPACE_TO_POLISHED_KMOD=1
Restart=on-failure
RestartSec=200ms
"""
