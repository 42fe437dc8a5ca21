"""With what does the agent log in where? Its own credentials, for the jobs that it allows, and for no others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from agent.credentials import CredentialError, Credentials
from agent.job import Job, NoAnswer, Outcome, Refused
from agent.planning import question_of
from agent.refusal import Hold, HoldError
from agent.snmp_secret import snmp_way
from agent.start import KerberosWay, LdapWay, SipWay, SnmpWay, SshWay, WinrmWay
from agent.ways import LOGINS, PIN_IT
from collectors import Kind, Phase
from collectors.catalogue import catalogue
from inventory.contract import Contract, DirectoryReach, Host, Outside, SnmpReach, SshReach, WinrmReach
from inventory.kdcs import Kdcs
from inventory.sip_reach import MEDIA
from playbooks.operation import Attributes, Operation

__all__ = ["Logins", "find_change_logins", "find_logins"]

Answer = Callable[[Job, Outcome], None]
_Way = SshWay | LdapWay | WinrmWay | SnmpWay | SipWay


@dataclass(frozen=True, slots=True)
class Logins:
    """By the host's id, for each way in that wants a log-in."""

    ssh: dict[str, SshWay] = field(default_factory=dict)
    ldap: dict[str, LdapWay] = field(default_factory=dict)
    winrm: dict[str, WinrmWay] = field(default_factory=dict)
    snmp: dict[str, SnmpWay] = field(default_factory=dict)
    sip: dict[str, SipWay] = field(default_factory=dict)

    def keep(self, host: str, way: _Way) -> None:
        match way:
            case SshWay():
                self.ssh[host] = way
            case LdapWay():
                self.ldap[host] = way
            case WinrmWay():
                self.winrm[host] = way
            case SnmpWay():
                self.snmp[host] = way
            case SipWay():
                self.sip[host] = way


def find_logins(
    contract: Contract,
    jobs: tuple[Job, ...],
    kdcs: Mapping[str, Kdcs],
    credentials: Credentials,
    answer: Answer,
) -> Logins:
    """Log-ins of the hosts. What cannot be used, or must not be, answers the jobs that need it, and no others.

    kdcs: by the id of each host that is logged in to by Kerberos.
    """
    found, secrets = Logins(), _Secrets(credentials)
    for job in jobs:
        host = contract.targets[job.host]
        for way in _wanted_by(job):
            match _login(host, way, kdcs.get(host.id, Kdcs()), secrets):
                case CredentialError() as error:
                    answer(job, NoAnswer(Kind.CREDENTIALS_REJECTED, Phase.CONNECT, str(error)))
                case _Unpinned():
                    detail = PIN_IT[way].format(customer=contract.customer, host=host.id)
                    answer(job, Refused(Hold.NOT_PINNED, by="agent", detail=detail))
                case Kdcs() as shut:
                    answer(job, Refused(Hold.NO_KDC, by="agent", detail=shut.detail))
                case None:
                    # The contract names no such way; the worker says so.
                    pass
                case found_way:
                    found.keep(host.id, found_way)
    return found


def find_change_logins(
    contract: Contract, host: str, operations: Iterable[Operation], credentials: Credentials
) -> Logins:
    """The accounts with which a host is changed, for these operations and no others.

    Raises HoldError where the contract names none, or nobody has pinned who stands at the other end; CredentialError.
    """
    item, found, secrets = contract.targets[host], Logins(), _Secrets(credentials)
    for way in sorted({"ldap" if isinstance(one, Attributes) else "ssh" for one in operations}):
        reach, is_pinned = _reach(item, way) if isinstance(item, Host) else (None, False)
        if (
            not isinstance(item, Host)
            or not isinstance(reach, SshReach | DirectoryReach)
            or reach.change is None
        ):
            key = "directory" if way == "ldap" else way
            raise HoldError(
                Hold.NO_CHANGE_ACCOUNT,
                f"the contract of {contract.customer} names no account for changes of {host}: "
                f"add 'change: {{user, credential}}' under its '{key}'",
            )
        if not is_pinned:
            raise HoldError(Hold.NOT_PINNED, PIN_IT[way].format(customer=contract.customer, host=host))
        login = reach.model_copy(update={"user": reach.change.user, "credential": reach.change.credential})
        match _login(item.model_copy(update={_KEY[way]: login}), way, Kdcs(), secrets):
            case CredentialError() as error:
                raise error
            case SshWay() | LdapWay() as one:
                found.keep(host, one)
            case _:
                raise HoldError(Hold.NO_CHANGE_ACCOUNT, f"{host} cannot be logged in to for changes")
    return found


