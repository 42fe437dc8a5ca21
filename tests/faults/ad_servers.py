"""What can be wrong with the domain's servers? Replication, services, certificates, policies on disk, trust."""

from __future__ import annotations

import base64
import struct
import time

from tests.faults.ad_act import Act, Do, Sees
from tests.lab import ad, dns, samba
from tests.lab.hosts import resolv_conf
from tests.lab.lab import Lab
from tests.lab.places import AD_ZONE, DCS, DNS1, DNS2, FS1
from tests.lab.tools import until

__all__ = ["ACTS", "conf"]

_DC1, _DC2 = DCS
_CONF, _CLOCK = "/etc/samba/smb.conf", "/etc/systemd/system/samba-ad-dc.service.d/clock.conf"
_GPT = f"{ad.POLICIES}/{ad.OWN_POLICY}/GPT.INI"
_FOLDER, _AWAY = f"{ad.POLICIES}/{ad.OWN_POLICY}", f"{samba.LIB}/policy.kept"
_SECRETS = f"{samba.LIB}/private/secrets.tdb"
_NEITHER, _NO_INBOUND = "1", "3"


def _inbound(options: str) -> Do:
    """Set a controller's own replication options: catalogue server, and perhaps 'fetches from nobody'."""
    ldif = f"dn: {ad.ntds(_DC2.id)}\nchangetype: modify\nreplace: options\noptions: {options}\n"
    return lambda lab: ad.modify(lab, _DC2.id, ldif)


def _seen(inject: Do, what: str, dc: str, result: int) -> Do:
    def do(lab: Lab) -> None:
        inject(lab)
        until(what, lambda: _results(lab, dc, result), seconds=40, every=0.3)

    return do


def _results(lab: Lab, dc: str, result: int) -> bool:
    return any(link.result == result for link in ad.links(lab, dc))


def _silence(lab: Lab) -> None:
    """Let packets vanish between the two controllers, as since two days."""
    lab.filter(_DC2.id, "input", f"ip saddr {_DC1.address} meta l4proto tcp drop")
    # The firewall is as old as the last success: a real one would be noticed only by its age.
    until("the last attempts have ended", lambda: _hangs(lab), seconds=40, every=0.5)
    for part in ad.PARTITIONS:
        _backdate(lab, part, days=2)


def _hangs(lab: Lab) -> bool:
    return bool(found := ad.links(lab, _DC1.id)) and min(link.tried for link in found) < time.time() - 8


def _backdate(lab: Lab, part: str, *, days: float) -> None:
    blob = bytearray(base64.b64decode(ad.values(lab, _DC1.id, part, "repsFrom")[0]))
    old = struct.unpack_from("<Q", blob, 16)[0]
    struct.pack_into("<Q", blob, 16, old - int(days * 86400))
    told = base64.b64encode(blob).decode()
    ldif = f"dn: {part}\nchangetype: modify\nreplace: repsFrom\nrepsFrom:: {told}\n"
    ad.modify(lab, _DC1.id, ldif, as_it_is=True)


def _is_old(lab: Lab) -> bool:
    return any(0 < link.succeeded < time.time() - 86400 for link in ad.links(lab, _DC1.id))


def _rule(dc: str, hook: str, rule: str) -> Do:
    return lambda lab: lab.filter(dc, hook, rule)


def _no_rule(dc: str) -> Do:
    return lambda lab: lab.unfilter(dc)


def _reset(lab: Lab) -> None:
    lab.filter(_DC1.id, "output", f"ip daddr {_DC2.address} meta l4proto tcp reject with tcp reset")
    until("replication is refused", lambda: _refused(lab), seconds=60, every=0.3)


def _refused(lab: Lab) -> bool:
    return any(link.failures for link in ad.links(lab, _DC1.id))


def _clock(lab: Lab) -> None:
    library = lab.on(_DC2.id, "sh", "-c", "ls /usr/lib/*/faketime/libfaketimeMT.so.1").stdout.strip()
    lines = f'[Service]\nEnvironment=LD_PRELOAD={library} "FAKETIME=+10m" FAKETIME_DONT_FAKE_MONOTONIC=1\n'
    # Else the modules of the directory, and with them what LDAP says of the time, would see the real clock.
    lines += "Environment=LDB_MODULES_DISABLE_DEEPBIND=1\n"
    lab.write(_DC2.id, _CLOCK, lines)
    lab.on(_DC2.id, "systemctl", "daemon-reload")
    ad.restart(lab, _DC2.id)


def _no_clock(lab: Lab) -> None:
    lab.on(_DC2.id, "rm", _CLOCK)
    lab.on(_DC2.id, "systemctl", "daemon-reload")
    ad.restart(lab, _DC2.id)


