"""Which change is rehearsed on which fault, and where?"""

from __future__ import annotations

from dataclasses import dataclass

from tests.faults.fault import Fault
from tests.playbooks.own_faults import by_name, taking_updates

__all__ = ["REHEARSALS", "Rehearsal"]


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """host: where the change is made; platform: what that is, as `playbooks/rehearsed.toml` says it."""

    playbook: str
    fault: Fault
    host: str
    platform: str


def _one(playbook: str, fault: str, host: str, platform: str) -> Rehearsal:
    return Rehearsal(playbook, by_name(fault), host, platform)


def _updated(playbook: str, fault: str) -> Rehearsal:
    return Rehearsal(playbook, taking_updates(by_name(fault)), "dns1", "bind")


REHEARSALS: tuple[Rehearsal, ...] = (
    _one("linux.start_service", "service-killed", "app1", "systemd"),
    _one("linux.run_job_again", "job-to-repeat", "db1", "systemd"),
    _one("linux.keep_time", "time-sync-lost", "file1", "chrony"),
    _one("linux.set_resolvers", "dead-resolver", "app1", "linux"),
    _one("linux.set_resolvers", "wrong-resolver", "web2", "linux"),
    _one("linux.set_resolvers", "no-resolver", "web2", "linux"),
    _one("linux.set_resolvers", "stub-not-started", "web2", "linux"),
    _one("linux.set_resolvers", "no-resolver-there", "web1", "linux"),
    _one("linux.set_resolvers", "ad-member-other-resolver", "fs1", "linux"),
    _one("linux.let_read_resolvers", "resolvers-closed", "web2", "linux"),
    _one("linux.ask_dns", "names-not-asked", "web1", "glibc"),
    _one("linux.set_gateway", "missing-route", "db1", "linux"),
    _one("linux.set_gateway", "dead-gateway", "db1", "linux"),
    _one("linux.drop_blackhole", "blackhole", "web1", "linux"),
    _one("linux.clean_package_cache", "package-cache-full", "web2", "apt"),
    _one("linux.remount_writable", "read-only", "file1", "linux"),
    _updated("dns.set_address", "address-gone"),
    _updated("dns.set_address", "wrong-address"),
    _updated("dns.set_pointer", "reverse-missing"),
    _updated("dns.set_pointer", "reverse-wrong"),
    _updated("dns.set_pointer", "reverse-other-name"),
    _updated("dns.correct_glue", "ad-glue-wrong"),
    _one("dns.fetch_zone", "news-missed", "dns2", "nsd"),
    _one("dns.notify_secondaries", "news-missed", "dns1", "bind"),
    _one("ad.unlock_account", "locked-a-while-ago", "dc1", "samba"),
    _one("ad.enable_account", "ad-account-disabled", "dc1", "samba"),
    _one("ad.allow_replication", "ad-repl-disabled", "dc2", "samba"),
    _one("ad.allow_replication", "ad-repl-no-outbound", "dc2", "samba"),
    _one("ad.enable_connection", "ad-connection-disabled", "dc1", "samba"),
    _one("ad.repair_controller_flags", "ad-controller-flags", "dc1", "samba"),
    _one("ad.allow_aes", "ad-rc4-only", "dc1", "samba"),
    _one("ad.add_records", "ad-srv-gone", "dc1", "samba"),
    _one("ad.add_records", "ad-guid-cname-gone", "dc1", "samba"),
    _one("ad.correct_port", "ad-srv-wrong-port", "dc1", "samba"),
    _one("ad.remove_dangling", "ad-srv-dangling", "dc1", "samba"),
    _one("ad.start_samba", "ad-dc-stopped", "dc2", "samba"),
    _one("ad.start_samba", "ad-role-holder-stopped", "dc1", "samba"),
    _one("ad.restore_services", "ad-kdc-stopped", "dc2", "samba"),
    _one("net.set_root_priority", "root-lost", "sw1", "linux-bridge"),
    _one("net.set_root_priority", "backup-forgotten", "sw2", "linux-bridge"),
    _one("net.set_rapid_priority", "rapid-root-lost", "ov1", "open-vswitch"),
    _one("net.set_rapid_priority", "rapid-rogue-root", "ov3", "open-vswitch"),
    _one("net.set_tree_timers", "timers-unsound", "sw1", "linux-bridge"),
    _one("net.switch_tree_on", "tree-off", "sw4", "linux-bridge"),
    _one("net.match_mtu", "mtu-differs", "sw1", "linux-bridge"),
    _one("net.set_shaper", "shaper-over", "gw1", "htb"),
    _one("net.set_shaper", "shaper-under", "gw1", "htb"),
    _one("net.set_voice_rate", "voice-small", "gw1", "htb"),
    _one("net.set_voice_rate", "promises-over", "gw1", "htb"),
    _one("net.class_voice", "voice-mark-wrong", "gw1", "htb"),
    _one("net.class_voice", "voice-mark-wrong-at-rest", "gw1", "htb"),
    _one("net.queue_uplink", "no-classes", "gw1", "htb"),
)