_KEY = {"ssh": "ssh", "ldap": "directory"}


def _wanted_by(job: Job) -> tuple[str, ...]:
    """The ways in by which a job logs in: a credential that cannot be used must not silence the others."""
    collector = question_of(job, catalogue().collectors)
    sessions = collector.sessions if collector else tuple(LOGINS)
    return tuple(dict.fromkeys(LOGINS[session] for session in sessions if session in LOGINS))


@dataclass(frozen=True, slots=True)
class _Unpinned:
    """Nobody knows yet who stands at the other end."""


class _Secrets:
    """Each is read once."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._known: dict[str, str | CredentialError] = {}

    def of(self, reference: str) -> str | CredentialError:
        if reference not in self._known:
            try:
                self._known[reference] = self._credentials.resolve(reference)
            except CredentialError as error:
                self._known[reference] = error
        return self._known[reference]


def _login(
    target: Host | Outside, way: str, kdcs: Kdcs, secrets: _Secrets
) -> _Way | CredentialError | _Unpinned | Kdcs | None:
    """Servers outside are logged in to by SIP alone: to their trunks."""
    if way in {"sip", MEDIA}:
        return _by_sip(target, secrets)
    return _by_account(target, way, kdcs, secrets) if isinstance(target, Host) else None


def _by_account(
    host: Host, way: str, kdcs: Kdcs, secrets: _Secrets
) -> _Way | CredentialError | _Unpinned | Kdcs | None:
    reach, is_pinned = _reach(host, way)
    if reach is None:
        return None
    if not is_pinned:
        return _Unpinned()
    if isinstance(reach, WinrmReach) and reach.kerberos is not None and not kdcs.open:
        return kdcs
    secret = secrets.of(reach.credential)
    if isinstance(secret, CredentialError):
        return secret
    match reach:
        case SshReach():
            return _by_ssh(reach, secret, secrets)
        case DirectoryReach():
            return LdapWay(
                user=reach.user,
                secret=_password(secret),
                name=host.name,
                authorities=reach.authorities,
                starttls=reach.starttls,
            )
        case WinrmReach():
            kerberos = reach.kerberos
            return WinrmWay(
                user=reach.user,
                secret=_password(secret),
                name=host.name,
                authorities=reach.authorities,
                kerberos=None
                if kerberos is None
                else KerberosWay(realm=kerberos.realm, kdcs=tuple(kdcs.open)),
                endpoint=reach.endpoint or "",
            )
        case SnmpReach():
            try:
                return snmp_way(reach, secret)
            except CredentialError as error:
                return error


def _reach(host: Host, way: str) -> tuple[SshReach | DirectoryReach | WinrmReach | SnmpReach | None, bool]:
    """How the contract reaches a host in this way, and whether anybody knows who stands at the other end.

    An SNMP agent of version 3 proves itself by the pass phrases; one of 2c cannot.
    """
    match way:
        case "ssh":
            return host.ssh, bool(host.ssh and host.ssh.host_keys)
        case "ldap":
            return host.directory, bool(host.directory and host.directory.authorities)
        case "winrm":
            return host.winrm, bool(host.winrm and host.winrm.authorities)
        case "snmp":
            return host.snmp, True
        case _:
            return None, False


def _by_sip(host: Host | Outside, secrets: _Secrets) -> SipWay | None:
    """With the account's password where the contract names one; who only asks what a server can needs none."""
    reach = host.sip
    if reach is None:
        return None
    secret = secrets.of(reach.credential) if reach.credential else ""
    return SipWay(
        domain=reach.domain,
        transport=reach.transport,
        user=reach.user or "",
        secret="" if isinstance(secret, CredentialError) else _password(secret),
        unusable=str(secret) if isinstance(secret, CredentialError) else "",
        name=host.name,
        authorities=reach.authorities,
        numbers=reach.numbers,
    )


def _by_ssh(ssh: SshReach, secret: str, secrets: _Secrets) -> SshWay | CredentialError:
    enable = secrets.of(ssh.enable) if ssh.enable else ""
    if isinstance(enable, CredentialError):
        return enable
    return SshWay(
        user=ssh.user, host_keys=ssh.host_keys, secret=secret, enable=_password(enable), legacy=ssh.legacy
    )


def _password(secret: str) -> str:
    """A file of one line ends with its end of line, and the password does not."""
    return secret.removesuffix("\n").removesuffix("\r")
