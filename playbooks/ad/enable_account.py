"""AD: somebody cannot log on, as the account is disabled. Enable it, where the ticket shows that this is wanted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from collectors import About, Directory, Finding
from playbooks.ad.entries import User, account
from playbooks.operation import Attributes
from playbooks.plan import Step
from playbooks.playbook import Risk, UnfitError, playbook

__all__ = ["enable_account"]

# MS-ADTS 2.2.16.
_DISABLED, _PLAIN_USER = 0x2, 0x200
# The built-in accounts that are disabled on purpose, by the last part of their identity (MS-DTYP 2.4.2.4).
_BUILT_IN = (b"\xf4\x01\x00\x00", b"\xf5\x01\x00\x00", b"\xf6\x01\x00\x00")


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """control: userAccountControl; is_built_in: the guest, krbtgt or the first administrator; is_privileged: adminCount is set."""

    entry: str
    control: int
    is_built_in: bool
    is_privileged: bool


def propose(finding: Finding) -> User | None:
    name = str(finding.facts.get("account", "")).rpartition("\\")[2]
    return User(account=name) if name else None


def plan(seen: State, wanted: User) -> Iterator[Step]:
    if not seen.entry:
        raise UnfitError(
            f"the directory has no account {wanted.account}",
            f"das Verzeichnis kennt kein Konto {wanted.account}",
        )
    if not seen.control & _DISABLED:
        return
    if seen.is_built_in or seen.is_privileged or not seen.control & _PLAIN_USER:
        raise UnfitError(
            f"{wanted.account} is built in, has rights of an administrator, or is no user: the customer's own people decide",
            f"{wanted.account} ist vordefiniert, hat Rechte eines Administrators oder ist kein Benutzer: das entscheidet der Kunde selbst",
        )
    yield Step(
        why=(
            f"{wanted.account} is disabled; whoever approves this confirms that the person may log on",
            f"{wanted.account} ist deaktiviert; wer zustimmt, bestätigt, dass die Person sich anmelden darf",
        ),
        do=Attributes(entry=seen.entry, values=(("userAccountControl", (f"{seen.control & ~_DISABLED}",)),)),
        undo=(Attributes(entry=seen.entry, values=(("userAccountControl", (f"{seen.control}",)),)),),
    )


@playbook(
    "ad.enable_account",
    does=("Enable an account", "Ein Konto aktivieren"),
    notices=("The person can log on again.", "Die Person kann sich wieder anmelden."),
    treats=("ad.account-disabled",),
    asked=("ad.logon",),
    plan=plan,
    propose=propose,
    risk=Risk.MEDIUM,
    role="domain-controller",
    settle=30.0,
)
async def enable_account(host: Directory, about: About, wanted: User) -> State:
    """Look at the account."""
    base = about.domain.base if about.domain else ""
    found = await account(host, base, wanted.account, "userAccountControl", "objectSid", "adminCount")
    if found is None:
        return State(entry="", control=0, is_built_in=False, is_privileged=False)
    return State(
        entry=found.dn,
        control=found.number("userAccountControl") or 0,
        is_built_in=any(sid.endswith(_BUILT_IN) for sid in found.raw("objectSid")),
        is_privileged=bool(found.number("adminCount")),
    )
