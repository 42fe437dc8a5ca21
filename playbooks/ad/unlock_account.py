"""AD: an account is locked, and it is known who sent the wrong passwords. Unlock it, once that has ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from collectors import About, Directory, Finding, Kind, Unanswered
from playbooks.ad.entries import User, account
from playbooks.operation import Attributes
from playbooks.plan import Step
from playbooks.playbook import Risk, UnfitError, playbook

__all__ = ["unlock_account"]

# As long as there was a wrong password within this time, whatever sends it goes on.
_QUIET = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """entry: the account's name in the directory, '' for none; goes_on: a wrong password came within 15 minutes."""

    entry: str
    is_locked: bool
    goes_on: bool


def propose(finding: Finding) -> User | None:
    name = str(finding.facts.get("account", "")).rpartition("\\")[2]
    return User(account=name) if name else None


def plan(seen: State, wanted: User) -> Iterator[Step]:
    if not seen.entry:
        raise UnfitError(
            f"the directory has no account {wanted.account}",
            f"das Verzeichnis kennt kein Konto {wanted.account}",
        )
    if not seen.is_locked:
        return
    if seen.goes_on:
        raise UnfitError(
            f"wrong passwords for {wanted.account} still come in: stop whoever sends them first, else it is locked again",
            f"für {wanted.account} kommen weiter falsche Passwörter an: erst den Absender abstellen, sonst ist es wieder gesperrt",
        )
    yield Step(
        why=(
            f"{wanted.account} is locked, and no wrong password came for 15 minutes; it cannot be locked again by hand",
            f"{wanted.account} ist gesperrt, und seit 15 Minuten kam kein falsches Passwort; von Hand sperren lässt es sich nicht",
        ),
        do=Attributes(entry=seen.entry, values=(("lockoutTime", ("0",)),)),
    )


@playbook(
    "ad.unlock_account",
    does=("Unlock an account", "Ein Konto entsperren"),
    notices=("The person can log on again.", "Die Person kann sich wieder anmelden."),
    treats=("ad.account-locked",),
    asked=("ad.logon",),
    plan=plan,
    propose=propose,
    risk=Risk.LOW,
    role="domain-controller",
    settle=30.0,
)
async def unlock_account(host: Directory, about: About, wanted: User) -> State:
    """Look at the account, by the controller's own clock."""
    base = about.domain.base if about.domain else ""
    found = await account(host, base, wanted.account, "lockoutTime", "badPasswordTime")
    if found is None:
        return State(entry="", is_locked=False, goes_on=False)
    now = (await host.root("currentTime")).moment("currentTime")
    if now is None:
        raise Unanswered(Kind.UNPARSABLE, "the controller does not tell its time")
    tried = found.moment("badPasswordTime")
    return State(
        entry=found.dn,
        is_locked=bool(found.number("lockoutTime")),
        goes_on=tried is not None and now - tried < _QUIET,
    )
