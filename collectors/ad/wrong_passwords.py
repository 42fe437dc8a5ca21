"""Which machine sends the wrong passwords that lock an account? As the controllers themselves have logged it.

An account that is unlocked while a machine still has its old password is locked again within minutes. Samba logs every
log-on as one line of JSON, where smb.conf(5) says so (`log level = 1 auth_json_audit:2@FILE`). Only the lines of the
accounts that the ticket speaks of leave the controller.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from collectors import About, Finding, Kind, Shell, Unanswered, collector, note, survey, warn
from collectors.ad.windows_lockout import Sender, WrongPasswords, by_short_name, windows_lockout

__all__ = ["password_senders", "wrong_passwords"]

FROM = warn(
    "ad.wrong-passwords-from",
    "wrong passwords of {account} come from {sender}: {count} within a day, the last one {last}",
    "falsche Kennwörter von {account} kommen von {sender}: {count} an einem Tag, das letzte {last}",
    do=(
        "Look there for the old password before unlocking: services, tasks, stored credentials, sessions, mail.",
        "Dort vor dem Entsperren das alte Kennwort suchen: Dienste, Aufgaben, Anmeldedaten, Sitzungen, Mail.",
    ),
)
NOT_LOGGED = note(
    "ad.wrong-passwords-not-logged",
    "{servers} do not log who sends wrong passwords",
    "{servers} protokollieren nicht, wer falsche Kennwörter schickt",
    do=(
        "On Samba: log level = 1 auth_json_audit:2@/var/log/samba/auth_audit.json, and restart it.",
        "Bei Samba: log level = 1 auth_json_audit:2@/var/log/samba/auth_audit.json, und neu starten.",
    ),
)
SHORT_LOG = note(
    "ad.security-log-short",
    "the security log of {servers} reaches back less than a day: an earlier lockout cannot be found",
    "das Sicherheitsprotokoll von {servers} reicht keinen Tag zurück: eine frühere Sperrung ist nicht zu finden",
    do=(
        "Make the log larger (4 GB at most), or forward its events.",
        "Das Protokoll vergrößern (höchstens 4 GB) oder seine Ereignisse weiterleiten.",
    ),
)

_CONFIGURATION = "/etc/samba/smb.conf"
_LEVEL = re.compile(r"^\s*(?:log\s*level|debug\s*level)\s*=(.*)$", re.IGNORECASE | re.MULTILINE)
_CLASS = re.compile(r"\bauth_json_audit:(\d+)(?:@(\S+))?", re.IGNORECASE)
# smb.conf(5), `log level`: failed log-ons are written from 2 on.
_FAILURES = 2
_DAY = timedelta(days=1)
# People mistype; three of one machine are a habit.
_HABIT = 3
# The last lines that hold one account's failed log-ons: of a large file no more leaves the host.
_LAST_OF = r"""
BEGIN { n = split(tolower(ARGV[1]), names, " "); ARGV[1] = "" }
/"status": "NT_STATUS_(WRONG_PASSWORD|ACCOUNT_LOCKED_OUT)"/ {
    line = tolower($0)
    for (i = 1; i <= n; i++)
        if (index(line, "account\": \"" names[i] "\"") || index(line, "account\": \"" names[i] "@")) {
            kept[found++ % 400] = $0
            break
        }
}
END { for (i = (found > 400 ? found - 400 : 0); i < found; i++) print kept[i % 400] }
"""


class _LogOn(BaseModel):
    client: str | None = Field(alias="clientAccount")
    mapped: str | None = Field(alias="mappedAccount")
    remote: str | None = Field(alias="remoteAddress")
    workstation: str | None
    service: str = Field(alias="serviceDescription")


class _Line(BaseModel):
    timestamp: AwareDatetime
    log_on: _LogOn = Field(alias="Authentication")


def judge(_seen: WrongPasswords) -> Iterator[Finding]:
    """What one controller has logged is told together with the others'."""
    yield from ()


@collector(
    "ad.wrong-passwords",
    asks=("Which machine sends the wrong passwords?", "Welche Maschine schickt die falschen Kennwörter?"),
    judge=judge,
    platform="linux",
    role="domain-controller",
)
async def wrong_passwords(host: Shell, about: About) -> WrongPasswords:
    """Read Samba's audit log, as far as it speaks of failures of these accounts."""
    file = _audit_file(await host.read(_CONFIGURATION))
    if not file or not about.accounts:
        return WrongPasswords(is_logged=bool(file), since=None, now=None, senders=())
    short = by_short_name(about.accounts)
    ran = await host.run("awk", _LAST_OF, " ".join(short), file)
    if ran.code:
        raise Unanswered(Kind.REFUSED, f"{file} cannot be read: {ran.stderr.strip()[:200]}")
    hosts = about.domain.hosts if about.domain else ()
    known = {address: one.id for one in hosts for address in one.addresses}
    tries = [
        replace(one, account=short[one.account], machine=known.get(one.address, ""))
        for line in ran.stdout.splitlines()
        for one in _senders(line, short)
        if ran.began - one.last <= _DAY
    ]
    return WrongPasswords(is_logged=True, since=None, now=ran.began, senders=tuple(_added_up(tries)))


