"""What is on each of Musterbau's Linux servers? Its files, its services, and how it is started."""

from __future__ import annotations

import grp
import json
import pwd
import re
import secrets
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.lab import gates, samba, voice_server
from tests.lab.cells import spawn
from tests.lab.places import AD_ZONE, DCS, DNS1, FS1, GATES, HOSTS, PBX, UID, USER, ZONE, Box, Place
from tests.lab.tools import LabError, run

__all__ = [
    "AUTHORISED",
    "AUTH_INI",
    "CERT",
    "TARGET",
    "certificate",
    "host_key",
    "public_key",
    "resolv_conf",
    "sshd_config",
    "start",
]

HERE = Path(__file__).resolve().parent
TARGET = "server.target"
AUTHORISED = f"/home/{USER}/.ssh/authorized_keys"
CERT = "/etc/webshop/tls/cert.pem"
AUTH_INI = "[auth]\nport = 9000\naccounts = meier schulz huber\n"
SRV = "size=64m,nr_inodes=2000,mode=755"
_DOMAIN = (*DCS, FS1)
_TIME = next(box.address for box in HOSTS if box.id == "mgmt1")

# Units that would touch the shared kernel, or that only cost time.
_MASKED = (
    "dev-hugepages.mount",
    "dev-mqueue.mount",
    "kmod-static-nodes.service",
    "proc-sys-fs-binfmt_misc.automount",
    "sys-fs-fuse-connections.mount",
    "sys-kernel-config.mount",
    "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount",
    "systemd-binfmt.service",
    "systemd-firstboot.service",
    "systemd-hwdb-update.service",
    "systemd-journald-audit.socket",
    "systemd-journal-flush.service",
    "systemd-machine-id-commit.service",
    "systemd-modules-load.service",
    "systemd-networkd.service",
    "systemd-pstore.service",
    "systemd-random-seed.service",
    "systemd-remount-fs.service",
    "systemd-repart.service",
    "systemd-resolved.service",
    "systemd-sysctl.service",
    "systemd-sysusers.service",
    "systemd-timesyncd.service",
    "systemd-tmpfiles-clean.timer",
    "systemd-tmpfiles-setup-dev.service",
    "systemd-tmpfiles-setup.service",
    "systemd-tpm2-setup.service",
    "systemd-udevd.service",
    "systemd-udevd-control.socket",
    "systemd-udevd-kernel.socket",
    "systemd-udev-trigger.service",
    "systemd-update-done.service",
    "systemd-update-utmp.service",
    "systemd-ask-password-console.path",
    "systemd-ask-password-wall.path",
    "systemd-pcrphase.service",
    "systemd-pcrphase-sysinit.service",
    "systemd-initctl.socket",
    "systemd-hibernate-clear.service",
    "systemd-pcrlock-make-policy.service",
)
_EMPTY = (
    "etc/systemd/system",
    "etc/samba",
    "etc/ssh",
    "etc/chrony",
    "etc/cron.d",
    "etc/openvpn",
    "etc/swanctl",
    "etc/wireguard",
    "var/cache/samba",
    "var/lib/chrony",
    "var/spool/cron",
    "var/mail",
)


@dataclass(slots=True)
class Spec:
    """The files of one host, collected; `boot.py` reads them as JSON."""

    files: list[dict[str, Any]] = field(default_factory=list)

    def add(
        self, path: str, text: str | None, mode: int = 0o644, user: str = "root", group: str = ""
    ) -> None:
        """Add a file, or with no text a folder."""
        uid = UID if user == USER else pwd.getpwnam(user).pw_uid
        gid = UID if user == USER else grp.getgrnam(group or user).gr_gid
        self.files.append({"path": path.lstrip("/"), "text": text, "mode": mode, "owner": [uid, gid]})


def resolv_conf(*servers: str, search: str = ZONE) -> str:
    return f"search {search}\n" + "".join(f"nameserver {server}\n" for server in servers)


def certificate(place: Place, name: str, *, begins_days: float = -1, days: float = 365) -> tuple[str, str]:
    """Make a self-signed certificate with its key, both PEM; the validity is counted in days from now."""
    folder = place.state / "tls"
    folder.mkdir(exist_ok=True)
    key, config = folder / f"{name}.key", folder / f"{name}.cnf"
    if not key.exists():
        run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(key))
    config.write_text(f"[req]\ndistinguished_name=d\nprompt=no\n[d]\nCN={name}\nO=Musterbau GmbH\n", "ascii")
    # `openssl x509` takes any number of days, also less than none; the faked clock gives the beginning.
    asked = run("openssl", "req", "-new", "-key", str(key), "-config", str(config)).stdout
    made = run(
        "faketime",
        "-f",
        f"{begins_days:+.0f}d",
        "openssl",
        "x509",
        "-req",
        "-signkey",
        str(key),
        "-days",
        f"{days - begins_days:.0f}",
        text=asked,
    )
    return made.stdout, key.read_text("ascii")


def public_key(private: Path) -> str:
    return " ".join(private.with_name(f"{private.name}.pub").read_text("ascii").split()[:2])


