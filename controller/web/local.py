"""Whose browser is this? Log-ins of people who are kept in this installation's own store.

The browser holds a random secret in a cookie; the store its SHA-256. A log-in ends after half an hour without use, after
twelve hours in any case, and at once when the person's rights, password or second factor change.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from controller.ledger import Entry, What, append
from controller.office import Office
from controller.store.people import (
    Account,
    Login,
    end_logins,
    get_account,
    get_login,
    move_login,
    open_login,
    spend_recovery_code,
    spend_step,
)
from controller.web.access import Person
from controller.web.programs import bearer, person_from, program
from controller.web.proofs import Seals, check_password, step_of
from controller.web.throttle import Throttle

__all__ = ["LocalDoor", "WaitError", "local_door"]

_IDLE, _LONGEST, _FRESH = timedelta(minutes=30), timedelta(hours=12), timedelta(minutes=10)
# How often it is written down that a log-in is in use.
_SEEN = timedelta(minutes=1)


class WaitError(Exception):
    """Too many tries have failed. seconds: until the next one is looked at."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"too many tries have failed: wait {seconds:.0f} seconds")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class LocalDoor:
    """A `Door` over the store. secure: pages come over TLS, and the cookie never goes over anything else."""

    office: Office
    secure: bool = True
    throttle: Throttle = field(default_factory=Throttle)

    @property
    def cookie(self) -> str:
        return "__Host-secondline" if self.secure else "secondline"

    def person(self, request: Request) -> Person | None:
        """See `controller.web.door.Door.person`."""
        if secret := bearer(request):
            return program(self.office.store, secret)
        found = self.login(request)
        account = get_account(self.office.store, found.person) if found and found.whole else None
        return None if account is None or account.disabled else person_from(account)

    def token(self, request: Request) -> str:
        """See `controller.web.door.Door.token`: bound to the log-in, and told to our own pages only."""
        held = "" if bearer(request) else request.cookies.get(self.cookie, "")
        return hmac.new(held.encode(), b"csrf", hashlib.sha256).hexdigest() if held else ""

    def is_fresh(self, request: Request) -> bool:
        """See `controller.web.door.Door.is_fresh`."""
        found = self.login(request)
        return found is not None and found.proved is not None and datetime.now(UTC) - found.proved < _FRESH

    def login(self, request: Request) -> Login | None:
        """The log-in of a request, whole or not, while it lasts; a program has none."""
        held = "" if bearer(request) else request.cookies.get(self.cookie, "")
        found = get_login(self.office.store, held) if held else None
        now = datetime.now(UTC)
        if found is None or now - found.seen > _IDLE or now - found.began > _LONGEST:
            return None
        if now - found.seen > _SEEN:
            move_login(self.office.store, found.id, seen=now)
        return found

    def enter(self, request: Request, name: str, password: str) -> tuple[Account, str] | None:
        """Log somebody in by password; gives the account and what their browser shall hold. Raises WaitError.

        Where the account has a second factor, the log-in is not whole before `prove`.
        """
        now, address = datetime.now(UTC), _address(request)
        if wait := self.throttle.wait(name, address, now.timestamp()):
            raise WaitError(wait)
        account = get_account(self.office.store, name)
        right = check_password(account.password if account and not account.disabled else "", password)
        if account is None or not right:
            self.throttle.failed(name, address, now.timestamp())
            self.tell(What.LOGIN_FAILED, account.id if account else "", "password")
            return None
        self.throttle.passed(name, address)
        held = self.admit(request, account, whole=not account.totp, how="password")
        return account, held

    def admit(
        self, request: Request, account: Account, *, whole: bool, how: str, proved: bool = False
    ) -> str:
        """Write a new log-in down, and give what the browser shall hold: never what it held before."""
        if (old := self.login(request)) is not None:
            end_logins(self.office.store, old.person, old.id)
        now, held = datetime.now(UTC), secrets.token_urlsafe(32)
        fresh = Login(
            id=hashlib.sha256(held.encode()).hexdigest(),
            person=account.id,
            whole=whole,
            began=now,
            seen=now,
            proved=now if proved else None,
            address=_address(request),
            program=request.headers.get("user-agent", "")[:200],
        )
        open_login(self.office.store, fresh)
        if whole:
            self.tell(What.LOGGED_IN, account.id, how)
        return held

    def prove(self, request: Request, code: str) -> bool:
        """Take a code of the second factor, or a recovery code, for this log-in. Raises WaitError."""
        found, now, address = self.login(request), datetime.now(UTC), _address(request)
        account = get_account(self.office.store, found.person) if found else None
        if found is None or account is None or not account.totp:
            return False
        if wait := self.throttle.wait(f"{account.id} code", address, now.timestamp()):
            raise WaitError(wait)
        step = step_of(Seals(self.office.store.home).open(account.totp), code, now)
        spent = code.strip().lower()
        if not (
            (step and spend_step(self.office.store, account.id, step))
            or spend_recovery_code(self.office.store, account.id, spent)
        ):
            self.throttle.failed(f"{account.id} code", address, now.timestamp())
            self.tell(What.LOGIN_FAILED, account.id, "second factor")
            return False
        self.throttle.passed(f"{account.id} code", address)
        move_login(self.office.store, found.id, whole=True, proved=now)
        if not found.whole:
            self.tell(What.LOGGED_IN, account.id, "password and second factor")
        return True

    def leave(self, request: Request) -> None:
        """End this log-in."""
        if (found := self.login(request)) is not None:
            end_logins(self.office.store, found.person, found.id)
            self.tell(What.LOGGED_OUT, found.person, "by themselves")

    def give(self, response: Response, held: str) -> None:
        """Have the browser hold this from now on; empty: nothing."""
        if held:
            response.set_cookie(
                self.cookie, held, httponly=True, secure=self.secure, samesite="lax", path="/"
            )
        else:
            response.delete_cookie(self.cookie, httponly=True, secure=self.secure, samesite="lax", path="/")

    def tell(self, what: What, person: str, how: str) -> None:
        """Write down who got in or out, or did not, and how."""
        append(
            self.office.store, Entry(what=what, who=person or "nobody", facts={"person": person, "how": how})
        )


def local_door(request: Request) -> LocalDoor:
    """The door of this application, where people are kept in our own store. Raises HTTPException 404 elsewhere."""
    door = request.app.state.door
    if not isinstance(door, LocalDoor):
        raise HTTPException(404)
    return door


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
