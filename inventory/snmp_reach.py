"""How is a host's SNMP agent asked? Read only; version 3 with authentication and privacy, or 2c with a community."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from inventory.clause import Part
from inventory.fields import CredentialRef, Port, WrongError

__all__ = ["Authentication", "Privacy", "SnmpReach", "SnmpVersion"]

SnmpVersion = Literal["2c", "3"]
# RFC 3414 (SHA-1), RFC 7860; no MD5.
Authentication = Literal["sha1", "sha224", "sha256", "sha384", "sha512"]
# RFC 3826, draft-blumenthal-aes-usm; '-cisco': the longer key is made as in draft-reeder-snmpv3-usm-3desede. No DES.
Privacy = Literal["aes128", "aes192", "aes256", "aes192-cisco", "aes256-cisco"]

_ONLY_3 = ("user", "authentication", "privacy")
_SHAPE: JsonDict = {
    "if": {"required": ["version"], "properties": {"version": {"const": "2c"}}},
    "then": {"properties": {key: {"type": "null"} for key in _ONLY_3}},
    "else": {"required": ["user"], "properties": {"user": {"type": "string"}}},
}


class SnmpReach(Part):
    """How a host's SNMP agent is asked. Nothing is ever set; version 3 always authenticates and encrypts."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True, json_schema_extra=_SHAPE)

    port: Port = Field(default=161, description="UDP port of the SNMP agent")
    version: SnmpVersion = Field(
        default="3", description="'3', or '2c', whose community everybody on the way can read"
    )
    credential: CredentialRef = Field(
        description="where the agent finds the community (2c), or both pass phrases (3): a name, never the secret"
    )
    user: Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,32}$")] | None = Field(
        default=None, description="version 3: user that may read and change nothing"
    )
    authentication: Authentication | None = Field(
        default=None, description="version 3: how its messages are authenticated; sha256 when not written"
    )
    privacy: Privacy | None = Field(
        default=None,
        description="version 3: how they are encrypted, aes128 when not written; '-cisco' where the key is longer than "
        "the digest and is made as Cisco and others do",
    )
    gentle: Annotated[bool, Field(strict=True)] = Field(
        default=False,
        description="for a device that suffers from questions: few objects, one by one, with pauses",
    )

    @model_validator(mode="after")
    def _fits_its_version(self) -> Self:
        if self.version == "3" and self.user is None:
            raise WrongError(
                "version 3 needs a user", "write 'user', or version: '2c' where the device knows no other"
            )
        written = [key for key in _ONLY_3 if getattr(self, key) is not None]
        if self.version == "2c" and written:
            raise WrongError(
                f"{written[0]!r} is of version 3", "remove it, or write version: '3'", at=written[0]
            )
        return self
