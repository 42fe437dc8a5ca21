"""Does this host wait for a restart, so that its updates take effect?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from collectors import Finding, Shell, collector, note
from collectors.linux.output import plain, printed, unparsable

PENDING = note(
    "linux.reboot-pending",
    "the host waits for a restart, because of: {what}",
    "der Host wartet auf einen Neustart, Anlass: {what}",
    do=("Restart it in a maintenance window.", "Im Wartungsfenster neu starten."),
)
_MARKS = ("/run/reboot-required", "/var/run/reboot-required", "/run/reboot-needed")
_PACKAGES = "/run/reboot-required.pkgs"
_TOOL = "/usr/bin/needs-restarting"
_CONTAINER = ("/.dockerenv", "/run/.containerenv", "/run/systemd/container", "/dev/lxd", "/dev/.lxc")
_PLACES = (*_MARKS, _PACKAGES, _TOOL, *_CONTAINER, "/boot", "/lib/modules", "/usr/lib/modules")
_FIND = ("find", *_PLACES, "-maxdepth", "1")
_IMAGE = re.compile(r"(?:/boot/vmlinu[zx]-|(?:/usr)?/lib/modules/)([0-9][\w.+~-]{1,80})")
_NEEDED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Reboot:
    """asked: what of the system asks for it; packages: because of these. newer: kernels not running yet."""

    asked: str
    packages: tuple[str, ...]
    running: str
    newer: tuple[str, ...]


def judge(seen: Reboot) -> Iterator[Finding]:
    if seen.newer:
        yield PENDING(what=f"Linux {seen.newer[-1]}")
    elif seen.packages:
        yield PENDING(what=plain(", ".join(seen.packages)))
    elif seen.asked:
        yield PENDING(what=seen.asked)


@collector(
    "linux.reboot",
    asks=("Does the host wait for a restart?", "Wartet der Host auf einen Neustart?"),
    judge=judge,
    platform="linux",
)
async def reboot(host: Shell) -> Reboot:
    """Look for the marks that updates leave, and for a newer kernel than the running one."""
    # Most of the places are missing on any one system: find then ends with 1.
    there = set(printed(await host.run(*_FIND), codes=(0, 1)).splitlines())
    release = printed(await host.run("uname", "-r")).strip()
    if not re.fullmatch(r"\d[\w.+~-]{2,100}", release):
        raise unparsable("uname printed no kernel release", release)
    if not there & set(_PLACES):
        raise unparsable("find found none of the places that every system has")
    packages = ""
    if _PACKAGES in there:
        packages = printed(await host.run("cat", "--", _PACKAGES))
    asked = next((mark for mark in _MARKS if mark in there), "")
    if not asked and _TOOL in there and await _tool_asks(host):
        asked = _TOOL
    inside = bool(there & set(_CONTAINER))
    return Reboot(
        asked=asked,
        packages=tuple(sorted({plain(line, 80) for line in packages.splitlines() if line.strip()}))[:20],
        running=release,
        newer=() if inside else _newer(there, release),
    )


async def _tool_asks(host: Shell) -> bool:
    ran = await host.run(_TOOL, "-r")
    return ran.code == _NEEDED and "eboot" in ran.stdout and "required" in ran.stdout.lower()


def _newer(there: set[str], running: str) -> tuple[str, ...]:
    """Give later kernels of the running kernel's flavour that have both an image and modules."""
    images: set[str] = set()
    modules: set[str] = set()
    for path in there:
        if match := _IMAGE.fullmatch(path):
            (images if path.startswith("/boot") else modules).add(match[1])
    if running not in modules:
        return ()
    return tuple(
        sorted(
            (k for k in images & modules if _flavour(k) == _flavour(running) and _age(k) > _age(running)),
            key=_age,
        )
    )


def _flavour(release: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[A-Za-z]+", release))


def _age(release: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Order releases: first the numbers before the first letter, then all of them.

    >>> _age("4.18.0-513.el8.x86_64") < _age("4.18.0-513.5.1.el8_9.x86_64")
    True
    """
    front = re.split(r"[A-Za-z]", release, maxsplit=1)[0]
    return _numbers(front), _numbers(release)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(digits[:18]) for digits in re.findall(r"\d+", text))