def _audit_file(configuration: str) -> str:
    r"""Where failed log-ons are written as JSON; empty when they are not, or into the logs of all daemons.

    >>> _audit_file("[global]\n log level = 1 auth_json_audit:3@/var/log/samba/audit.json winbind:5\n")
    '/var/log/samba/audit.json'
    >>> _audit_file("log level = 3\n"), _audit_file("log level = auth_json_audit:1@/x")
    ('', '')
    """
    # The last one counts, as in every file of this kind; comments begin a line.
    levels = _LEVEL.findall(configuration)
    found = _CLASS.search(levels[-1]) if levels else None
    return found[2] or "" if found and int(found[1]) >= _FAILURES else ""


def _senders(line: str, names: Mapping[str, str]) -> Iterator[Sender]:
    """The sender that a line of the log tells of. Raises Unanswered."""
    try:
        told = _Line.model_validate_json(line)
    except ValidationError as error:
        raise Unanswered(
            Kind.UNPARSABLE, f"the audit log has a line that is none: {str(error)[:100]}: {line[:100]}"
        ) from None
    one = told.log_on
    account = (one.mapped or one.client or "").partition("@")[0].lower()
    if account in names:
        yield Sender(
            account=account,
            address=_address(one.remote or ""),
            computer=(one.workstation or "").strip("\\"),
            service=one.service,
            count=1,
            last=told.timestamp,
        )


def _address(text: str) -> str:
    """Of 'ipv4:192.0.2.7:49152' the address; empty for what is none.

    >>> _address("ipv4:192.0.2.7:49152"), _address("ipv6:2001:db8::7:49152"), _address("unix:")
    ('192.0.2.7', '2001:db8::7', '')
    """
    address = text.partition(":")[2].rpartition(":")[0]
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return ""


def _added_up(tries: list[Sender]) -> Iterator[Sender]:
    """One sender each, however often it tried."""
    by_sender: dict[tuple[str, str, str], list[Sender]] = {}
    for one in tries:
        by_sender.setdefault((one.account, one.address, one.computer), []).append(one)
    for same in by_sender.values():
        newest = max(same, key=lambda one: one.last)
        services = ", ".join(sorted({one.service for one in same}))
        yield replace(newest, service=services, count=sum(one.count for one in same))


@survey("ad.password-senders", over=(wrong_passwords, windows_lockout))
def password_senders(
    on_samba: Mapping[str, WrongPasswords], on_windows: Mapping[str, WrongPasswords]
) -> Iterator[Finding]:
    """Each machine once, wherever it tried: a client goes on to the next controller."""
    seen = {**on_samba, **on_windows}
    first: dict[tuple[str, str, str], str] = {}
    senders: dict[tuple[str, str, str], Sender] = {}
    for server, facts in sorted(seen.items()):
        for one in facts.senders:
            key = (one.account, one.address, one.computer)
            first.setdefault(key, server)
            before = senders.get(key)
            last = one.last if before is None else max(before.last, one.last)
            senders[key] = replace(one, count=one.count + (before.count if before else 0), last=last)
    for key, one in sorted(senders.items()):
        if one.count >= _HABIT:
            yield FROM(
                host=one.machine or first[key],
                account=one.account,
                sender=_named(one),
                count=one.count,
                last=f"{one.last:%Y-%m-%d %H:%M} UTC",
            )
    silent = sorted(server for server, facts in seen.items() if not facts.is_logged)
    if silent:
        yield NOT_LOGGED(servers=", ".join(silent))
    short = sorted(server for server, facts in seen.items() if _is_short(facts))
    if short:
        yield SHORT_LOG(servers=", ".join(short))


def _is_short(facts: WrongPasswords) -> bool:
    return facts.since is not None and facts.now is not None and facts.now - facts.since < _DAY


def _named(one: Sender) -> str:
    """As people would look for it: name, address, and by what it tried."""
    names = [name for name in (one.machine, one.computer, one.address) if name]
    shown = names[0] if names else "?"
    more = ", ".join(dict.fromkeys((*names[1:], one.service)))
    return f"{shown} ({more})" if more else shown
