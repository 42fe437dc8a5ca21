"""AD: an account takes only RC4, which newer systems refuse. Let it take AES as well."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from collectors import About, Directory, Finding
from playbooks.ad.entries import User, account
from playbooks.operation import Attributes
from playbooks.plan import Step
from playbooks.playbook import Risk, UnfitError, playbook

__all__ = ["allow_aes"]

# AES128 and AES256 (MS-KILE 2.2.7).
_AES = 0x18


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """types: msDS-SupportedEncryptionTypes; has_password: one was set since the account began."""

    entry: str
    types: int
    has_password: bool


def propose(finding: Finding) -> User | None:
    names = str(finding.facts.get("accounts", ""))
    # One change at a time: of several accounts, each is asked for by its own name.
    return User(account=names) if names and "," not in names else None


def plan(seen: State, wanted: User) -> Iterator[Step]:
    if not seen.entry or not seen.has_password:
        raise UnfitError(
            f"the directory has no account {wanted.account}, or it has no password that AES keys were made of",
            f"das Verzeichnis kennt kein Konto {wanted.account}, oder es hat kein Passwort, aus dem AES-Schlüssel entstanden",
        )
    if seen.types & _AES or not seen.types:
        return
    yield Step(
        why=(
            f"{wanted.account} takes only RC4; its AES keys exist if its password is newer than 2008, else it needs a new one",
            f"{wanted.account} nimmt nur RC4; AES-Schlüssel gibt es, wenn das Passwort jünger als 2008 ist, sonst braucht es ein neues",
        ),
        do=Attributes(
            entry=seen.entry, values=(("msDS-SupportedEncryptionTypes", (f"{seen.types | _AES}",)),)
        ),
        undo=(Attributes(entry=seen.entry, values=(("msDS-SupportedEncryptionTypes", (f"{seen.types}",)),)),),
    )


@playbook(
    "ad.allow_aes",
    does=("Let an account take AES", "Ein Konto AES annehmen lassen"),
    notices=(
        "New tickets use AES; a service with an old key table refuses them until it has new keys.",
        "Neue Tickets nutzen AES; ein Dienst mit alter Schlüsseldatei lehnt sie ab, bis er neue Schlüssel hat.",
    ),
    treats=("ad.rc4-only",),
    asked=("ad.keys",),
    plan=plan,
    propose=propose,
    risk=Risk.MEDIUM,
    role="domain-controller",
    settle=30.0,
)
async def allow_aes(host: Directory, about: About, wanted: User) -> State:
    """Look at the account."""
    base = about.domain.base if about.domain else ""
    found = await account(host, base, wanted.account, "msDS-SupportedEncryptionTypes", "pwdLastSet")
    if found is None:
        return State(entry="", types=0, has_password=False)
    return State(
        entry=found.dn,
        types=found.number("msDS-SupportedEncryptionTypes") or 0,
        has_password=bool(found.number("pwdLastSet")),
    )
