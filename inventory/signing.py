"""Who has signed this contract, and is that enough? The signatures that stand beside a contract's text.

The duty manager's key, which no controller holds, signs every revision. Where the agent's file demands it the
customer signs, too; and what widens needs two people, by name: a second duty manager, or the customer. A token
binds a signature to the customer, the revision and the SHA-256 of the very text. An *ending* is signed in the same
way by either side: from a moment on, no revision up to a number holds any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from inventory.contract import Contract
from inventory.source import digest
from inventory.token import Pin, TokenError, open_token, seal_token

__all__ = [
    "Ending",
    "NotSigned",
    "Pins",
    "SignatureError",
    "Signed",
    "check_signatures",
    "read_ending",
    "read_tokens",
    "sign_contract",
    "sign_ending",
]

_CONTRACT, _ENDING = "contract+jws", "ending+jws"
_VERSION = 1
_MOST = 16


class NotSigned(StrEnum):
    """Why signatures are not enough: public and stable."""

    UNSIGNED = "contract-unsigned"
    NOT_COSIGNED = "contract-not-cosigned"
    ONE_PERSON = "contract-one-person"


class SignatureError(Exception):
    """The contract may not be used: `reason` is the code, the message says what is missing."""

    def __init__(self, reason: NotSigned, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Pins:
    """Whose signatures count: the duty managers', the customer's, and whether the latter is demanded.

    engineers: who may agree to a colleague's change, besides the duty managers; they sign no contract.
    """

    duty: tuple[Pin, ...]
    engineers: tuple[Pin, ...] = ()
    customer: tuple[Pin, ...] = ()
    cosigned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """Who has signed: the people by name, each once."""

    duty: tuple[str, ...]
    customer: tuple[str, ...]

    @property
    def people(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.duty, *self.customer)))


class _Statement(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    version: int
    customer: str
    revision: int


class _Signature(_Statement):
    contract: str


class Ending(_Statement):
    """From `at` on (seconds since the epoch), no revision of the customer's contract up to this one holds."""

    at: int = Field(ge=0)

    @property
    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.at, UTC)


def sign_contract(text: str | bytes, contract: Contract, key: Mapping[str, Any]) -> str:
    """Sign the very text of a contract with a person's private JWK. Raises KeyFormatError."""
    said = _Signature(
        version=_VERSION, customer=contract.customer, revision=contract.revision, contract=digest(text)
    )
    return seal_token(said.model_dump_json().encode(), key, _CONTRACT)


def sign_ending(customer: str, revision: int, at: datetime, key: Mapping[str, Any]) -> str:
    """End a contract early with a person's private JWK. Raises KeyFormatError."""
    said = Ending(version=_VERSION, customer=customer, revision=revision, at=max(0, int(at.timestamp())))
    return seal_token(said.model_dump_json().encode(), key, _ENDING)


def read_ending(token: str, pins: Pins) -> tuple[Ending, str]:
    """The ending that a token says, and whose it is; either side may end a contract. Raises TokenError."""
    payload, pin = open_token(token, (*pins.duty, *pins.customer), _ENDING)
    try:
        ending = Ending.model_validate_json(payload)
    except ValidationError:
        raise TokenError("it is signed, but it ends no contract") from None
    if ending.version != _VERSION:
        raise TokenError(f"it is of version {ending.version}; this one knows {_VERSION} only")
    return ending, _person(pin)


def check_signatures(
    sha256: str, contract: Contract, tokens: Sequence[str], pins: Pins, *, widens: bool
) -> Signed:
    """Say who has signed, or raise SignatureError when that is not enough.

    sha256: the digest (hex) of the contract's text, as the caller has found it.
    widens: whether this revision permits anything that the one before it did not; then two people must have signed.
    """
    wanted = (contract.customer, contract.revision, sha256)
    signed = Signed(
        duty=_signers(tokens, pins.duty, wanted), customer=_signers(tokens, pins.customer, wanted)
    )
    of = f"revision {contract.revision} of {contract.customer}"
    if not signed.duty:
        raise SignatureError(
            NotSigned.UNSIGNED,
            f"{of} carries no duty manager's signature that is pinned here: have it signed with "
            "'secondline contract sign'",
        )
    if pins.cosigned and not signed.customer:
        raise SignatureError(
            NotSigned.NOT_COSIGNED,
            f"{of} is not signed by the customer, as the agent's file demands: have them sign it",
        )
    if widens and len(signed.people) < 2:
        raise SignatureError(
            NotSigned.ONE_PERSON,
            f"{of} permits more than before, and only {signed.people[0]} has signed it: a second person must sign, "
            "with 'secondline contract approve'",
        )
    return signed


def read_tokens(raw: bytes) -> tuple[str, ...]:
    """The tokens of a signature file: one a line. Raises TokenError."""
    lines = [line.strip() for line in raw.decode("ascii", "replace").splitlines()]
    tokens = tuple(line for line in lines if line and not line.startswith("#"))
    if len(tokens) > _MOST:
        raise TokenError(f"{len(tokens)} signatures are too many: at most {_MOST}")
    return tokens


def _signers(tokens: Iterable[str], pins: tuple[Pin, ...], wanted: tuple[str, int, str]) -> tuple[str, ...]:
    """The people among the pins who have signed exactly this; what is signed for another text counts for nothing."""
    people: dict[str, None] = {}
    for token in tokens:
        try:
            payload, pin = open_token(token, pins, _CONTRACT)
            said = _Signature.model_validate_json(payload)
        except (TokenError, ValidationError):
            continue
        if said.version == _VERSION and (said.customer, said.revision, said.contract) == wanted:
            people[_person(pin)] = None
    return tuple(people)


def _person(pin: Pin) -> str:
    return pin.name or pin.public
