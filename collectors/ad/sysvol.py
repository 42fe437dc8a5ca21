"""Which files of group policies and scripts does this controller have? SYSVOL, read on a Samba controller itself.

Samba does not replicate SYSVOL: copying it is a script of the customer's own, and fails unseen.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from collectors import About, Finding, Kind, Shell, Unanswered, collector, fault, note, survey
from collectors.ad.gpo import Policies, Policy, gpo

__all__ = ["Sysvol", "agreement", "sysvol"]

FOLDER_MISSING = fault(
    "ad.policy-folder-missing",
    "the files of the group policy {policy} ({guid}) are missing on this controller",
    "auf diesem Controller fehlen die Dateien der Gruppenrichtlinie {policy} ({guid})",
    do=(
        "Copy the folder {guid} from a controller that has it; then see why SYSVOL is not replicated.",
        "Den Ordner {guid} von einem Controller kopieren, der ihn hat; dann klären, warum SYSVOL nicht repliziert wird.",
    ),
)
VERSION_DIFFERS = fault(
    "ad.policy-version-differs",
    "the group policy {policy} has version {directory} in the directory and {files} in this controller's files",
    "die Gruppenrichtlinie {policy} hat im Verzeichnis die Version {directory}, in den Dateien dieses Controllers {files}",
    do=(
        "See whether the directory or SYSVOL is not replicated; then save the policy again on one controller.",
        "Klären, ob das Verzeichnis oder SYSVOL nicht repliziert wird; dann die Richtlinie an einem Controller neu speichern.",
    ),
)
JUST_CHANGED = note(
    "ad.policy-just-changed",
    "the group policy {policy} was changed a moment ago, and directory and files do not agree yet",
    "die Gruppenrichtlinie {policy} wurde eben geändert, Verzeichnis und Dateien stimmen noch nicht überein",
)
ORPHAN = note(
    "ad.policy-orphan",
    "SYSVOL has a folder {guid} of which the directory knows no group policy",
    "SYSVOL hat einen Ordner {guid}, zu dem das Verzeichnis keine Gruppenrichtlinie kennt",
)
DIFFERS = fault(
    "ad.sysvol-differs",
    "SYSVOL is not the same on {servers}: {count} files differ or are missing, such as {files}",
    "SYSVOL ist auf {servers} nicht gleich: {count} Dateien unterscheiden sich oder fehlen, etwa {files}",
    do=(
        "Look at what copies SYSVOL between the controllers (rsync, osync, DFSR): when did it last run without an error?",
        "Nachsehen, was SYSVOL zwischen den Controllern kopiert (rsync, osync, DFSR): wann lief es zuletzt ohne Fehler?",
    ),
)

_VERSION = re.compile(r"(?P<path>.+):\s*version\s*=\s*(?P<version>[0-9]+)\s*", re.IGNORECASE)
_POLICY = re.compile(r"(?:^|/)policies/(\{[0-9a-f-]{36}\})(?:/|$)", re.IGNORECASE)
_SUM = re.compile(r"\\?([0-9a-f]{64}) [ *](.+)")
# Directory and files are changed one after the other, and each replicates by itself within a site.
_A_MOMENT = timedelta(minutes=2)
_FEW = 3
_MOST = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sysvol:
    """files: path below the domain's folder, in small letters -> SHA-256; versions: policy's GUID -> version in GPT.INI.

    folders: the GUIDs of all policy folders, in capitals with braces.
    """

    controller: str
    files: dict[str, str]
    versions: dict[str, int]
    folders: tuple[str, ...]


def judge(_seen: Sysvol) -> Iterator[Finding]:
    """What one controller has is judged beside the directory and the others."""
    yield from ()


@collector(
    "ad.sysvol",
    asks=(
        "Which files of group policies does the controller have?",
        "Welche Dateien der Gruppenrichtlinien hat der Controller?",
    ),
    judge=judge,
    platform="linux",
    role="domain-controller",
    deadline=60.0,
)
async def sysvol(host: Shell, about: About) -> Sysvol:
    """Find the folder by Samba's own configuration, and list it."""
    asked = await host.run("testparm", "-s", "--section-name=sysvol", "--parameter-name=path")
    share = asked.stdout.strip()
    if asked.code or not share.startswith("/") or "\n" in share:
        raise Unanswered(Kind.UNPARSABLE, f"Samba does not say where SYSVOL is: {asked.stderr.strip()[:200]}")
    top = f"{share.rstrip('/')}/{about.domain.name if about.domain else ''}"
    sums = _told(
        await host.run("find", top, "-type", "f", "-exec", "sha256sum", "--", "{}", "+", deadline=50.0)
    )
    folders = _told(
        await host.run("find", f"{top}/Policies", "-mindepth", "1", "-maxdepth", "1", "-type", "d")
    )
    told = await host.run(
        "find", f"{top}/Policies", "-iname", "gpt.ini", "-exec", "grep", "-iH", "^version", "{}", "+"
    )
    return Sysvol(
        controller=about.id,
        files=_files(sums, top),
        versions=_versions(told.stdout),
        folders=tuple(sorted(found[1].upper() for line in folders if (found := _POLICY.search(line)))),
    )


