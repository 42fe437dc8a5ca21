"""Whom does Asterisk reach, and do its trunks accept it? `pjsip show contacts` and `pjsip show registrations`.

Written after Asterisk's documentation (res_pjsip, 'CLI commands'; states of a contact as AMI's ContactStatusDetail names
them); tried on no Asterisk so far.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from collectors import About, Finding, Kind, RegistrarPlan, Shell, Unanswered, collector, fault
from collectors.plain import plain
from collectors.voip.ask import first_of, is_running, unparsable
from collectors.voip.registrations import Binding, Registrations, host_of, judge_bindings

__all__ = ["Asterisk", "Trunk", "asterisk"]

DOWN = fault(
    "voip.asterisk-down",
    "Asterisk does not run: nobody can register or call",
    "Asterisk läuft nicht: niemand kann sich anmelden oder telefonieren",
    do=(
        "See why it ended (journalctl -u asterisk, /var/log/asterisk/messages), then start it.",
        "Klären, warum es endete (journalctl -u asterisk, /var/log/asterisk/messages), dann starten.",
    ),
)
UNREACHED = fault(
    "voip.contact-silent",
    "{number} is registered, and does not answer at {address}: calls to it fail",
    "{number} ist angemeldet und antwortet unter {address} nicht: Anrufe dorthin scheitern",
    do=(
        "Look on the way to {address}: power, network, a NAT that forgot it (shorter qualify_frequency), a firewall.",
        "Den Weg zu {address} prüfen: Strom, Netz, ein vergessliches NAT (kürzere qualify_frequency), eine Firewall.",
    ),
)
TRUNK = fault(
    "voip.trunk-unregistered",
    "the trunk {name} is not registered at {server} ({state}): calls from outside do not come in",
    "der Trunk {name} ist bei {server} nicht angemeldet ({state}): Anrufe von außen kommen nicht an",
    do=(
        "Rejected: see account and password. Unregistered: look on the way to {server}, and at its name in DNS.",
        "Rejected: Konto und Kennwort prüfen. Unregistered: den Weg zu {server} und seinen Namen im DNS prüfen.",
    ),
)
_PROGRAMS = ("asterisk", "/usr/sbin/asterisk", "/usr/local/sbin/asterisk")
_CONTACT = re.compile(
    r"\s*Contact:\s+(?P<aor>[^/\s]+)/(?P<uri>\S+)\s+(?P<hash>[0-9a-f]+)\s+(?P<state>Avail|Unavail|NonQual|Unknown|Created)\s+\S+\s*"
)
_TRUNK = re.compile(
    r"\s*(?P<name>[^/\s]+)/(?P<server>sips?:\S+)\s+(?P<auth>\S+)\s+(?P<state>Registered|Unregistered|Rejected|Stopped)\b.*"
)
_END = re.compile(r"\s*(?:Objects found: (?P<count>[0-9]+)|No objects found\.?)\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """An account at a provider, and what Asterisk says of it."""

    name: str
    server: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asterisk:
    """bindings: who is registered; silent: of these who does not answer, as number and address."""

    is_running: bool
    bindings: tuple[Binding, ...] = ()
    silent: tuple[tuple[str, str], ...] = ()
    trunks: tuple[Trunk, ...] = ()
    plan: RegistrarPlan | None = None


def judge(seen: Asterisk) -> Iterator[Finding]:
    if not seen.is_running:
        yield DOWN()
        return
    yield from judge_bindings(Registrations(bindings=seen.bindings, plan=seen.plan))
    yield from (UNREACHED(number=number, address=address) for number, address in seen.silent)
    for trunk in seen.trunks:
        if trunk.state != "Registered":
            yield TRUNK(name=trunk.name, server=trunk.server, state=trunk.state)


@collector(
    "voip.asterisk",
    asks=(
        "Which phones does Asterisk reach, and are its trunks registered?",
        "Welche Telefone erreicht Asterisk, und sind seine Trunks angemeldet?",
    ),
    judge=judge,
    role="asterisk",
)
async def asterisk(host: Shell, about: About) -> Asterisk:
    """List contacts and trunks. It needs the right to use Asterisk's control socket (group 'asterisk')."""
    contacts = await _shown(host, "pjsip show contacts")
    if contacts is None:
        return Asterisk(is_running=False)
    trunks = await _shown(host, "pjsip show registrations")
    rows = [found for line in contacts if (found := _CONTACT.fullmatch(line))]
    _whole(contacts, len(rows))
    lines = [found for line in trunks or () if (found := _TRUNK.fullmatch(line))]
    _whole(trunks or [], len(lines))
    return Asterisk(
        is_running=True,
        bindings=tuple(
            Binding(number=plain(row["aor"], 80), domain="", address=host_of(row["uri"]), expires=None)
            for row in rows
        ),
        silent=tuple(
            (plain(row["aor"], 80), host_of(row["uri"])) for row in rows if row["state"] == "Unavail"
        ),
        trunks=tuple(
            Trunk(name=plain(one["name"], 80), server=host_of(one["server"]), state=one["state"])
            for one in lines
        ),
        plan=about.registrar,
    )


async def _shown(host: Shell, command: str) -> list[str] | None:
    """The lines that a command shows; None when Asterisk does not run. Raises Unanswered."""
    ran = await first_of(host, _PROGRAMS, "-rx", command)
    said = f"{ran.stderr}\n{ran.stdout}".strip()
    low = said.lower()
    if "unable to connect to remote asterisk" in low or "permission denied" in low:
        if await is_running(host, "asterisk"):
            raise Unanswered(
                Kind.REFUSED, "the account may not ask Asterisk: add it to the group of its control socket"
            )
        return None
    if ran.code or low.startswith("no such command"):
        raise unparsable(f"asterisk -rx '{command}' failed with status {ran.code}", said)
    return ran.stdout.splitlines()


def _whole(lines: list[str], count: int) -> None:
    """Raises Unanswered when not every row was read, or the list does not come to its end."""
    end = next((found for line in reversed(lines) if (found := _END.fullmatch(line))), None)
    if end is None or int(end["count"] or 0) != count:
        raise unparsable("Asterisk shows a list that cannot be read whole", "\n".join(lines[-4:]))
