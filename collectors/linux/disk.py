"""Is a disk of this host full, out of inodes, or suddenly read-only? Only local file systems are touched."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from collectors import Finding, Shell, collector, fault, note, warn
from collectors.linux.output import count_of, plain, printed, rounded_bytes, unparsable

DISK_FULL = fault(
    "linux.disk-full",
    "{mount} is {percent} % full: {free} of {size} are left",
    "{mount} ist zu {percent} % voll: {free} von {size} sind frei",
    do=(
        (
            "Find what grows on {mount} (du -x) and delete, move or rotate it, or enlarge the file system. Where du finds "
            "less than is used, a process holds a deleted file open (lsof +L1): restart that process."
        ),
        (
            "Auf {mount} suchen, was wächst (du -x), und löschen, verschieben oder rotieren; oder vergrößern. Zählt 'du' "
            "weniger, als belegt ist, hält ein Prozess eine gelöschte Datei offen (lsof +L1): diesen neu starten."
        ),
    ),
)
DISK_FILLING = warn(
    "linux.disk-filling",
    "{mount} is {percent} % full: {free} of {size} are left",
    "{mount} ist zu {percent} % belegt: {free} von {size} sind frei",
)
INODES_FULL = fault(
    "linux.inodes-full",
    "{mount} has {free} of {size} inodes left: no new files can be made although there may be space",
    "{mount} hat {free} von {size} Inodes frei: neue Dateien gehen nicht, auch wenn noch Platz ist",
    do=(
        "Find the directory on {mount} with most files (often sessions, spool or cache).",
        "Das Verzeichnis auf {mount} mit den meisten Dateien suchen (oft Sitzungen, Spool oder Cache).",
    ),
)
READ_ONLY = fault(
    "linux.filesystem-read-only",
    "{mount} ({device}) has become read-only although it should be writable",
    "{mount} ({device}) ist nur noch lesbar, obwohl es beschreibbar sein soll",
    do=(
        "Look for disk errors in the kernel log before it is mounted writable again.",
        "Vor dem Wiedereinhängen im Kernel-Log nach Plattenfehlern suchen.",
    ),
)
UNMEASURED = note(
    "linux.disk-unmeasured",
    "could not be measured, so it is not known how full it is: {mounts}",
    "ließ sich nicht messen, also ist nicht bekannt, wie voll es ist: {mounts}",
)
_KEPT = re.compile(
    r"bcachefs|btrfs|exfat|ext[234]|f2fs|fuseblk|jfs|jffs2|msdos|nilfs2|ntfs3?|overlay|reiserfs|tmpfs|ubifs"
    r"|vfat|xfs|zfs"
)
_NETWORK = re.compile(
    r"nfs\d?|cifs|smb3?|smbfs|afs|ceph|9p|autofs|glusterfs|lustre|fuse\..*|davfs|ocfs2|gfs2"
)
_INFO = re.compile(r"\d+ \d+ (\d+:\d+) \S+ (\S+) (\S+)(?: \S+:\S+| shared| unbindable)* - (\S+) (\S*) (\S+)")
# ext4 of Linux 6.15 and newer keeps 'rw' after an error and adds a word of its own.
_READS_ONLY = frozenset({"ro", "emergency_ro", "shutdown"})
_STAT = ("stat", "-f", "-c", "%b %f %a %S %c %d %n", "--")
_SIZE = re.compile(r"(\d{1,20}) (\d{1,20}) (\d{1,20}) (\d{1,20}) (\d{1,20}) (\d{1,20}) (/.*)")
# Places for data that changes, file-hierarchy(7).
_DATA = re.compile(r"/(?:home|root|run|srv|tmp|var(?:/(?:cache|lib|log|mail|spool|tmp))?)")
# Files that a container is given by its machine.
_GIVEN = re.compile(r"/etc/(?:hosts|hostname|resolv\.conf)")
# As many mounts as fit into one command, also with the long names of Kubernetes.
_AT_ONCE = 300
_GIB = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Filesystem:
    """One local file system. Sizes in bytes, as an ordinary account may use them.

    reads_only: it cannot be written to; intended: that is how it was mounted and how fstab wants it.
    """

    mount: str
    device: str
    kind: str
    size: int
    used: int
    free: int
    inodes: int
    inodes_free: int
    reads_only: bool
    intended: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Disks:
    """unmeasured: mounts that could not be looked at, mostly for want of rights."""

    filesystems: tuple[Filesystem, ...]
    unmeasured: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Mount:
    device: str
    mount: str
    kind: str
    number: str
    mount_reads_only: bool
    device_reads_only: bool

    @property
    def reads_only(self) -> bool:
        return self.mount_reads_only or self.device_reads_only


def judge(seen: Disks) -> Iterator[Finding]:
    for fs in seen.filesystems:
        mount = plain(fs.mount)
        if fs.reads_only:
            if not fs.intended:
                yield READ_ONLY(mount=mount, device=plain(fs.device))
            continue
        full = _space(fs)
        if full:
            yield full
        # These make inodes from free space: they have none left because they are full.
        if not (full and fs.kind in {"xfs", "zfs"}) and fs.inodes_free < min(fs.inodes / 20, 20_000):
            yield INODES_FULL(mount=mount, free=fs.inodes_free, size=fs.inodes)
    if seen.unmeasured:
        yield UNMEASURED(mounts=plain(", ".join(seen.unmeasured)))


def _space(fs: Filesystem) -> Finding | None:
    usable = fs.used + fs.free
    if usable < 1 << 20:
        return None
    percent = 100 * fs.used / usable
    if percent >= 95 and fs.free < 5 * _GIB:
        tag = DISK_FULL
    elif percent >= 95 or (percent >= 85 and fs.free < 20 * _GIB):
        tag = DISK_FILLING
    else:
        return None
    free, size = rounded_bytes(fs.free), rounded_bytes(fs.size)
    return tag(mount=plain(fs.mount), percent=int(percent), free=free, size=size)


@collector(
    "linux.disk",
    asks=(
        "Is there room on the file systems, and can they be written?",
        "Ist auf den Dateisystemen Platz, und sind sie beschreibbar?",
    ),
    judge=judge,
    platform="linux",
)
async def disk(host: Shell) -> Disks:
    """Measure every local file system once."""
    mounts = _local(printed(await host.run("cat", "--", "/proc/self/mountinfo")))
    sizes: dict[str, re.Match[str]] = {}
    for at in range(0, len(mounts), _AT_ONCE):
        ran = await host.run(*_STAT, *(m.mount for m in mounts[at : at + _AT_ONCE]))
        lines = printed(ran, codes=(0, 1)).splitlines()
        sizes |= {m[7]: m for line in lines if (m := _SIZE.fullmatch(line))}
    if not sizes:
        raise unparsable("stat -f measured no file system", ran.stdout + ran.stderr)
    fstab: dict[str, frozenset[str]] = {}
    if any(m.mount_reads_only for m in mounts):
        fstab = _options((await host.run("cat", "--", "/etc/fstab")).stdout)
    return Disks(
        filesystems=_pooled([_measured(m, sizes[m.mount], fstab) for m in mounts if m.mount in sizes]),
        # The small memory file systems of containers and sessions are nobody else's business.
        unmeasured=tuple(m.mount for m in mounts if m.mount not in sizes and m.kind != "tmpfs"),
    )


def _pooled(measured: list[Filesystem]) -> tuple[Filesystem, ...]:
    """Take the datasets of one ZFS pool that share its free space for one file system."""
    shared: dict[tuple[str, ...], Filesystem] = {}
    for fs in sorted(measured, key=lambda fs: len(fs.mount)):
        whole = (fs.device.partition("/")[0], str(fs.free), str(fs.reads_only)) if fs.kind == "zfs" else ()
        first = shared.setdefault(whole or (fs.mount,), fs)
        if first is not fs:
            used = first.used + fs.used
            shared[whole] = replace(first, used=used, size=used + fs.free)
    return tuple(sorted(shared.values(), key=lambda fs: fs.mount))


def _measured(mount: _Mount, size: re.Match[str], fstab: dict[str, frozenset[str]]) -> Filesystem:
    blocks, unused, free, unit, inodes, inodes_free = (count_of(size[i]) for i in range(1, 7))
    return Filesystem(
        mount=mount.mount,
        device=mount.device,
        kind=mount.kind,
        size=blocks * unit,
        used=max(blocks - unused, 0) * unit,
        free=free * unit,
        inodes=inodes,
        inodes_free=inodes_free,
        reads_only=mount.reads_only,
        intended=_is_intended(mount, fstab.get(mount.mount)),
    )


def _local(text: str) -> tuple[_Mount, ...]:
    """Pick the local file systems that are on top, each device once, its shortest writable mount."""
    shown = {m.mount: m for line in text.splitlines() if (m := _mount(line))}
    if not shown:
        raise unparsable("/proc/self/mountinfo shows no mount", text)
    network = tuple(f"{m.mount}/" for m in shown.values() if _NETWORK.fullmatch(m.kind))
    kept: dict[str, _Mount] = {}
    for m in sorted(shown.values(), key=lambda m: (m.reads_only and m.mount_reads_only, len(m.mount))):
        reachable = (
            m.mount.isprintable() and not m.mount.startswith(network) and not _GIVEN.fullmatch(m.mount)
        )
        # An overlay is a container's root, or a container's that is none of ours.
        if reachable and _KEPT.fullmatch(m.kind) and (m.kind != "overlay" or m.mount == "/"):
            kept.setdefault(m.number, m)
    if not kept:
        raise unparsable("the host shows no local file system that can be measured")
    return tuple(sorted(kept.values(), key=lambda m: m.mount))


def _mount(line: str) -> _Mount | None:
    match = _INFO.fullmatch(line)
    if match is None:
        return None
    number, mount, options, kind, device, super_options = match.groups()
    own, whole = (bool(_READS_ONLY & {*words.split(",")}) for words in (options, super_options))
    return _Mount(_unescaped(device), _unescaped(mount), kind, number, own, whole)


def _unescaped(text: str) -> str:
    return text if "\\" not in text else re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), text)


def _options(fstab: str) -> dict[str, frozenset[str]]:
    rows = [line.split() for line in fstab.splitlines() if not line.lstrip().startswith("#")]
    return {_unescaped(row[1]): frozenset(row[3].split(",")) for row in rows if len(row) >= 4}


def _is_intended(mount: _Mount, wanted: frozenset[str] | None) -> bool:
    """Say whether somebody meant a read-only mount to be so."""
    # After an error the kernel makes the file system read-only and leaves the mount's own word as it was.
    if not mount.mount_reads_only:
        return False
    # The root of an image-based system, a copy of another pool: these never become so by an error.
    if mount.kind in {"overlay", "zfs"}:
        return True
    if wanted is not None:
        return bool(wanted & {"ro", "noauto"})
    # Nobody wrote it down. A part shown elsewhere, or a system image, may be meant so; data is not.
    return not (mount.device_reads_only and _DATA.fullmatch(mount.mount))
