"""Does the Kerberos service answer, and does its clock agree? Beyond five minutes nobody can log on.

A request for a ticket without pre-authentication is refused with an error that carries the service's own time
(RFC 4120, section 5.9.1). It costs no account a try, and sees the clock that Kerberos goes by, which the time that
LDAP tells need not be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median

from collectors import About, Finding, Kdc, Kind, Reply, Unanswered, collector, fault, note, survey, warn
from collectors.ad.der import DerError, fields, inner, number

__all__ = ["KdcFacts", "clocks", "kerberos"]

SILENT = fault(
    "ad.kdc-silent",
    "the controller's Kerberos service does not answer ({detail}): nobody can log on by way of it",
    "der Kerberos-Dienst des Controllers antwortet nicht ({detail}): niemand kann sich über ihn anmelden",
    do=(
        "Is the service running (KDC, or samba's task kdc)? If it is, a firewall drops port 88.",
        "Läuft der Dienst (KDC oder sambas Task kdc)? Wenn ja, verwirft eine Firewall Port 88.",
    ),
)
WRONG_REALM = fault(
    "ad.kdc-other-realm",
    "the Kerberos service does not serve the realm {realm}",
    "der Kerberos-Dienst bedient den Realm {realm} nicht",
    do=("Correct the contract or the address.", "Vertrag oder Adresse berichtigen."),
)
CLOCK_OFF = fault(
    "ad.clock-off",
    "the controller's clock is {offset} s away from the others': from 300 s on Kerberos refuses every log-on",
    "die Uhr des Controllers geht um {offset} s anders als die übrigen: ab 300 s lehnt Kerberos jede Anmeldung ab",
    do=(
        "Find its time source (w32tm /query /status, chronyc sources), repair that, then set the clock.",
        "Seine Zeitquelle klären (w32tm /query /status, chronyc sources), beheben, dann die Uhr stellen.",
    ),
)
CLOCK_DRIFTING = warn(
    "ad.clock-drifting",
    "the controller's clock is {offset} s away from the others'",
    "die Uhr des Controllers geht um {offset} s anders als die übrigen",
    do=("Look at its time source.", "Seine Zeitquelle ansehen."),
)
ALL_OFF = note(
    "ad.clocks-differ-from-agent",
    "all controllers agree among themselves, and the agent's own clock is {offset} s away from theirs",
    "alle Controller sind sich einig, und die Uhr des Agenten selbst geht um {offset} s anders",
    do=("Look at the agent's clock first.", "Zuerst die Uhr des Agenten prüfen."),
)

# What Kerberos bears by default (MS-KILE 3.1.5.2), and what is more than any working time service leaves.
_FAULT, _WARN = 300.0, 5.0
# KDC_ERR_WRONG_REALM, RFC 4120, section 7.5.9; KRB-ERROR is APPLICATION 30.
_WRONG_REALM, _KRB_ERROR, _AS_REP = 68, 0x7E, 0x6B


@dataclass(frozen=True, slots=True, kw_only=True)
class KdcFacts:
    """realm: as asked. code: of the KRB-ERROR. offset: the service's clock against the agent's, in seconds.

    answered: False when the service is silent; detail: then why.
    """

    realm: str
    answered: bool
    detail: str = ""
    code: int | None = None
    offset: float | None = None


def judge(seen: KdcFacts) -> Iterator[Finding]:
    if not seen.answered:
        yield SILENT(detail=seen.detail)
    elif seen.code == _WRONG_REALM:
        yield WRONG_REALM(realm=seen.realm)


@collector(
    "ad.kerberos",
    asks=(
        "Does the Kerberos service answer, and does its clock agree?",
        "Antwortet der Kerberos-Dienst, und stimmt seine Uhr?",
    ),
    judge=judge,
    deadline=10.0,
)
async def kerberos(host: Kdc, about: About) -> KdcFacts:
    """Ask for a ticket as our own account, without saying anything that only we know."""
    realm = about.domain.name.upper() if about.domain else ""
    try:
        reply = await host.ask_ticket(realm, account_name(about.account))
    except Unanswered as reason:
        if reason.kind in {Kind.STOPPED, Kind.UNPARSABLE}:
            raise
        return KdcFacts(realm=realm, answered=False, detail=reason.detail)
    return read_answer(realm, reply)


def account_name(user: str) -> str:
    r"""The account in a login name.

    >>> account_name("secondline@ad.musterbau.test"), account_name("MUSTERBAU\\secondline"), account_name("CN=a,DC=b")
    ('secondline', 'secondline', 'a')
    """
    if "=" in user:
        return user.partition(",")[0].partition("=")[2]
    return user.rpartition("\\")[2].partition("@")[0]


def read_answer(realm: str, reply: Reply) -> KdcFacts:
    """Read a KRB-ERROR, or an AS-REP, which has no time of its own. Raises Unanswered."""
    tag = reply.content[:1]
    if tag == bytes([_AS_REP]):
        return KdcFacts(realm=realm, answered=True)
    try:
        found = fields(inner(inner(reply.content)) if tag == bytes([_KRB_ERROR]) else b"")
        at = datetime.strptime(inner(found[4]).decode("ascii"), "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
        micro = number(found[5])
        code = number(found[6])
    except (DerError, LookupError, ValueError):
        raise Unanswered(Kind.UNPARSABLE, f"this is no Kerberos answer: {reply.content[:60]!r}") from None
    told = at.timestamp() + micro / 1e6
    return KdcFacts(
        realm=realm,
        answered=True,
        code=code,
        offset=round(told - reply.began.timestamp() - reply.took / 2, 2),
    )


@survey("ad.clocks", over=kerberos)
def clocks(seen: Mapping[str, KdcFacts]) -> Iterator[Finding]:
    """Each clock against the middle of all of them, the agent's among them: one that is off does not hide itself."""
    realms: dict[str, dict[str, float]] = {}
    for host, facts in seen.items():
        if facts.offset is not None:
            realms.setdefault(facts.realm, {})[host] = facts.offset
    for offsets in realms.values():
        agreed = median([*offsets.values(), 0.0]) if len(offsets) != 2 else _nearest(list(offsets.values()))
        wrong = {host: offset for host, offset in offsets.items() if abs(offset - agreed) >= _WARN}
        if not wrong and abs(agreed) >= _WARN:
            yield ALL_OFF(offset=round(agreed, 1))
        for host, offset in wrong.items():
            off = round(offset - agreed, 1)
            yield (CLOCK_OFF if abs(off) >= _FAULT else CLOCK_DRIFTING)(host=host, offset=off)


def _nearest(pair: list[float]) -> float:
    """Of two clocks and the agent's own, two that agree are believed."""
    first, second = pair
    if abs(first - second) < _WARN:
        return (first + second) / 2
    return first if abs(first) <= abs(second) else second
