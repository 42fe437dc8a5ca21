"""Which words of this report are names, accounts or addresses? Learned first, so that they go everywhere.

Names come from the hosts that the contract describes; accounts from the places where systems write them:
`user=anna`, `for user anna`, `/home/anna`, `uid=1000(anna)`, lines of passwd, mail addresses.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping

from collectors import About
from controller.reports.model import Report

__all__ = ["MAIL", "accounts_in", "domains_of", "named_accounts", "names_of", "texts_of", "variants_of"]

_QUOTE = "[\"'`\u201e\u201c\u201a\u2018\u00bb\u00ab\u203a\u2039]"
_NAME = r"([^\W\d][\w.-]{0,62}[\w$])"
# What is followed by '=' names a value of its own: `logname= uid=0` says no name.
_VALUE = rf"""["']?(?:[\w.-]{{1,40}}\\{{1,2}})?{_NAME}(?![\w$=])"""

MAIL = re.compile(
    r"(?<![\w.+-])([\w.+-]{1,64})@((?:[\w-]{1,63}\.){1,8}(?!(?:service|socket|timer|mount|slice|scope|target)\b)[^\W\d]{2,24})"
    r"(?![\w-])"
)
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?i)(?<![a-z])(?:user(?:_?name)?|login|logname|ruser|acct|account|benutzer(?:name)?|konto)[\"']?[ \t]*=[ \t]*{_VALUE}",
        rf"(?i)[\"'](?:user(?:_?name)?|login|account)[\"'][ \t]*:[ \t]*{_VALUE}",
        rf"(?im)(?:^|[\s,{{(])(?:user(?:name)?|benutzer(?:name)?):[ \t]+{_VALUE}",
        rf"(?i)\b(?:for|by|of|from)[ ](?:(?:in|un)?(?:valid|known) |illegal |authenticat(?:ing|ed) )?user[ ]{_VALUE}",
        rf"(?i)\b(?:user|benutzer|account|konto)[ ]+{_QUOTE}{_NAME}",
        rf"\(to \S{{1,40}}\) {_NAME} on\b",
        rf"\bLOGIN ON \S{{1,40}} BY {_NAME}",
        rf"(?i)\b[aefs]?uid=\"{_NAME}\"",
        rf"(?i)\buid={_NAME}(?=,)",
        rf"(?i)\b(?:für|von)[ ](?:den )?benutzer[ ]{_VALUE}",
        rf"\b(?:Accepted|Failed) \S{{1,40}} for (?:invalid user )?{_NAME} from\b",
        rf"\b[Ii]nvalid user {_NAME} from\b",
        rf"\bby {_NAME}\(uid=",
        rf"\buid=\d+\({_NAME}\)",
        rf"\bsudo(?:\[\d+\])?:\s+{_NAME} : ",
        rf"\({_NAME}\) CMD\b",
        rf"(?i)/(?:home|Users|run/media|var/mail|spool/mail|crontabs)/{_NAME}",
        rf"(?i)\b[a-z]:\\{{1,2}}Users\\{{1,2}}{_NAME}",
    )
)
_PASSWD = re.compile(r"(?m)^([^\W\d][\w.-]{0,63}\$?):[^:\s]{0,200}:(\d{1,10}):\d{1,10}:([^:\n]{0,200}):/")
# A text with none of these (in small letters) names no account in a way that is known here.
_TRIGGERS = (
    "user", "login", "logname", "acct", "account", "benutzer", "konto", "accepted ", "failed ", "uid=",
    "sudo", " cmd", "home/", "media/", "mail/", "crontabs/", "(to ",
)  # fmt: skip