def host_key(place: Place, name: str) -> Path:
    """Make (once) an Ed25519 key pair; give the path of its private half."""
    file = place.state / "keys" / name
    if not file.exists():
        file.parent.mkdir(exist_ok=True)
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(file))
    return file


def start(place: Place, box: Box) -> int:
    """Boot a host; gives the process id of what waits for its PID 1."""
    state = place.state / "hosts" / box.id
    state.mkdir(parents=True, exist_ok=True)
    spec = place.state / "hosts" / f"{box.id}.json"
    spec.write_text(json.dumps(_spec(place, box, state)), encoding="utf-8")
    spec.chmod(0o600)
    argv = (
        "unshare",
        "-m",
        "-u",
        "-i",
        "-p",
        "-C",
        sys.executable,
        "-I",
        "-S",
        str(HERE / "boot.py"),
        str(spec),
    )
    return spawn(place, box.id, argv, place.state / "log" / f"{box.id}.log")


def _spec(place: Place, box: Box, state: Path) -> dict[str, Any]:
    spec = Spec()
    _basics(spec, box)
    _login(spec, place, box)
    _time(spec, box)
    wanted = ["dbus.service", "ssh.service", "chrony.service", *_services(spec, place, box)]
    spec.add(f"etc/systemd/system/{TARGET}", _target(wanted))
    groups = ("adm", "systemd-journal", *((voice_server.GROUP,) if box == PBX else ()))
    return {
        "state": str(state),
        "hostname": box.id,
        "target": TARGET,
        "srv": SRV,
        "binds": {samba.LIB.lstrip("/"): str(place.ad / box.id)} if box in _DOMAIN else {},
        "empty": _EMPTY,
        "append": {
            "etc/passwd": f"{USER}:x:{UID}:{UID}::/home/{USER}:/bin/sh\n",
            "etc/shadow": f"{USER}:*:19000:0:99999:7:::\n",
            "etc/group": f"{USER}:x:{UID}:\n" + "".join(_joined(group) for group in groups),
        },
        "links": {f"etc/systemd/system/{unit}": "/dev/null" for unit in _MASKED}
        | {f"etc/systemd/system-generators/{name}": "/dev/null" for name in _generators()},
        "files": spec.files,
    }


def _joined(group: str) -> str:
    """A second line for the same group: the C library reads the members of both."""
    return f"{group}:x:{grp.getgrnam(group).gr_gid}:{USER}\n"


def _generators() -> list[str]:
    return sorted(
        {
            path.name
            for top in ("/lib", "/usr/lib", "/etc", "/usr/local/lib")
            for path in Path(top, "systemd/system-generators").glob("*")
        }
    )


def _target(wanted: list[str]) -> str:
    names = " ".join(wanted)
    return (
        "[Unit]\nDescription=Server\nRequires=basic.target\nAfter=basic.target\n"
        f"Wants={names}\nAfter={names}\nAllowIsolate=yes\n"
    )


def _basics(spec: Spec, box: Box) -> None:
    machine = secrets.token_hex(16)
    spec.add("etc/hostname", f"{box.id}\n")
    spec.add("etc/hosts", f"127.0.0.1 localhost\n{box.address} {box.name} {box.id}\n")
    asks = resolv_conf(*samba.resolvers(box), search=AD_ZONE) if box in _DOMAIN else resolv_conf(DNS1.address)
    spec.add("etc/resolv.conf", asks)
    spec.add("etc/machine-id", f"{machine}\n", 0o444)
    spec.add("etc/fstab", "# nothing to mount at boot\n")
    spec.add(
        "etc/systemd/journald.conf",
        "[Journal]\nStorage=volatile\nRuntimeMaxUse=16M\nReadKMsg=yes\nAudit=no\n",
    )
    spec.add("run/lock", None, 0o1777)
    spec.add("run/log", None, 0o755)
    spec.add("run/log/journal", None, 0o2755, "root", "systemd-journal")
    spec.add(f"run/log/journal/{machine}", None, 0o2755, "root", "systemd-journal")


def _login(spec: Spec, place: Place, box: Box) -> None:
    key = host_key(place, f"{box.id}.host")
    own = "Include /etc/ssh/sshd_config.d/*.conf\n"
    spec.add("etc/ssh/sshd_config", own + sshd_config(Path("/etc/ssh/ssh_host_ed25519_key")))
    spec.add("etc/ssh/sshd_config.d", None)
    # Changes are made with another account than questions are asked with, and another key.
    own_keys = (
        "PermitRootLogin prohibit-password\nAuthorizedKeysFile .ssh/authorized_keys /etc/ssh/changes/%u\n"
    )
    spec.add("etc/ssh/sshd_config.d/changes.conf", own_keys)
    spec.add("etc/ssh/changes", None)
    spec.add("etc/ssh/changes/root", f"{public_key(place.credentials / f'{box.id}.change.key')}\n", 0o600)
    spec.add("etc/ssh/ssh_host_ed25519_key", key.read_text("ascii"), 0o600)
    spec.add("etc/ssh/ssh_host_ed25519_key.pub", f"{public_key(key)} root@{box.id}\n")
    spec.add(f"home/{USER}", None, 0o750, USER)
    spec.add(f"home/{USER}/.ssh", None, 0o700, USER)
    spec.add(AUTHORISED, f"{public_key(place.credentials / f'{box.id}.key')}\n", 0o600, USER)


