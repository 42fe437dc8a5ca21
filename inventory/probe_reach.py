"""How may a VPN gateway, or the way to a host, be tried by somebody who does not log in? Where nothing is written, nothing is sent."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from inventory.clause import Part
from inventory.fields import Port, WrongError

__all__ = ["PathReach", "VpnReach"]


class VpnReach(Part):
    """That the first packet of a VPN may be sent to a host, one of each a run, to see whether anybody answers."""

    ike: Port | None = Field(default=None, description="UDP port of IKE, usually 500")
    ike_nat: Port | None = Field(
        default=None, description="UDP port of IKE behind address translation, usually 4500"
    )
    openvpn: Port | None = Field(default=None, description="port of OpenVPN, usually 1194")
    transport: Literal["udp", "tcp"] = Field(default="udp", description="over what OpenVPN is reached")
    shielded: bool = Field(
        default=False,
        strict=True,
        description="that OpenVPN has tls-auth or tls-crypt: then it answers no stranger, and is not tried",
    )

    @property
    def ways(self) -> dict[str, int]:
        """The ways in, with their ports."""
        openvpn = None if self.shielded else self.openvpn
        named = {
            "ike": self.ike,
            "ike-nat": self.ike_nat,
            "openvpn": openvpn,
            # Beside the way itself, as it says how that is gone.
            "openvpn-tcp": openvpn if self.transport == "tcp" else None,
        }
        return {way: port for way, port in named.items() if port is not None}

    @model_validator(mode="after")
    def _has_a_first_port(self) -> Self:
        if self.ike_nat is not None and self.ike is None:
            raise WrongError("IKE begins on its own port", "write 'ike' as well, usually 500", at="ike_nat")
        return self


class PathReach(Part):
    """That the way to a host may be measured by packets that must not be cut up, to a port where nobody listens."""

    port: Port = Field(
        default=33434,
        description="UDP port of the host at which nothing listens, so that the host itself answers",
    )