def _skewed(lab: Lab) -> bool:
    return "skew" in ad.kinit(lab, ad.READER, ad.password(lab, ad.READER), _DC2.id).lower()


def conf(change: str = "", instead: str = "") -> Do:
    """Restart the second controller with a line of its configuration changed; with none, as it was."""

    def do(lab: Lab) -> None:
        text = samba.smb_conf(_DC2)
        lab.write(_DC2.id, _CONF, text.replace(change, instead) if change else text)
        lab.on(_DC2.id, "systemctl", "restart", "samba-ad-dc.service", timeout=60)
        until("it answers DNS", lambda: bool(dns.serial(lab.place, _DC2.address, AD_ZONE)), seconds=30)
        lab.wait_listening(_DC2.id, 636)

    return do


def _identity(name: str, *, by: str = "ad-ca", begun_days: int = 0) -> Do:
    """Give the second controller a certificate for this name."""

    def do(lab: Lab) -> None:
        mine, _ = samba.issue(lab.place, name, by=by, begun_days=begun_days)
        lab.write(_DC2.id, samba.CERTIFICATE, mine.certificate.read_text("ascii"))
        lab.write(_DC2.id, samba.KEY, mine.key.read_text("ascii"))
        ad.restart(lab, _DC2.id)
        lab.wait_listening(_DC2.id, 636)

    return do


def _tls_says(word: str) -> Sees:
    def shows(lab: Lab) -> bool:
        root = str(samba.authority_of(lab.place).root)
        words = ("-verify_return_error", "-verify_hostname", _DC2.name, "-CAfile", root)
        where = ("openssl", "s_client", "-connect", f"{_DC2.address}:636", *words)
        done = lab.on("agent", *where, check=False, text="")
        return word in done.stdout + done.stderr

    return shows


def _port(port: int, told: int) -> Sees:
    """A connection to a port of the second controller ends so: 1 refused, 124 no answer."""
    words = ("timeout", "1", "bash", "-c", f"exec 3<>/dev/tcp/{_DC2.address}/{port}")
    return lambda lab: lab.on("agent", *words, check=False).returncode == told


def _resolves(lab: Lab, dc: str) -> bool:
    return bool(dns.ask(lab.place, dc, DNS1.name, "A"))


def _break_trust(lab: Lab) -> None:
    """The member server forgets its password, as one that was put back to an old snapshot."""
    lab.on(FS1.id, "systemctl", "stop", *samba.services(FS1), timeout=60)
    lab.on(FS1.id, "cp", "-a", _SECRETS, f"{_SECRETS}.kept")
    lab.on(FS1.id, "net", "changesecretpw", "-f", text=f"{samba.new_password()}\n")
    _start_member(lab)


def _mend_trust(lab: Lab) -> None:
    lab.on(FS1.id, "systemctl", "stop", *samba.services(FS1), timeout=60)
    lab.on(FS1.id, "mv", f"{_SECRETS}.kept", _SECRETS)
    _start_member(lab)
    until("fs1 and the domain trust each other", lambda: ad.trusted(lab), seconds=30, every=0.3)


def _start_member(lab: Lab) -> None:
    # The channel that was agreed on before would outlive the password.
    lab.on(FS1.id, "rm", "-f", f"{samba.LIB}/private/netlogon_creds_cli.tdb")
    lab.on(FS1.id, "systemctl", "start", *samba.services(FS1), timeout=60)


def _asks(*servers: str) -> Do:
    return lambda lab: lab.write(FS1.id, "/etc/resolv.conf", resolv_conf(*servers, search=AD_ZONE))


def _on_disk(dc: str, path: str, lab: Lab) -> str:
    return lab.on(dc, "cat", path, check=False).stdout


def _write(path: str, text: str) -> Do:
    return lambda lab: lab.write(_DC2.id, path, text)


def _move(source: str, target: str) -> Do:
    return lambda lab: lab.void(_DC2.id, "mv", source, target)


