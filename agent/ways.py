"""Which way into a host does each conversation take? The names under which a contract and a grant know them."""

from __future__ import annotations

from collectors.session import (
    Certified,
    Cli,
    Directory,
    DirectoryPing,
    Greeting,
    Kdc,
    Knocker,
    Powershell,
    Resolver,
    Shell,
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
    Powershell: "winrm",
    Snmp: "snmp",
    Cli: "ssh",
}
# Those for which an account logs in: the other end must be known first.
LOGINS: dict[type, str] = {session: WAYS[session] for session in (Shell, Directory, Powershell, Snmp, Cli)}
# What to do while nobody knows who stands at the other end of a way in.
PIN_IT = {
    "ssh": "nobody has pinned the key of {host} yet: 'secondline host pin {customer} {host}'",
    "ldap": "the contract of {customer} names no authority that signs the certificate of {host}: "
    "add it under 'authorities' of its directory",
    "winrm": "the contract of {customer} names no authority that signs the certificate of {host}: "
    "add it under 'authorities' of its winrm",
}
