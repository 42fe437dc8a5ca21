"""Which faults are there, and which pairs?"""

from __future__ import annotations

from tests.faults import (
    ad,
    ad_replication,
    ad_zones,
    dns,
    habits,
    linux,
    lookup,
    mail,
    more_zones,
    queues,
    rapid_switches,
    reach,
    resolving,
    services,
    signatures,
    silent_devices,
    switches,
    tunnels_ipsec,
    tunnels_others,
    voice,
    voice_names,
    zones,
)
from tests.faults.fault import Fault, Pair

__all__ = ["FAULTS", "PAIRS"]

FAULTS: tuple[Fault, ...] = (
    *reach.FAULTS,
    *linux.FAULTS,
    *services.FAULTS,
    *lookup.FAULTS,
    *dns.FAULTS,
    *zones.FAULTS,
    *more_zones.FAULTS,
    *mail.FAULTS,
    *resolving.FAULTS,
    *signatures.FAULTS,
    *habits.FAULTS,
    *ad.FAULTS,
    *ad_replication.FAULTS,
    *ad_zones.FAULTS,
    *switches.FAULTS,
    *rapid_switches.FAULTS,
    *silent_devices.FAULTS,
    *queues.FAULTS,
    *tunnels_ipsec.FAULTS,
    *tunnels_others.FAULTS,
    *voice.FAULTS,
    *voice_names.FAULTS,
)
_BY_NAME = {fault.name: fault for fault in FAULTS}
PAIRS = tuple(
    Pair(_BY_NAME[first], _BY_NAME[second])
    for first, second in (
        ("full-disk", "secondary-dead"),
        ("failed-service", "missing-route"),
        ("serial-behind", "expired-certificate"),
        ("hanging", "flapping-service"),
        ("no-inodes", "rejected-credential"),
        ("delegation-differs", "time-sync-lost"),
        ("clock-off", "vanished"),
        ("dead-gateway", "failed-service"),
        ("zone-broken", "full-disk"),
        ("ssh-filtered", "transfer-refused"),
        # On one host, and the one has nothing to do with the other.
        ("dead-resolver", "failed-service"),
        # Mail and names beside servers that are ill.
        ("spf-include-gone", "secondary-dead"),
        ("forwarder-no-resolver", "shop-gone-inside"),
        # The directory and the names beside it.
        ("ad-srv-gone", "ad-repl-refused"),
        ("ad-repl-disabled", "reverse-missing"),
        ("ad-account-locked", "secondary-dead"),
        ("ad-ldaps-expired", "serial-behind"),
        ("ad-kdc-filtered", "wrong-glue"),
        ("ad-gpo-version-differs", "no-tcp"),
        ("ad-spn-duplicate", "lame"),
        ("ad-trust-broken", "delegation-differs"),
        ("ad-subnet-missing", "reverse-wrong"),
        ("ad-guid-cname-gone", "ad-sysvol-differs"),
        # Switches and queues beside each other, and beside servers that are ill.
        ("rogue-root", "community-differs"),
        ("root-lost", "voice-small"),
        ("bpdus-filtered", "snmp-off"),
        ("cable-to-itself", "full-disk"),
        ("timers-unsound", "secondary-dead"),
        ("shaper-over", "ad-srv-gone"),
        # Tunnels, and what has nothing to do with them.
        ("tunnel-service-stopped", "secondary-dead"),
        ("wireguard-key-wrong", "full-disk"),
        # Telephones beside everything else.
        ("phone-off", "secondary-dead"),
        ("registrar-stopped", "full-disk"),
        ("trunk-down", "serial-behind"),
        ("phone-password-wrong", "ad-account-locked"),
        ("relay-stopped", "failed-service"),
        ("phone-elsewhere", "voice-small"),
        ("media-one-way", "snmp-off"),
    )
)
