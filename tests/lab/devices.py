"""How does a namespace become a network device? Folders and accounts of its own, and a log-in over SSH where it has one.

A device is no booted host: its daemons are started one by one, each with this machine's files and, of its own, /run,
the name, the accounts and what else it is given. All of one device share one /run.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.lab import cells
from tests.lab.hosts import host_key, public_key, sshd_config
from tests.lab.places import UID, USER, Place
from tests.lab.tools import run

__all__ = ["Cable", "argv_in", "batch", "cable", "folder", "password", "start", "start_ssh"]

# $0: the name; $1: its folder of files, laid over those of this machine; $2: its /run; then what to run.
_AS_DEVICE = (
    'hostname "$0" && mount --bind "$2" /run && (cd "$1" && find . -type f) | while read -r file; do '
    'mount --bind "$1/$file" "/$file" || exit 1; done && shift 2 && exec "$@"'
)
# A port at either end: the device, and the name of the port there.
Cable = tuple[tuple[str, str], tuple[str, str]]


def folder(place: Place, device: str) -> Path:
    """Where a device's own things lie: `run`, and `over`, which is laid over this machine's files."""
    top = place.state / "devices" / device
    if not top.exists():
        for name in ("run", "over/etc"):
            (top / name).mkdir(parents=True)
        # Whoever looks for its own name finds it at once.
        (top / "over/etc/hosts").write_text(f"127.0.0.1 localhost\n127.0.1.1 {device}\n", "ascii")
    return top


def argv_in(place: Place, device: str, argv: Sequence[str]) -> tuple[str, ...]:
    """What runs a program as a part of a device, once in its network."""
    top = folder(place, device)
    return ("unshare", "-m", "-u", "sh", "-c", _AS_DEVICE, device, str(top / "over"), str(top / "run"), *argv)


def start(place: Place, device: str, *argv: str, env: Mapping[str, str] | None = None) -> None:
    """Start a daemon of a device, to run until it is ended."""
    words = ("env", *(f"{key}={value}" for key, value in (env or {}).items()), *argv)
    log = place.state / "log" / f"{device}-{Path(argv[0]).name}.log"
    cells.spawn(place, device, argv_in(place, device, words), log)


def batch(place: Place, device: str, lines: Sequence[str]) -> None:
    """Commands of `ip`, in a device's network."""
    run("ip", "-n", place.netns(device), "-batch", "-", text="\n".join(lines))


def cable(place: Place, ends: Cable) -> None:
    """Plug a cable in between two devices; both ports are up."""
    (one, at_one), (other, at_other) = ends
    batch(
        place,
        one,
        [
            (
                f"link add {at_one} address {_mac()} type veth peer name {at_other} address {_mac()} "
                f"netns {place.netns(other)}"
            ),
            f"link set {at_one} alias to-{other}",
            f"link set {at_one} up",
        ],
    )
    batch(place, other, [f"link set {at_other} alias to-{one}", f"link set {at_other} up"])


def _mac() -> str:
    """Of the range that everybody may use (IEEE 802c, AAI)."""
    return "02:" + secrets.token_bytes(5).hex(":")


def password(place: Place, name: str, *words: str) -> str:
    """A secret, made once a lab and kept where the product looks for `file:NAME`; words: lines with '{}' for the secret."""
    file = place.credentials / name
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(0o600)
        file.write_text(
            "".join(f"{word.format(secrets.token_urlsafe(12))}\n" for word in words or ("{}",)), "ascii"
        )
    return file.read_text("ascii")


def start_ssh(place: Place, device: str, *, login: str = "/bin/sh", groups: Sequence[str] = ()) -> None:
    """Let the product's account log in by its key; groups: of this machine, that it is a member of there."""
    top = folder(place, device)
    key = host_key(place, f"{device}.host")
    # Where the account may read it.
    authorised = top / "run/authorized_keys"
    authorised.write_text(f"{public_key(place.credentials / f'{device}.key')}\n", "ascii")
    config = top / "sshd_config"
    config.write_text(
        f"{sshd_config(key)}AuthorizedKeysFile /run/authorized_keys\nStrictModes no\nPidFile none\n", "ascii"
    )
    etc, ours = Path("/etc"), top / "over/etc"
    (ours / "passwd").write_text((etc / "passwd").read_text() + f"{USER}:x:{UID}:{UID}::/:{login}\n")
    (ours / "shadow").write_text((etc / "shadow").read_text() + f"{USER}:*:19000:0:99999:7:::\n")
    shutil.chown(ours / "shadow", group="shadow")
    (ours / "shadow").chmod(0o640)
    lines = [_with_member(line, groups) for line in (etc / "group").read_text().splitlines()]
    (ours / "group").write_text("\n".join([*lines, f"{USER}:x:{UID}:", ""]))
    (top / "run/sshd").mkdir(exist_ok=True)
    start(place, device, "/usr/sbin/sshd", "-D", "-e", "-f", str(config))


def _with_member(line: str, groups: Sequence[str]) -> str:
    if line.partition(":")[0] not in groups:
        return line
    return f"{line}{USER}" if line.endswith(":") else f"{line},{USER}"
