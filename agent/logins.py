"""With what does the agent log in where? Its own credentials, for the jobs that it allows, and for no others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from agent.credentials import CredentialError, Credentials
from agent.job import Job, NoAnswer, Outcome, Refused
from agent.refusal import Hold
from agent.start import LdapWay, SshWay, WinrmWay
from agent.ways import LOGINS, PIN_IT
from collectors import Kind, Phase
from collectors.catalogue import catalogue
from inventory.contract import Contract, Host

__all__ = ["Logins", "find_logins"]

Answer = Callable[[Job, Outcome], None]


@dataclass(frozen=True, slots=True)
class Logins:
    """By the host's id, for each way in that wants a log-in."""

    ssh: dict[str, SshWay] = field(default_factory=dict)
    ldap: dict[str, LdapWay] = field(default_factory=dict)
    winrm: dict[str, WinrmWay] = field(default_factory=dict)


def find_logins(
    contract: Contract, jobs: tuple[Job, ...], credentials: Credentials, answer: Answer
) -> Logins:
    """Log-ins of the hosts. What cannot be used, or must not be, answers the jobs that need it, and no others."""
    found, secrets = Logins(), _Secrets(credentials)
    for job in jobs:
        host = contract.targets[job.host]
        if not isinstance(host, Host):
            continue
        for way in _wanted_by(job):
            match _login(host, way, secrets):
                case SshWay() as ssh:
                    found.ssh[host.id] = ssh
                case LdapWay() as ldap:
                    found.ldap[host.id] = ldap
                case WinrmWay() as winrm:
                    found.winrm[host.id] = winrm
                case CredentialError() as error:
                    answer(job, NoAnswer(Kind.CREDENTIALS_REJECTED, Phase.CONNECT, str(error)))
                case _Unpinned():
                    detail = PIN_IT[way].format(customer=contract.customer, host=host.id)
                    answer(job, Refused(Hold.NOT_PINNED, by="agent", detail=detail))
                case None:
                    # The contract names no such way; the worker says so.
                    pass
    return found


def _wanted_by(job: Job) -> tuple[str, ...]:
    """The ways in by which a job logs in: a credential that cannot be used must not silence the others."""
    collector = catalogue().collectors.get(job.collector)
    sessions = collector.sessions if collector else tuple(LOGINS)
    return tuple(LOGINS[session] for session in sessions if session in LOGINS)


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
    host: Host, way: str, secrets: _Secrets
) -> SshWay | LdapWay | WinrmWay | CredentialError | _Unpinned | None:
    ssh, directory, winrm = host.ssh, host.directory, host.winrm
    if way == "ssh" and ssh is not None:
        if not ssh.host_keys:
            return _Unpinned()
        secret = secrets.of(ssh.credential)
        if isinstance(secret, CredentialError):
            return secret
        return SshWay(user=ssh.user, host_keys=ssh.host_keys, secret=secret)
    if way == "ldap" and directory is not None:
        if not directory.authorities:
            return _Unpinned()
        secret = secrets.of(directory.credential)
        if isinstance(secret, CredentialError):
            return secret
        return LdapWay(
            user=directory.user,
            secret=_password(secret),
            name=host.name,
            authorities=directory.authorities,
            starttls=directory.starttls,
        )
    if way == "winrm" and winrm is not None:
        if not winrm.authorities:
            return _Unpinned()
        secret = secrets.of(winrm.credential)
        if isinstance(secret, CredentialError):
            return secret
        return WinrmWay(
            user=winrm.user, secret=_password(secret), name=host.name, authorities=winrm.authorities
        )
    return None


def _password(secret: str) -> str:
    """A file of one line ends with its end of line, and the password does not."""
    return secret.removesuffix("\n").removesuffix("\r")
