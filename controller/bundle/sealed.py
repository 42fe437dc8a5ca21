"""Who says that this is the bundle? The controller, over the manifest's SHA-256, with the moment and the ledger's entry of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from inventory.token import KeyFormatError, Pin, TokenError, open_token, seal_token

__all__ = ["Statement", "opened", "sign"]

_TYPE = "bundle+jws"


class Statement(BaseModel):
    """What is signed. at: seconds since the epoch. ledger: the hash of the entry that says so in the ledger."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    version: int = 1
    manifest: str = Field(pattern=r"^[0-9a-f]{64}$")
    run: str
    audience: str
    at: int
    ledger: str = Field(pattern=r"^[0-9a-f]{64}$")


def sign(statement: Statement, key: Mapping[str, Any]) -> bytes:
    """The signature and the public key that it fits, one a line. Raises KeyFormatError."""
    public = Pin(str(key.get("x", "")), "controller")
    token = seal_token(statement.model_dump_json().encode(), key, _TYPE)
    return f"{public}\n{token}\n".encode()


def opened(raw: bytes, pins: tuple[Pin, ...]) -> tuple[Statement, Pin, bool]:
    """What was signed, by which key, and whether that key is one of these. Raises TokenError.

    Without a key that is trusted, the one in the file shows that nobody without its other half changed anything.
    """
    lines = raw.decode("ascii", "replace").split("\n")
    if len(lines) != 3 or lines[2]:
        raise TokenError("the signature is not two lines, a key and a token")
    try:
        written = Pin.read(lines[0])
    except KeyFormatError:
        written = None
    # What stands behind the key is a name that nobody has signed: there is one only.
    if written is None or lines[0] != f"ed25519 {written.public} controller":
        raise TokenError("the signature does not name its key")
    known = next((pin for pin in pins if pin.public == written.public), None)
    if pins and known is None:
        raise TokenError(f"it is signed with the key {written.kid}, which is none of those that were given")
    payload, _ = open_token(lines[1], (written,), _TYPE)
    try:
        statement = Statement.model_validate_json(payload)
    except ValidationError:
        raise TokenError("it is signed, but it says nothing of a bundle") from None
    if statement.version != 1:
        raise TokenError(f"it is of version {statement.version}; this one knows 1 only")
    return statement, known or written, known is not None
