"""How may a host be reached, and what was bought at its ports? The ways in that a contract can name, one model each."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from inventory.clause import Part
from inventory.fields import (
    ACCOUNT,
    Certificate,
    CredentialRef,
    DnsName,
    Endpoint,
    HostKey,
    Id,
    Line,
    LoginName,
    Port,
    Realm,
    WrongError,
)

__all__ = [
    "CaptureReach",
    "ChangeByDirectory",
    "ChangeBySsh",
    "DirectoryReach",
    "DnsReach",
    "KerberosLogin",
    "SshReach",
    "Uplink",
    "WinrmReach",
]


class ChangeBySsh(Part):
    """With which account changes are made over SSH; it is given to no process that asks questions."""

    user: Annotated[str, Field(pattern=f"^{ACCOUNT.pattern}$")] = Field(
        description="account that may make the changes that a clause names"
    )
    credential: CredentialRef = Field(
        description="where the agent finds its key or password: a name, never the secret"
    )


class ChangeByDirectory(Part):
    """With which account the directory is changed; it is given to no process that asks questions."""

    user: LoginName = Field(
        description="account that may make the changes that a clause names, as user@domain"
    )
    credential: CredentialRef = Field(
        description="where the agent finds its password: a name, never the password"
    )


class SshReach(Part):
    """How a host is reached over SSH."""

    port: Port = Field(default=22, description="TCP port of the SSH server")
    user: Annotated[str, Field(pattern=f"^{ACCOUNT.pattern}$")] = Field(
        description="account that may read and change nothing"
    )
    credential: CredentialRef = Field(description="where the agent finds the key: a name, never the key")
    host_keys: tuple[HostKey, ...] = Field(
        default=(),
        description="pinned: any other key ends the conversation; none: it cannot be logged in to, pin its key first",
    )
    enable: CredentialRef | None = Field(
        default=None,
        description="where the agent finds the second password that a network device asks for at 'enable', "
        "if it may use it; a name, never the password",
    )
    legacy: Annotated[bool, Field(strict=True)] = Field(
        default=False,
        description="that this network device may be spoken to by outdated SSH algorithms (SHA-1, CBC)",
    )
    change: ChangeBySsh | None = Field(
        default=None,
        description="account for changes over SSH; without it nothing can be changed in this way",
    )


class DnsReach(Part):
    """That a host answers DNS, and on which port."""

    port: Port = Field(default=53, description="UDP and TCP port of the DNS server")
    rate: Annotated[int, Field(ge=1, le=5000, strict=True)] = Field(
        default=50, description="the most questions a second that one of its addresses is asked"
    )


class DirectoryReach(Part):
    """That a host is a domain controller of Active Directory (Windows or Samba), and how its directory is read."""

    domain: DnsName = Field(description="the domain whose controller it is, by its DNS name")
    port: Port = Field(default=636, description="TCP port of LDAP under TLS")
    starttls: Annotated[bool, Field(strict=True)] = Field(
        default=False,
        description="that TLS begins within LDAP on this port, as on 389, and not with the first byte",
    )
    user: LoginName = Field(description="account that may read and change nothing, as user@domain")
    credential: CredentialRef = Field(
        description="where the agent finds its password: a name, never the password"
    )
    authorities: tuple[Certificate, ...] = Field(
        default=(),
        description="who signs the controller's certificate, in PEM; none: nobody is trusted, and nobody logs in",
    )
    change: ChangeByDirectory | None = Field(
        default=None,
        description="account for changes of the directory; without it nothing can be changed in this way",
    )
    ping: Port = Field(default=389, description="UDP port on which clients look for a controller (CLDAP)")
    kerberos: Port = Field(default=88, description="TCP port of the Kerberos service")
    time: Port = Field(default=123, description="UDP port of its time service (NTP)")
    client_ports: tuple[Port, ...] = Field(
        default=(),
        description="TCP ports that members of the domain need, at which it may be tried whether somebody answers; "
        "usual are 53, 88, 135, 389, 445, 464, 636, 3268, 3269, 9389",
    )

    @property
    def ways(self) -> dict[str, int]:
        """The ways in, with their ports."""
        known = {"ldap": self.port, "cldap": self.ping, "kerberos": self.kerberos, "ntp": self.time}
        return known | {f"client-{port}": port for port in self.client_ports}


class KerberosLogin(Part):
    """That the log-in is by Kerberos, and by nothing else: by which realm, and who of the contract's hosts gives tickets."""

    realm: Realm = Field(description="the domain's DNS name in capital letters")
    kdcs: tuple[Id, ...] = Field(
        min_length=1,
        description="domain controllers of this contract that are asked for tickets, in this order; "
        "each only while a clause lets it be asked for 'ad'",
    )


class WinrmReach(Part):
    """How a Windows host is asked by PowerShell: WS-Management under HTTPS, never in clear text.

    The log-in is by NTLM, bound to the TLS channel; by Kerberos and nothing else where `kerberos` stands.
    """

    port: Port = Field(default=5986, description="TCP port of WS-Management under HTTPS")
    user: LoginName = Field(
        description="account that may read and change nothing, as user@domain or DOMAIN\\user"
    )
    credential: CredentialRef = Field(
        description="where the agent finds its password: a name, never the password"
    )
    authorities: tuple[Certificate, ...] = Field(
        default=(),
        description="who signs the host's certificate, in PEM; none: nobody is trusted, and nobody logs in",
    )
    kerberos: KerberosLogin | None = Field(
        default=None,
        description="the log-in is by Kerberos, never by NTLM; the user is then written user@REALM",
    )
    endpoint: Endpoint | None = Field(
        default=None,
        description="a constrained endpoint (JEA) that offers our questions as functions, by its configuration's name",
    )


class CaptureReach(Part):
    """That calls may be captured on a host, and how much of them: whole packets with what people say.

    Only signalling and voice to and from the host's own addresses, while a clause lets it be diagnosed for 'voip'.
    """

    seconds: Annotated[int, Field(ge=1, le=120, strict=True)] = Field(
        default=30, description="at most so long a time"
    )
    packets: Annotated[int, Field(ge=10, le=4000, strict=True)] = Field(
        default=3000, description="at most so many packets; a call makes about a hundred a second"
    )
    signalling: tuple[Port, ...] = Field(
        default=(5060,), min_length=1, max_length=8, description="ports of SIP, by UDP and TCP"
    )
    media: tuple[Port, Port] = Field(default=(10000, 20000), description="first and last UDP port of voice")

    @model_validator(mode="after")
    def _upwards(self) -> Self:
        if self.media[0] > self.media[1]:
            raise WrongError(
                "the ports of voice end before they begin", "write the lower one first", at="media"
            )
        return self


class Uplink(Part):
    """A port of a router to a provider: what was bought there, and what it shall carry. Nothing is permitted by it."""

    port: Line = Field(description="the port's name on the device, such as ge0 or GigabitEthernet0/1")
    mbits: Annotated[int, Field(ge=1, le=1_000_000, strict=True)] = Field(
        description="what was bought, away from here, in Mbit/s"
    )
    calls: Annotated[int, Field(ge=0, le=100_000, strict=True)] = Field(
        default=0, description="how many calls it shall carry at once; 0: none are expected there"
    )
    codec: Literal["g711", "g722", "g729"] = Field(default="g711", description="how speech is coded")
    packet_ms: Literal[10, 20, 30, 40, 60] = Field(
        default=20, description="how many milliseconds of speech a packet holds"
    )
