"""Are all phones registered that shall be, from where they stand, and nobody else in their place?

What Kamailio keeps in memory: `kamcmd ul.dump` (usrloc module, 'ul.dump'). Which phones shall be there says the contract.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from collectors import About, Finding, Kind, RegistrarPlan, Shell, Unanswered, collector, fault, note, warn
from collectors.plain import plain
from collectors.voip.ask import NotRunning, kamcmd, unparsable
from collectors.voip.rpc_text import Node, read

__all__ = ["Binding", "Registrations", "host_of", "judge_bindings", "registrations"]

UNREGISTERED = fault(
    "voip.phone-unregistered",
    "the phone {number} is not registered: nobody can call it",
    "das Telefon {number} ist nicht angemeldet: niemand kann es anrufen",
    do=(
        "See whether {number} has power and network, and what it says itself; then its account and its domain.",
        "Prüfen, ob {number} Strom und Netz hat und was es selbst meldet; dann sein Konto und seine Domäne.",
    ),
)
NOBODY = fault(
    "voip.no-phone-registered",
    "none of the {count} phones is registered ({numbers})",
    "keines der {count} Telefone ist angemeldet ({numbers})",
    do=(
        "Look for what they have in common: the way to the registrar, its name in DNS, a firewall, its domain.",
        "Nach dem Gemeinsamen suchen: Weg zum Registrar, sein Name im DNS, Firewall, seine Domäne.",
    ),
)
OTHER_DOMAIN = fault(
    "voip.phone-other-domain",
    "{number} is registered as {number}@{domain}, and calls go to {number}@{wanted}",
    "{number} ist als {number}@{domain} angemeldet, Anrufe gehen an {number}@{wanted}",
    do=(
        "Correct the domain in the account of {number}, or make {domain} an alias at the registrar.",
        "Die Domäne im Konto von {number} berichtigen oder {domain} am Registrar als Alias eintragen.",
    ),
)
WRONG_CONTACT = fault(
    "voip.contact-elsewhere",
    "{number} is registered with the address {address}, which does not belong to where it stands: calls go there",
    "{number} ist mit der Adresse {address} angemeldet, die nicht zu seinem Standort gehört: Anrufe gehen dorthin",
    do=(
        "Behind NAT, let the registrar keep the sender's address (nathelper), and switch off SIP ALG; else find out whose it is.",
        "Hinter NAT am Registrar die Absenderadresse merken (nathelper), SIP-ALG abschalten; sonst klären, wem sie gehört.",
    ),
)
ELSEWHERE = warn(
    "voip.phone-elsewhere",
    "{number} is registered a second time, from {address}: calls ring there as well",
    "{number} ist ein zweites Mal angemeldet, von {address}: Anrufe klingeln auch dort",
    do=(
        "Find out what stands at {address}; if nobody knows it, change the password of {number}.",
        "Klären, was unter {address} steht; kennt es niemand, das Kennwort von {number} ändern.",
    ),
)
SEVERAL = note(
    "voip.phone-several",
    "{number} is registered {count} times, from {addresses}",
    "{number} ist {count} Mal angemeldet, von {addresses}",
)
UNKNOWN = note(
    "voip.phones-unplanned",
    "{count} numbers are registered that the contract does not name ({numbers})",
    "{count} Nummern sind angemeldet, die der Vertrag nicht nennt ({numbers})",
)
_HOST = re.compile(r"sips?:(?:[^@>;]*@)?(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?(?:[;>?].*)?")
_NOT_SET = "[not set]"
_MOST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """One contact of a number that counts just now. address: where the packets came from where the registrar kept that
    (its 'Received'), else what the phone says of itself. expires: seconds, None for never.
    """

    number: str
    domain: str
    address: str
    expires: int | None
    agent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registrations:
    """Everybody who is registered, and what the contract says (None: nothing)."""

    bindings: tuple[Binding, ...]
    plan: RegistrarPlan | None = None


def judge_bindings(seen: Registrations) -> Iterator[Finding]:
    plan = seen.plan
    if plan is None or not plan.phones:
        return
    absent: list[str] = []
    for phone in plan.phones:
        own = [one for one in seen.bindings if one.number == phone.number]
        right = [one for one in own if plan.domain in {"", one.domain} or not one.domain]
        if not own:
            absent.append(phone.number)
        elif not right:
            yield OTHER_DOMAIN(number=phone.number, domain=own[0].domain, wanted=plan.domain)
        else:
            yield from _places(phone.number, right, phone.networks)
    if len(absent) == len(plan.phones) > 1:
        yield NOBODY(count=len(absent), numbers=_some(absent))
    else:
        yield from (UNREGISTERED(number=number) for number in absent)
    planned = {phone.number for phone in plan.phones}
    if more := sorted({one.number for one in seen.bindings} - planned):
        yield UNKNOWN(count=len(more), numbers=_some(more))


def _places(number: str, bindings: list[Binding], networks: tuple[str, ...]) -> Iterator[Finding]:
    at_home = [one for one in bindings if not networks or _lies_in(one.address, networks)]
    away = sorted({one.address for one in bindings if one not in at_home})
    if not at_home:
        yield WRONG_CONTACT(number=number, address=away[0])
    else:
        yield from (ELSEWHERE(number=number, address=address) for address in away)
    addresses = sorted({one.address for one in at_home})
    if len(addresses) > 1:
        yield SEVERAL(number=number, count=len(addresses), addresses=_some(addresses))


def _some(words: list[str]) -> str:
    return ", ".join(words[:_MOST]) + (" …" if len(words) > _MOST else "")


def _lies_in(address: str, networks: tuple[str, ...]) -> bool:
    """A name is no address: nobody can say where it lies."""
    try:
        own = ip_address(address)
    except ValueError:
        return True
    return any(own in ip_network(network) for network in networks)


@collector(
    "voip.registrations",
    asks=(
        "Are all phones registered, from where they stand?",
        "Sind alle Telefone angemeldet, und von ihrem Platz aus?",
    ),
    judge=judge_bindings,
    role="kamailio",
)
async def registrations(host: Shell, about: About) -> Registrations:
    """Ask for all contacts. It needs the right to use Kamailio's control socket."""
    try:
        text = await kamcmd(host, "ul.dump")
    except NotRunning:
        raise Unanswered(
            Kind.NOT_THERE, "Kamailio does not run, so nobody is registered that could be shown"
        ) from None
    if not text:
        raise Unanswered(Kind.NOT_THERE, "Kamailio keeps no registrations here (usrloc is not loaded)")
    found = [one for top in read(text) for info in top.every("Info") for one in _bindings(info)]
    if "AoRs" not in text and "Domains" not in text:
        raise unparsable("this is no list of registrations", text)
    return Registrations(bindings=tuple(found), plan=about.registrar)


def _bindings(info: Node) -> Iterator[Binding]:
    aor = info.values.get("AoR", "")
    if not aor:
        raise unparsable("a registration has no number")
    number, _, domain = aor.partition("@")
    for contact in info.every("Contact"):
        said = contact.values
        expires = said.get("Expires", "")
        if expires in {"expired", "deleted"} or (expires.startswith("-") and expires[1:].isdigit()):
            continue
        if expires != "permanent" and not expires.isdigit():
            raise unparsable("a registration has no time of expiry", expires)
        received = said.get("Received", _NOT_SET)
        yield Binding(
            number=plain(number, 80),
            domain=plain(domain.lower(), 120),
            address=host_of(received if received not in {_NOT_SET, ""} else said.get("Address", "")),
            expires=None if expires == "permanent" else int(expires),
            agent=plain(said.get("User-Agent", ""), 80),
        )


def host_of(uri: str) -> str:
    found = _HOST.fullmatch(uri.strip("<>"))
    if found is None:
        raise unparsable("a contact has no address", uri)
    return found[1].strip("[]").lower()
