"""To which other domains is there a trust, and is it in good order? As this domain's controllers keep it.

Source: MS-ADTS 6.1.6.7 (trustedDomain); MS-KILE 3.1.1.4 (encryption types). Whether the other side keeps the same
password only its own controllers know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from collectors import About, Directory, Finding, collector, note, survey, warn
from collectors.ad.place import place_of

__all__ = ["Trust", "Trusts", "trusts", "trusts_kept"]

PASSWORD_OLD = warn(
    "ad.trust-password-old",
    "the trust to {partner} has kept its password since {changed}: it is renewed every 30 days where both sides reach each other",
    "die Vertrauensstellung zu {partner} hat ihr Kennwort seit {changed}: Wo beide Seiten sich erreichen, ist es nach 30 Tagen neu",
    do=(
        "Test the trust from both sides (netdom trust /verify, samba-tool domain trust validate), and the way to {partner}.",
        "Die Vertrauensstellung von beiden Seiten prüfen (netdom trust /verify, samba-tool domain trust validate) und den Weg zu {partner}.",
    ),
)
RC4 = warn(
    "ad.trust-rc4-only",
    "the trust to {partner} allows RC4 alone: tickets across it fail once RC4 is switched off",
    "die Vertrauensstellung zu {partner} erlaubt nur RC4: Tickets darüber scheitern, sobald RC4 abgeschaltet ist",
    do=(
        "Let the trust use AES (msDS-SupportedEncryptionTypes 24, ksetup /setenctypeattr) on both sides, then renew its password.",
        "Die Vertrauensstellung auf beiden Seiten AES nutzen lassen (msDS-SupportedEncryptionTypes 24), dann ihr Kennwort erneuern.",
    ),
)
DIFFERS = warn(
    "ad.trust-not-everywhere",
    "not every controller knows the trust to {partner} ({missing} do not): log-ons from there fail at random",
    "nicht jeder Controller kennt die Vertrauensstellung zu {partner} ({missing} nicht): Anmeldungen von dort scheitern zufällig",
    do=(
        "See to the replication first: the trust arrives with it.",
        "Zuerst die Replikation in Ordnung bringen: Mit ihr kommt die Vertrauensstellung.",
    ),
)
DISABLED = warn(
    "ad.trust-disabled",
    "the trust to {partner} stands in the directory and is switched off in both directions",
    "die Vertrauensstellung zu {partner} steht im Verzeichnis und ist in beide Richtungen abgeschaltet",
    do=(
        "Remove it, or set it up anew if it is needed.",
        "Sie entfernen oder neu einrichten, falls sie gebraucht wird.",
    ),
)
KNOWN = note(
    "ad.trusts-known",
    "the domain has trusts: {trusts}",
    "die Domäne hat Vertrauensstellungen: {trusts}",
)
UNFILTERED = note(
    "ad.trust-not-filtered",
    "the trust to the other forest {partner} does not filter foreign SIDs",
    "die Vertrauensstellung zur anderen Gesamtstruktur {partner} filtert fremde SIDs nicht",
)

# trustDirection, trustType and trustAttributes (MS-ADTS 6.1.6.7.9, .12, .15).
_DIRECTIONS = {0: "-", 1: "in", 2: "out", 3: "both"}
_UPLEVEL = 2
_QUARANTINED, _FOREST, _WITHIN = 0x04, 0x08, 0x20
_RC4, _AES = 0x04, 0x18
_OLD = timedelta(days=40)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """A trust as it stands. encryption: None where nothing is said. changed: when it was last written, its password too."""

    partner: str
    direction: int
    kind: int
    attributes: int
    encryption: int | None
    changed: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusts:
    """now: the controller's own clock."""

    now: datetime
    trusts: tuple[Trust, ...]


def judge(_: Trusts) -> Iterator[Finding]:
    """The same on every controller is said once, by the survey."""
    yield from ()


@collector(
    "ad.trusts",
    asks=(
        "Are the trusts to other domains in order?",
        "Sind die Vertrauensstellungen zu anderen Domänen in Ordnung?",
    ),
    judge=judge,
)
async def trusts(host: Directory, about: About) -> Trusts:  # noqa: ARG001 - all collectors are called alike.
    """Read the trust objects of the domain; secrets are not asked for."""
    place = await place_of(host)
    found = await host.search(
        f"CN=System,{place.domain}",
        "(objectClass=trustedDomain)",
        "trustPartner",
        "trustDirection",
        "trustType",
        "trustAttributes",
        "msDS-SupportedEncryptionTypes",
        "whenChanged",
        scope="one",
        most=5_000,
    )
    return Trusts(
        now=place.now,
        trusts=tuple(
            Trust(
                partner=entry.text("trustPartner") or entry.dn,
                direction=entry.number("trustDirection") or 0,
                kind=entry.number("trustType") or 0,
                attributes=entry.number("trustAttributes") or 0,
                encryption=entry.number("msDS-SupportedEncryptionTypes"),
                changed=entry.moment("whenChanged"),
            )
            for entry in found
        ),
    )


@survey("ad.trusts-kept", over=trusts)
def trusts_kept(seen: Mapping[str, Trusts]) -> Iterator[Finding]:
    """Each trust once: by the controller that saw it change last."""
    by_partner: dict[str, dict[str, Trust]] = {}
    for host, facts in seen.items():
        for one in facts.trusts:
            by_partner.setdefault(one.partner.lower(), {})[host] = one
    for partner, known in sorted(by_partner.items()):
        missing = sorted(seen.keys() - known.keys())
        if missing:
            yield DIFFERS(partner=partner, missing=", ".join(missing))
        host, newest = max(known.items(), key=lambda item: (str(item[1].changed or ""), item[0]))
        yield from _of(partner, newest, seen[host].now)
    told = [
        f"{partner} ({_DIRECTIONS.get(next(iter(known.values())).direction, '?')})"
        for partner, known in sorted(by_partner.items())
    ]
    if told:
        yield KNOWN(trusts=", ".join(told))


def _of(partner: str, one: Trust, now: datetime) -> Iterator[Finding]:
    if not one.direction:
        yield DISABLED(partner=partner)
        return
    if one.kind != _UPLEVEL:
        return
    if one.changed and now - one.changed > _OLD:
        yield PASSWORD_OLD(partner=partner, changed=f"{one.changed:%Y-%m-%d}")
    if one.encryption and one.encryption & _RC4 and not one.encryption & _AES:
        yield RC4(partner=partner)
    # Out of a domain of the own forest everything is believed by design.
    is_other = not one.attributes & (_WITHIN | _FOREST)
    if is_other and one.direction & 2 and not one.attributes & _QUARANTINED:
        yield UNFILTERED(partner=partner)
