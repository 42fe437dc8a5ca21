"""Which way into a host does each conversation take? The names under which a contract and a grant know them."""

from __future__ import annotations

from collectors.powershell import Powershell
from collectors.session import (
    Caller,
    Captured,
    Certified,
    Cli,
    Directory,
    DirectoryPing,
    Greeting,
    IkeGate,
    Kdc,
    Knocker,
    OpenvpnGate,
    Path,
    Resolver,
    Shell,
    Sip,
    Snmp,
    TimeServer,
)

__all__ = ["LOGINS", "PIN_IT", "WAYS"]

WAYS: dict[type, str] = {
    Shell: "ssh",
    Greeting: "ssh",
    Resolver: "dns",
    Directory: "ldap",
    Certified: "ldap",
    DirectoryPing: "cldap",
    Kdc: "kerberos",
    # Behind the directory's own way stand those of the ports: 'client-445'.
    Knocker: "ldap",
    TimeServer: "ntp",
    # Beside it stands 'ike-nat', where that may be tried.
    IkeGate: "ike",
    OpenvpnGate: "openvpn",
    Path: "path",
    Powershell: "winrm",
    Snmp: "snmp",
    Cli: "ssh",
    # No host names this way: what was recorded is handed over, and no host is asked.
    Captured: "capture",
    Sip: "sip",
    # The sound's way; the call itself goes by the same as every other conversation over SIP.
    Caller: "rtp",
}
# Those for which an account logs in: the other end must be known first.
LOGINS: dict[type, str] = {
    session: WAYS[session] for session in (Shell, Directory, Powershell, Snmp, Cli, Sip, Caller)
}
# What to do while nobody knows who stands at the other end of a way in.
PIN_IT = {
    "ssh": "nobody has pinned the key of {host} yet: 'secondline host pin {customer} {host}'",
    "ldap": "the contract of {customer} names no authority that signs the certificate of {host}: "
    "add it under 'authorities' of its directory",
    "winrm": "the contract of {customer} names no authority that signs the certificate of {host}: "
    "add it under 'authorities' of its winrm",
}