def sshd_config(key: Path) -> str:
    """What every SSH server of the lab has in common; key: who it is."""
    version = re.search(r"OpenSSH_(\d+)\.(\d+)", run("ssh", "-V").stderr)
    if version is None:
        raise LabError("'ssh -V' does not say which OpenSSH this is")
    # From 9.8 on sshd makes an address wait after failed log-ins; the lab fails on purpose, many times.
    lenient = ["PerSourcePenalties no"] if (int(version[1]), int(version[2])) >= (9, 8) else []
    return "\n".join(
        (
            f"HostKey {key}",
            "UsePAM no",
            "PermitRootLogin no",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "UseDNS no",
            "PrintMotd no",
            "MaxStartups 100",
            "MaxSessions 50",
            "AcceptEnv LANG LC_*",
            "Subsystem sftp internal-sftp",
            *lenient,
            "",
        )
    )


def _time(spec: Spec, box: Box) -> None:
    source = (
        ["local stratum 3", "allow 10.77.1.0/24"]
        if box.address == _TIME
        else [f"server {_TIME} iburst minpoll -1 maxpoll 2"]
    )
    if box in DCS:
        # A controller gives its domain the time.
        source.append("allow 10.77.1.0/24")
    spec.add("etc/chrony/chrony.conf", "\n".join((*source, "driftfile /var/lib/chrony/chrony.drift", "")))
    for folder in ("var/lib/chrony", "run/chrony"):
        spec.add(folder, None, 0o750, "_chrony")
    # -x: it measures and answers, and never touches the clock, which is this machine's.
    spec.add(
        "etc/systemd/system/chrony.service",
        _unit(
            "chrony, an NTP client/server",
            "/usr/sbin/chronyd -x -n",
        ),
    )


def _unit(description: str, command: str, *more: str) -> str:
    lines = "\n".join(more)
    return f"[Unit]\nDescription={description}\nAfter=network.target\n\n[Service]\nExecStart={command}\n{lines}\n"


def _services(spec: Spec, place: Place, box: Box) -> list[str]:
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin") or str(Path(sys.executable).resolve())
    match box.id:
        case "web1" | "web2":
            _webshop(spec, place, box, python)
            return ["webshop.service"]
        case "app1":
            spec.add("etc/auth/auth.ini", AUTH_INI, 0o640, "root", "www-data")
            _program(spec, "auth", "Log-in service", python)
            return ["auth.service"]
        case _ if box in GATES:
            for file in gates.files(place, box):
                spec.add(file.path, file.text, file.mode)
            return list(gates.UNITS[box.id])
        case "pbx":
            for path, text, mode, owner in voice_server.files(place):
                spec.add(path, text, mode, "root", owner)
            return list(voice_server.SERVICES)
        case _ if box in _DOMAIN:
            return _in_domain(spec, place, box)
        case _:
            return []


def _in_domain(spec: Spec, place: Place, box: Box) -> list[str]:
    spec.add("etc/samba/smb.conf", samba.smb_conf(box))
    spec.add("etc/krb5.conf", samba.krb5_conf())
    for folder in ("run/samba", "var/log/samba", "srv/daten"):
        spec.add(folder, None, 0o755)
    if box in DCS:
        mine, root = samba.issue(place, box.name)
        spec.add("etc/samba/tls", None, 0o755)
        spec.add(samba.CERTIFICATE, mine.certificate.read_text("ascii"))
        spec.add(samba.CA, root.read_text("ascii"))
        spec.add(samba.KEY, mine.key.read_text("ascii"), 0o600)
    wanted = list(samba.services(box))
    for unit in wanted:
        spec.add(f"etc/systemd/system/{unit}.d/lab.conf", samba.own_unit(box, unit))
    return wanted


def _webshop(spec: Spec, place: Place, box: Box, python: str) -> None:
    cert, key = certificate(place, box.name)
    spec.add("etc/webshop/tls", None, 0o755)
    spec.add(CERT, cert)
    spec.add("etc/webshop/tls/key.pem", key, 0o640, "root", "www-data")
    spec.add("srv/webshop", None, 0o755, "www-data")
    _program(spec, "webshop", "Musterbau webshop", python)


def _program(spec: Spec, name: str, description: str, python: str) -> None:
    spec.add(f"opt/{name}/{name}.py", (HERE / "programs" / f"{name}.py").read_text("utf-8"))
    # Three tries, then systemd gives up and the unit is failed.
    spec.add(
        f"etc/systemd/system/{name}.service",
        _unit(
            description,
            f"{python} -I -S /opt/{name}/{name}.py",
            "User=www-data",
            "Restart=on-failure",
            "RestartSec=200ms",
        ).replace("[Service]", "StartLimitIntervalSec=30\nStartLimitBurst=3\n\n[Service]"),
    )
