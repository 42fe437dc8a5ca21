"""Where does the key to a host come from? References in the contract, resolved at the agent only.

`file:NAME` and `age:NAME` are looked up in the folder `credentials` of Secondline's home and may not be
readable by others; an age file is opened with the identity in the file `age-identity` beside it;
`env:VARIABLE`; `keyring:SERVICE/USER`. What is resolved goes to one worker and nowhere else.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

__all__ = ["CredentialError", "Credentials"]

_MAX_SIZE = 64 * 1024


class CredentialError(Exception):
    """The credential cannot be used; the message says what to do and never shows any of it."""


class Credentials:
    """Resolves references against one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def resolve(self, reference: str) -> str:
        """Give the secret behind a reference. Raises CredentialError."""
        kind, _, name = reference.partition(":")
        match kind:
            case "file":
                return _text(name, self._private(name))
            case "age":
                return self._age(name)
            case "env":
                return _environment(name)
            case "keyring":
                return _keyring(name)
            case _:
                raise CredentialError(f"{kind!r} is no kind of credential: use file, age, env or keyring")

    def _private(self, name: str) -> bytes:
        path = self._folder / name
        if not path.resolve().is_relative_to(self._folder.resolve()):
            raise CredentialError(f"the credential {name!r} lies outside {self._folder}: put it inside")
        try:
            # Without waiting: a pipe would be waited for, and the mode is looked at only when it is open.
            with open(path, "rb", opener=_without_waiting) as file:
                status = os.fstat(file.fileno())
                if not stat.S_ISREG(status.st_mode):
                    raise CredentialError(f"the credential {name!r} is not a file")
                if status.st_mode & 0o077:
                    raise CredentialError(f"the credential {name!r} can be read by others: chmod 600 {path}")
                if status.st_uid not in {0, os.getuid()}:
                    raise CredentialError(f"the credential {name!r} belongs to another user: chown {path}")
                content = file.read(_MAX_SIZE + 1)
        except OSError as error:
            raise CredentialError(
                f"the credential {name!r} cannot be read: {error.strerror}: {path}"
            ) from None
        if not content.strip() or len(content) > _MAX_SIZE:
            raise CredentialError(f"the credential {name!r} is empty or larger than 64 kB: {path}")
        return content

    def _age(self, name: str) -> str:
        import pyrage  # noqa: PLC0415 - most installations never need it.

        identity = self._private("age-identity").decode("utf-8", "replace").strip()
        lines = [line for line in identity.splitlines() if line.startswith("AGE-SECRET-KEY-")]
        if not lines:
            raise CredentialError("the file 'age-identity' holds no identity: make one with age-keygen")
        try:
            opened = pyrage.decrypt(self._private(name), [pyrage.x25519.Identity.from_str(lines[0])])
        except (pyrage.DecryptError, pyrage.IdentityError):
            raise CredentialError(
                f"the credential {name!r} is not encrypted to this agent's identity"
            ) from None
        return _text(name, bytes(opened))


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def _text(name: str, content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        # The error itself would show some of it.
        raise CredentialError(f"the credential {name!r} is not text in UTF-8") from None


def _environment(name: str) -> str:
    value = os.environ.get(name, "")
    if not value.strip():
        raise CredentialError(f"the environment variable {name} is not set, or empty")
    return value


def _keyring(name: str) -> str:
    import keyring  # noqa: PLC0415 - slow to import, and only there on engineers' machines.
    import keyring.errors  # noqa: PLC0415

    service, _, user = name.partition("/")
    try:
        value = keyring.get_password(service, user)
    except keyring.errors.KeyringError as error:
        raise CredentialError(f"the keyring cannot be asked: {error}") from None
    if not value:
        raise CredentialError(f"the keyring holds nothing for {service!r}, user {user!r}")
    return str(value)
