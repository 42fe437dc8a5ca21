"""Is that really them? Passwords (Argon2id), second factors (RFC 6238), recovery codes."""

from __future__ import annotations

import os
import secrets
from datetime import datetime
from functools import cache
from pathlib import Path

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.fernet import Fernet, InvalidToken

__all__ = ["PasswordError", "Seals", "check_password", "hash_password", "new_recovery_codes", "step_of"]

_SHORTEST, _LONGEST = 12, 200
_STEP = 30
# What is tried first by everybody who tries, where it is long enough at all; compared without signs and digits.
_COMMON = (
    "password",
    "passwort",
    "kennwort",
    "secondline",
    "qwertz",
    "qwerty",
    "geheim",
    "willkommen",
    "welcome",
)


class PasswordError(Exception):
    """A password that cannot be one; the message says what to do."""


def hash_password(password: str, *, about: tuple[str, ...] = ()) -> str:
    """The Argon2id hash of a new password. about: the person's id, name and address. Raises PasswordError."""
    if len(password) < _SHORTEST:
        raise PasswordError(
            f"a password has at least {_SHORTEST} characters: a few words are easy to keep in mind"
        )
    if len(password) > _LONGEST:
        raise PasswordError(f"a password has at most {_LONGEST} characters")
    bare = "".join(sign for sign in password.casefold() if sign.isalpha())
    own = {word.casefold() for word in about if len(word) > 3}
    if len(set(password)) < 5 or bare in {*_COMMON, *own} or any(bare == word * 2 for word in _COMMON):
        raise PasswordError(
            "this password would be guessed first: choose a few words that do not belong together"
        )
    return _hasher().hash(password)


def check_password(kept: str, password: str) -> bool:
    """Say whether this is the password; takes as long for nobody's (`kept` empty) as for somebody's."""
    try:
        _hasher().verify(kept or _nobodys(), password[: _LONGEST + 1])
    except (VerificationError, InvalidHashError):
        return False
    return bool(kept)


@cache
def _hasher() -> PasswordHasher:
    # RFC 9106, second recommended option.
    return PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4)


@cache
def _nobodys() -> str:
    return _hasher().hash(secrets.token_urlsafe())


class Seals:
    """Seals second factors with a key of this installation, so that the database alone does not give them away."""

    def __init__(self, home: Path) -> None:
        self._path = home / "keys" / "people.key"

    def seal(self, secret: str) -> str:
        return self._fernet().encrypt(secret.encode()).decode()

    def open(self, sealed: str) -> str:
        """Raises PasswordError when the key is another one by now."""
        try:
            return self._fernet().decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise PasswordError(
                f"the second factor cannot be read, as {self._path.name} is another one now: set it up again"
            ) from None

    def _fernet(self) -> Fernet:
        if not self._path.exists():
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh = self._path.with_suffix(f".{os.getpid()}")
            fresh.touch(mode=0o600)
            fresh.write_bytes(Fernet.generate_key())
            try:
                os.link(fresh, self._path)
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
        return Fernet(self._path.read_bytes())


def step_of(secret: str, code: str, now: datetime) -> int:
    """The time step (RFC 6238) whose code this is, one step early or late; 0 when it is none of them."""
    totp, digits = pyotp.TOTP(secret), code.replace(" ", "")
    present = int(now.timestamp()) // _STEP
    for step in (present, present - 1, present + 1):
        if pyotp.utils.strings_equal(digits, totp.generate_otp(step)):
            return step
    return 0


def new_recovery_codes() -> tuple[str, ...]:
    """Ten codes of 80 bits, in letters that are not taken for each other."""
    signs = "abcdefghjkmnpqrstuvwxyz23456789"
    return tuple(
        "-".join("".join(secrets.choice(signs) for _ in range(4)) for _ in range(4)) for _ in range(10)
    )
