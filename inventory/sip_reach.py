"""How is a host's telephony (SIP) asked, and whom may a test call reach? The contract's block, as a phone would need it.

Only the host's own addresses are ever spoken to. A test call is made to the numbers that stand here, and to no others;
its sound goes to the ports of `media` at those addresses.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema, model_validator
from pydantic.config import JsonDict

from inventory.clause import Part
from inventory.fields import Certificate, CredentialRef, DnsName, Port, WrongError

__all__ = ["LAST", "MEDIA", "PortSpan", "SipReach", "SipTransport"]

SipTransport = Literal["udp", "tcp", "tls"]
# The way in that a test call's sound takes. It is many ports: the first stands under this name, the last under the other.
MEDIA, LAST = "rtp", "rtp-last"
_MOST_PORTS = 20_001
# What a person could dial, and names as extensions have them; nothing that a URI reads in another way.
_DIALLED = r"^[A-Za-z0-9+*#._-]{1,40}$"
_BOTH: JsonDict = {
    "dependentRequired": {"user": ["credential"], "credential": ["user"], "numbers": ["media"]},
}


def _span(value: object) -> tuple[int, int]:
    if isinstance(value, str):
        first, dash, last = value.partition("-")
        # A longer number could cost time to read, and is no port.
        if dash and all(one.isascii() and one.isdigit() and len(one) < 6 for one in (first, last)):
            value = int(first), int(last)
    if isinstance(value, tuple | list) and len(value) == 2 and all(type(one) is int for one in value):
        low, high = value
        if 1024 <= low <= high <= 65535 and high - low < _MOST_PORTS:
            return low, high
    raise WrongError(
        f"{value!r} is no span of ports",
        f"write it like '30000-30100': from 1024 on, at most {_MOST_PORTS} ports",
    )


PortSpan = Annotated[
    tuple[int, int],
    BeforeValidator(_span),
    PlainSerializer(lambda span: f"{span[0]}-{span[1]}", return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{4,5}-[0-9]{4,5}$", "examples": ["30000-30100"]}),
]


class SipReach(Part):
    """That a host is a telephone system, a proxy or a trunk, and how it is asked over SIP."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True, json_schema_extra=_BOTH)

    domain: DnsName = Field(description="the domain of its addresses: what stands behind the '@'")
    transport: SipTransport = Field(default="udp", description="how it is reached: udp, tcp or tls")
    port: Port = Field(default=5060, description="its port; for tls 5061 is usual")
    user: Annotated[str, Field(pattern=_DIALLED)] | None = Field(
        default=None, description="account that is kept for these tests, and that no phone uses"
    )
    credential: CredentialRef | None = Field(
        default=None, description="where the agent finds its password: a name, never the password"
    )
    authorities: tuple[Certificate, ...] = Field(
        default=(),
        description="tls: who signs its certificate, in PEM; none: nobody is trusted, and nobody registers or calls",
    )
    numbers: tuple[Annotated[str, Field(pattern=_DIALLED)], ...] = Field(
        default=(), description="whom a test call may reach, such as an echo test; none: no call is made"
    )
    media: PortSpan | None = Field(
        default=None,
        description="the ports at which it takes the sound of calls, such as '30000-30100'; nothing is sent elsewhere",
    )
    srv: DnsName | None = Field(
        default=None, description="the domain that phones look up to find it (RFC 3263), where they do"
    )

    @property
    def ways(self) -> dict[str, int]:
        """The ways in, with their ports."""
        media = {MEDIA: self.media[0], LAST: self.media[1]} if self.media and self.numbers else {}
        return {"sip": self.port, **media}

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.user is None) != (self.credential is None):
            lacking = "credential" if self.credential is None else "user"
            raise WrongError(
                "an account is a user and a credential", f"write '{lacking}' as well, or neither"
            )
        if self.numbers and self.media is None:
            raise WrongError(
                "a test call needs to know where its sound may go",
                "write 'media', or no 'numbers'",
                at="numbers",
            )
        if self.authorities and self.transport != "tls":
            raise WrongError(
                "authorities are for tls", "write 'transport: tls', or remove them", at="authorities"
            )
        return self