def _told(ran: object) -> list[str]:
    """The lines of a whole answer. Raises Unanswered when the account may not look everywhere."""
    code, stdout, stderr = (getattr(ran, name) for name in ("code", "stdout", "stderr"))
    if code:
        raise Unanswered(Kind.UNPARSABLE, f"SYSVOL cannot be read by this account: {stderr.strip()[:200]}")
    lines = stdout.splitlines()
    if len(lines) > _MOST:
        raise Unanswered(Kind.UNPARSABLE, f"SYSVOL has more than {_MOST} files")
    return list(lines)


def _files(lines: list[str], top: str) -> dict[str, str]:
    found = [_SUM.fullmatch(line) for line in lines]
    if not all(found):
        raise Unanswered(Kind.UNPARSABLE, "the list of SYSVOL's files cannot be read")
    return {one[2].removeprefix(f"{top}/").lower(): one[1] for one in found if one}


def _versions(text: str) -> dict[str, int]:
    versions = {}
    for line in text.splitlines():
        found = _VERSION.fullmatch(line)
        policy = _POLICY.search(found["path"]) if found else None
        if found and policy:
            versions[policy[1].upper()] = int(found["version"])
    return versions


@survey("ad.policies-agree", over=(gpo, sysvol))
def agreement(known: Mapping[str, Policies], seen: Mapping[str, Sysvol]) -> Iterator[Finding]:
    """The directory and the files of each controller, and then the files of all."""
    for host, files in seen.items():
        if host in known:
            yield from _compared(host, known[host], files)
    young = {p.guid for one in known.values() for p in one.policies if _is_young(p, one)}
    yield from _different(seen, young)


def _is_young(policy: Policy, known: Policies) -> bool:
    return policy.changed is not None and known.asked - policy.changed < _A_MOMENT


def _compared(host: str, known: Policies, seen: Sysvol) -> Iterator[Finding]:
    for policy in known.policies:
        if policy.guid not in seen.folders:
            yield FOLDER_MISSING(host=host, policy=policy.name, guid=policy.guid)
            continue
        version = seen.versions.get(policy.guid)
        if version is not None and version != policy.user * 0x10000 + policy.computer:
            if _is_young(policy, known):
                yield JUST_CHANGED(host=host, policy=policy.name)
            else:
                yield VERSION_DIFFERS(
                    host=host,
                    policy=policy.name,
                    guid=policy.guid,
                    directory=_shown(policy),
                    files="{1}/{0}".format(*divmod(version, 0x10000)),
                )
    for guid in set(seen.folders) - {policy.guid for policy in known.policies}:
        yield ORPHAN(host=host, guid=guid)


def _shown(policy: Policy) -> str:
    """Computer part, then user part, as the management console shows them.

    >>> _shown(Policy(guid="", name="", user=1, computer=3, path="", changed=None))
    '3/1'
    """
    return f"{policy.computer}/{policy.user}"


def _different(seen: Mapping[str, Sysvol], young: Collection[str]) -> Iterator[Finding]:
    """What differs, but for policies that were changed a moment ago."""
    if len(seen) < 2:
        return
    paths = sorted({path for files in seen.values() for path in files.files})
    differing = [
        path
        for path in paths
        if _policy_of(path) not in young and len({files.files.get(path) for files in seen.values()}) > 1
    ]
    if differing:
        yield DIFFERS(
            servers=", ".join(sorted(seen)),
            count=len(differing),
            files=", ".join(differing[:_FEW]),
            policies=", ".join(sorted({_policy_of(path) for path in differing} - {""})),
        )


def _policy_of(path: str) -> str:
    """The GUID of the policy to which a file belongs, '' for none."""
    found = _POLICY.search(path)
    return found[1].upper() if found else ""