ACTS = (
    Act(
        name="repl-disabled",
        host=_DC2.id,
        inject=_seen(_inbound(_NO_INBOUND), "dc2 refuses to fetch", _DC2.id, 8457),
        undo=_inbound(_NEITHER),
        shows=lambda lab: ad.values(lab, _DC2.id, ad.ntds(_DC2.id), "options") == (_NO_INBOUND,),
    ),
    Act(name="repl-refused", host=_DC2.id, inject=_reset, undo=_no_rule(_DC1.id), shows=_refused),
    Act(
        name="repl-dropped",
        host=_DC2.id,
        inject=_silence,
        undo=_no_rule(_DC2.id),
        shows=_is_old,
        note="the last success is dated back by two days",
    ),
    Act(
        name="dc-stopped",
        host=_DC2.id,
        inject=lambda lab: ad.stop(lab, _DC2.id),
        undo=lambda lab: ad.start(lab, _DC2.id),
        shows=lambda lab: not dns.serial(lab.place, _DC2.address, AD_ZONE),
    ),
    Act(
        name="role-holder-stopped",
        host=_DC1.id,
        inject=lambda lab: ad.stop(lab, _DC1.id),
        undo=lambda lab: ad.start(lab, _DC1.id),
        shows=lambda lab: not dns.serial(lab.place, _DC1.address, AD_ZONE),
    ),
    Act(
        name="dc-clock-off",
        host=_DC2.id,
        inject=_clock,
        undo=_no_clock,
        shows=_skewed,
        note="only the processes of Samba see another time",
    ),
    Act(
        name="gpo-version-differs",
        host=_DC2.id,
        inject=_write(_GPT, "[General]\r\nVersion=65537\r\n"),
        undo=_write(_GPT, "[General]\r\nVersion=1\r\n"),
        shows=lambda lab: "65537" in _on_disk(_DC2.id, _GPT, lab),
    ),
    Act(
        name="gpo-folder-missing",
        host=_DC2.id,
        inject=_move(_FOLDER, _AWAY),
        undo=_move(_AWAY, _FOLDER),
        shows=lambda lab: not _on_disk(_DC2.id, _GPT, lab),
    ),
    Act(
        name="sysvol-differs",
        host=_DC2.id,
        inject=_write(ad.SCRIPT, "@net use h: \\\\file1\\daten\r\n"),
        undo=_write(ad.SCRIPT, ad.SCRIPT_TEXT),
        shows=lambda lab: _on_disk(_DC1.id, ad.SCRIPT, lab) != _on_disk(_DC2.id, ad.SCRIPT, lab),
    ),
    Act(
        name="trust-broken",
        host=FS1.id,
        inject=_break_trust,
        undo=_mend_trust,
        shows=lambda lab: not ad.trusted(lab),
    ),
    Act(
        name="ldaps-expired",
        host=_DC2.id,
        inject=_identity(_DC2.name, begun_days=60),
        undo=_identity(_DC2.name),
        shows=_tls_says("certificate has expired"),
    ),
    Act(
        name="ldaps-other-name",
        host=_DC2.id,
        inject=_identity(f"old-dc.{AD_ZONE}"),
        undo=_identity(_DC2.name),
        shows=_tls_says("ostname mismatch"),
    ),
    Act(
        name="ldaps-unknown-ca",
        host=_DC2.id,
        inject=_identity(_DC2.name, by="other-ca"),
        undo=_identity(_DC2.name),
        shows=_tls_says("unable to get local issuer"),
    ),
    Act(
        name="ldap-filtered",
        host=_DC2.id,
        inject=_rule(_DC2.id, "input", "tcp dport { 389, 636 } drop"),
        undo=_no_rule(_DC2.id),
        shows=_port(389, 124),
    ),
    Act(
        name="kdc-filtered",
        host=_DC2.id,
        inject=_rule(_DC2.id, "input", "meta l4proto { tcp, udp } th dport 88 drop"),
        undo=_no_rule(_DC2.id),
        shows=_port(88, 124),
    ),
    Act(
        name="smb-filtered",
        host=_DC2.id,
        inject=_rule(_DC2.id, "input", "tcp dport 445 drop"),
        undo=_no_rule(_DC2.id),
        shows=_port(445, 124),
    ),
    Act(
        name="rpc-rejected",
        host=_DC2.id,
        inject=_rule(_DC2.id, "input", "tcp dport { 135, 3268 } reject with tcp reset"),
        undo=_no_rule(_DC2.id),
        shows=_port(135, 1),
    ),
    Act(
        name="kdc-stopped",
        host=_DC2.id,
        inject=conf("[sysvol]", "server services = -kdc\n[sysvol]"),
        undo=conf(),
        shows=_port(88, 1),
    ),
    Act(
        name="no-forwarder",
        host=_DC2.id,
        inject=conf(f"dns forwarder = {DNS1.address}\n"),
        undo=conf(),
        shows=lambda lab: not _resolves(lab, _DC2.address),
    ),
    Act(
        name="member-other-resolver",
        host=FS1.id,
        inject=_asks(DNS2.address),
        undo=_asks(*samba.resolvers(FS1)),
        shows=lambda lab: bool(
            lab.on(FS1.id, "timeout", "5", "getent", "hosts", _DC1.name, check=False).returncode
        ),
    ),
)