# Accounts that every system has, and words that stand where a name could: they tell nothing about anybody.
_SYSTEM = (
    "root daemon bin sys sync games man lp mail news uucp proxy www-data backup list irc gnats nobody sshd"
    " messagebus syslog systemd-network systemd-resolve systemd-timesync systemd-journal systemd-coredump"
    " bind named nsd unbound postgres mysql nginx apache httpd chrony _chrony ntp _apt dbus polkitd tss"
    " administrator admin system localsystem guest default public shared all any none null unknown undefined"
    " user users account accounts host hosts address domain name word secret login true false yes no not"
    " the is was for from by on in at to of and or with without invalid anonymous der die das ist nicht"
)
_PLAIN = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "ẞ": "SS"}
)
_NOBODY = frozenset(_SYSTEM.split())


def names_of(about: About) -> Iterator[str]:
    """The ways in which a host is called: its id, its DNS name, the name's first label."""
    yield about.id
    if about.name:
        yield about.name.rstrip(".")
        yield about.name.partition(".")[0]


def variants_of(word: str) -> Iterator[str]:
    """How a protected word is written otherwise: run together, with other joints, without umlauts.

    >>> sorted(variants_of("Käse Reibe"))[:3]
    ['Kaese Reibe', 'Kaese-Reibe', 'Kaese.Reibe']
    """
    pieces = re.findall(r"[^\W_]+", word)
    joined = {word, *(joint.join(pieces) for joint in (" ", "-", "_", ".", ""))}
    for one in joined:
        plain = one.translate(_PLAIN)
        yield from {one, plain, unicodedata.normalize("NFD", one), one.casefold()}


def domains_of(hosts: Mapping[str, About]) -> frozenset[str]:
    """The customer's domains: the zones that the contract names, and what the hosts' names end with."""
    zones = {zone.name for about in hosts.values() for zone in about.zones}
    parents = {about.name.rstrip(".").partition(".")[2] for about in hosts.values()}
    return frozenset(
        name
        for name in (domain.lower().rstrip(".") for domain in zones | parents)
        if "." in name and not name.endswith((".in-addr.arpa", ".ip6.arpa"))
    )


def accounts_in(text: str) -> Iterator[tuple[str, str]]:
    """Pairs of a word that must go and the account it stands for (itself, but for a person's full name)."""
    if "@" in text:
        for found in MAIL.finditer(text):
            yield from _one(found[1])
    if ":/" in text:
        yield from _passwd(text)
    lowered = text.lower()
    if not any(trigger in lowered for trigger in _TRIGGERS) and ":\\" not in lowered:
        return
    for pattern in _PATTERNS:
        for found in pattern.finditer(text):
            yield from _one(found[1])


def named_accounts(report: Report) -> Iterator[str]:
    """The accounts that the ticket was said to speak of, and those that findings name as such."""
    for about in report.hosts.values():
        for account in (*about.accounts, *((about.account,) if about.account else ())):
            yield from dict.fromkeys((account, account.partition("@")[0]))
    for finding in (*report.findings, *(cause.finding for cause in report.causes)):
        for name in ("account", "accounts"):
            yield from (one for one in str(finding.facts.get(name, "")).split(", ") if one)


def _passwd(text: str) -> Iterator[tuple[str, str]]:
    for found in _PASSWD.finditer(text):
        if 1000 <= int(found[2]) < 65534:
            yield from _one(found[1])
            person = found[3].partition(",")[0].strip()
            if len(person) > 2 and person.lower() not in _NOBODY:
                yield person, found[1]


def _one(name: str) -> Iterator[tuple[str, str]]:
    if name.lower() not in _NOBODY and len(name) > 1 and not name.lower().startswith("systemd-"):
        yield name, name


def texts_of(report: Report) -> Iterator[str]:
    """Every text of a report that a host, a person or a log may have written."""
    yield report.subject
    yield report.stopped
    for finding in (*report.findings, *(c.finding for c in report.causes)):
        yield from (fact for fact in finding.facts.values() if isinstance(fact, str))
    for item in report.evidence:
        yield " ".join(item.question)
        if item.unanswered is not None:
            yield item.unanswered[2]
        yield from (fact for fact in item.facts.values() if isinstance(fact, str))
